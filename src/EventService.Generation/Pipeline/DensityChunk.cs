using EventService.Physics.Events;

namespace EventService.Generation.Pipeline;

/// <summary>Events, and their densities in a format, without its header, once they are known.</summary>
/// <param name="model">Gives the densities.</param>
/// <param name="condition">Values of the model's condition parameters.</param>
/// <param name="format">How the densities are written.</param>
public sealed class DensityChunk(ILikelihoodModel model, IReadOnlyList<double> condition, DensityFormat format) : Chunk
{
    /// <summary>The events, filled by the caller.</summary>
    public EventSample Sample { get; } = EventSample.For(model.Schema);

    public override int Events => Sample.Count;

    public override void Run(ChunkScratch scratch)
    {
        ArgumentNullException.ThrowIfNull(scratch);
        var densities = scratch.Densities(Events);
        model.LogDensity(Sample, condition, densities);
        format.Write(Output, Sample.EventNumber, densities);
    }
}
