using EventService.Models.Documents;

namespace EventService.Models.Tests.Contract;

/// <summary>A small model of an architecture for <see cref="ArchitectureContractTests"/>.</summary>
/// <param name="Architecture">Of which it is one.</param>
/// <param name="Name">What is special about it.</param>
/// <param name="File">Makes its file, the same bytes each time.</param>
/// <param name="GoldenDigest">The <see cref="GoldenSample"/> of the model: it freezes the bits, it is no expected value.</param>
public sealed record ArchitectureCase(ModelArchitecture Architecture, string Name, Func<byte[]> File, string GoldenDigest);

/// <summary>
/// Names the cases of an architecture. Every class that does is found: a family's tests lie in its own folder, and no list names them.
/// </summary>
public interface IArchitectureCases
{
    IEnumerable<ArchitectureCase> Cases { get; }
}
