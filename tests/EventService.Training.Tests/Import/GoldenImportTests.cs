using System.Runtime.InteropServices;
using System.Security.Cryptography;

using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Training.Tests.Import;

/// <summary>
/// Freezes the numerics profile for layered flows: digests of the events of given draws and of their densities. They are no expected values
/// but a guard: a change of a bit needs a new profile name.
/// </summary>
public sealed class GoldenImportTests
{
    private const string EventsSha256 = "d330f26f47791aa449b6f673066ff8eda40fb09d6fd5a38fb356e5379ef57daf";
    private const string DensitiesSha256 = "da7b5ce00157589099d3676e19b65507b42d68bc693f68cbad43d3b9585f42e6";

    [Fact]
    public void ImportedFlows_EventsAndDensities_HaveTheDigestsOfTheProfile()
    {
        using IncrementalHash events = IncrementalHash.CreateHash(HashAlgorithmName.SHA256), densities = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var name in LibraryFixture.Names)
        {
            var fixture = new LibraryFixture(name);
            var flow = fixture.Flow();
            var found = new float[fixture.Base.Length];
            flow.FromBase(fixture.Base, found);
            events.AppendData(MemoryMarshal.AsBytes(found.AsSpan()));
            var sample = EventSample.For(flow.Schema);
            for (var k = 0; k < fixture.Count; k++)
            {
                sample.AddRow(k, [.. found.AsSpan(k * fixture.Columns, fixture.Columns).ToArray().Select(x => (double)x)]);
            }

            var logDensity = new EventDensity[fixture.Count];
            flow.LogDensity(sample, [], logDensity);
            densities.AppendData(MemoryMarshal.AsBytes(logDensity.Select(d => d.LogDensity).ToArray().AsSpan()));
        }

        string foundEvents = Convert.ToHexStringLower(events.GetHashAndReset()), foundDensities = Convert.ToHexStringLower(densities.GetHashAndReset());
        Assert.Equal("cpu-fp32-v2", NumericsProfile.CpuFp32V2);
        Assert.True(foundEvents == EventsSha256 && foundDensities == DensitiesSha256, $"Found the digests {foundEvents} of the events and {foundDensities} of their densities.");
    }
}
