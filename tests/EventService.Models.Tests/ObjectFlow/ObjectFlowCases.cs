using EventService.Models.ObjectFlow;
using EventService.Models.Tests.Contract;

namespace EventService.Models.Tests.ObjectFlow;

/// <summary>Small flows of whole events for the contract of architectures.</summary>
internal sealed class ObjectFlowCases : IArchitectureCases
{
    public const string ArchitectureName = AutoregressiveObjectFlow.ArchitectureName;

    public IEnumerable<ArchitectureCase> Cases =>
    [
        new(ObjectFlowFile.Architecture, "top pairs", () => ObjectFlowFileTests.Write(ObjectFlowFileTests.Document()),
            "eedfd305b8d68e75f7593e94b88f6b012ce0c96df8ba0b8a5f7f3a2ab96861be"),
    ];
}
