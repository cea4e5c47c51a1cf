using EventService.Engine.Kernels;
using EventService.Models.Sampling;

namespace EventService.Models.Flows.Workspaces;

/// <summary>Memory of one thread while it runs through a flow: numbered buffers that grow and are used again by every layer.</summary>
public sealed class FlowScratch
{
    private readonly List<(float[] Array, nint Start, int Length)> _floats = [];
    private readonly List<double[]> _doubles = [];
    private StepInversion? _inversion;

    /// <summary>The buffer of this number, at least this long; what it holds is what its last user left, or zero.</summary>
    public unsafe Span<float> Floats(int number, int length) => new(Aligned(number, length), length);

    /// <inheritdoc cref="Floats"/>
    public Span<double> Doubles(int number, int length)
    {
        while (_doubles.Count <= number)
        {
            _doubles.Add([]);
        }

        if (_doubles[number].Length < length)
        {
            var longer = _doubles[number];
            Array.Resize(ref longer, length);
            _doubles[number] = longer;
        }

        return _doubles[number].AsSpan(0, length);
    }

    /// <summary>The inversion of steps for events of this many features, used again.</summary>
    internal StepInversion Inversion(int features, int lanes) =>
        _inversion is { } found && found.Features == features && found.Lanes >= lanes ? found : _inversion = new StepInversion(features, lanes);

    /// <summary>Steps of the events of a tile, used again.</summary>
    internal MidpointSteps Steps { get; } = new();

    /// <summary>
    /// The buffer of <see cref="Floats"/> by its address, at the start of a cache line: valid until the buffer has to grow, while this
    /// object is reachable.
    /// </summary>
    internal unsafe float* Aligned(int number, int length)
    {
        while (_floats.Count <= number)
        {
            _floats.Add(default);
        }

        var (_, start, room) = _floats[number];
        if (room < length)
        {
            var (array, longer) = AlignedFloats.Allocate(length);
            new Span<float>((float*)start, room).CopyTo(new Span<float>((float*)longer, length));
            _floats[number] = (array, longer, length);
            start = longer;
        }

        return (float*)start;
    }
}
