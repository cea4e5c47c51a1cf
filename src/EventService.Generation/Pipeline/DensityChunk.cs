using System.Buffers;

using EventService.Physics.Events;

namespace EventService.Generation.Pipeline;

/// <summary>Events, and the bytes of their densities once they are known.</summary>
/// <param name="model">Gives the densities.</param>
/// <param name="condition">Values of the model's condition parameters.</param>
/// <param name="format">How the densities are written.</param>
public sealed class DensityChunk(ILikelihoodModel model, IReadOnlyList<double> condition, DensityFormat format) : Chunk
{
    private readonly ArrayBufferWriter<byte> _output = new();
    private EventDensity[] _densities = [];

    /// <summary>The events, filled by the caller.</summary>
    public EventSample Sample { get; } = EventSample.For(model.Schema);

    public override int Events => Sample.Count;

    /// <summary>The densities in the format, without its header.</summary>
    public ReadOnlyMemory<byte> Bytes => _output.WrittenMemory;

    public override void Run()
    {
        if (_densities.Length < Events)
        {
            _densities = new EventDensity[Events];
        }

        var densities = _densities.AsSpan(0, Events);
        model.LogDensity(Sample, condition, densities);
        _output.ResetWrittenCount();
        format.Write(_output, Sample.EventNumber, densities);
    }
}
