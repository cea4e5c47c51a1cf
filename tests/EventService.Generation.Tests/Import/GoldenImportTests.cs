using System.Runtime.InteropServices;
using System.Security.Cryptography;

using EventService.Physics.Events;

namespace EventService.Generation.Tests.Import;

/// <summary>
/// Freezes the numerics profile for layered flows: digests of the events of given draws and of their densities. They are no expected values but a guard:
/// a change of a bit needs a new profile name.
/// </summary>
public sealed class GoldenImportTests
{
    private const string EventsSha256 = "203c89f072d924fc77b02a9757698a7f5c0f482f8d7b31dae5287b2e9ef71fd8";
    private const string DensitiesSha256 = "a314148f0324733fffc345bb09f725c618bfc6f09f16e12623b7a143da68ad0f";

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
        Assert.Equal("cpu-fp32-v1", NumericsProfile.CpuFp32V1);
        Assert.True(foundEvents == EventsSha256 && foundDensities == DensitiesSha256, $"Found the digests {foundEvents} of the events and {foundDensities} of their densities.");
    }
}
