using EventService.Models.FlowEvents;
using EventService.Models.Tests.Contract;

namespace EventService.Models.Tests.FlowEvents;

/// <summary>Small compositions of flows for the contract of architectures.</summary>
internal sealed class FlowEventsCases : IArchitectureCases
{
    public IEnumerable<ArchitectureCase> Cases =>
    [
        new(FlowEventsFile.Architecture, "particles", () => FlowEventsFileTests.Write("particles"),
            "fd4743914e26b7d415b68371f8c257bd0a8edbf8374989eea1d3515a084ef130"),
        new(FlowEventsFile.Architecture, "cumulative particles", () => FlowEventsFileTests.Write("cumulative-particles"),
            "e442da3882a250b8d194a4e4b8f3d46fcf28473166339ee9aa46024132746ceb"),
        new(FlowEventsFile.Architecture, "fixed event", () => FlowEventsFileTests.Write("fixed-event"),
            "b49e90f340e0b0ad8b95fdc69d02e2b49ced61fe443cf9bdcd2c36748409e49c"),
    ];
}
