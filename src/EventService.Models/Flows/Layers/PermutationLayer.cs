using EventService.Models.Flows.Workspaces;

namespace EventService.Models.Flows.Layers;

/// <summary>y_i = x_order[i]: a fixed permutation of the features.</summary>
public sealed class PermutationLayer : FlowLayer
{
    private readonly int[] _order;

    /// <exception cref="ArgumentException">It is not a permutation.</exception>
    public PermutationLayer(IReadOnlyList<int> order)
    {
        ArgumentNullException.ThrowIfNull(order);
        _order = [.. order];
        if (!_order.Order().SequenceEqual(Enumerable.Range(0, _order.Length)))
        {
            throw new ArgumentException($"The permutation {string.Join(", ", _order)} does not hold each of 0 to {_order.Length - 1} once.");
        }
    }

    public IReadOnlyList<int> Order => _order;

    public override void Forward(Span<double> x, Span<double> logDensity, FlowScratch scratch)
    {
        ArgumentNullException.ThrowIfNull(scratch);
        var before = scratch.Doubles(0, _order.Length * Stride);
        x[..before.Length].CopyTo(before);
        for (var i = 0; i < _order.Length; i++)
        {
            before.Slice(_order[i] * Stride, logDensity.Length).CopyTo(x[(i * Stride)..]);
        }
    }

    public override void Inverse(Span<float> y, int lanes, FlowScratch scratch)
    {
        ArgumentNullException.ThrowIfNull(scratch);
        var before = scratch.Floats(0, _order.Length * SamplingStride);
        y[..before.Length].CopyTo(before);
        for (var i = 0; i < _order.Length; i++)
        {
            before.Slice(i * SamplingStride, lanes).CopyTo(y[(_order[i] * SamplingStride)..]);
        }
    }
}
