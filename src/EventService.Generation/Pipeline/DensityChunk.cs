using EventService.Generation.Requests;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Generation.Pipeline;

/// <summary>Events, and their densities in a format, without its header, once they are known.</summary>
/// <param name="conditions">Give the densities.</param>
/// <param name="format">How the densities are written.</param>
public sealed class DensityChunk(DensityConditions conditions, DensityFormat format) : Chunk
{
    /// <summary>The events, filled by the caller.</summary>
    public EventSample Sample { get; } = EventSample.For(conditions.Schema);

    public override int Events => Sample.Count;

    public override void Run(ChunkScratch scratch)
    {
        ArgumentNullException.ThrowIfNull(scratch);
        var densities = scratch.Densities(Events);
        conditions.LogDensity(Sample, densities);
        format.Write(Output, Sample.EventNumber, densities);
    }
}
