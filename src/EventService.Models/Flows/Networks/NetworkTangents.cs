using System.Numerics.Tensors;

using EventService.Engine.Kernels;
using EventService.Models.Flows.Layers;
using EventService.Models.Flows.Workspaces;

namespace EventService.Models.Flows.Networks;

/// <summary>
/// A <see cref="ConditionerNetwork"/> without masks in double precision with the derivatives of its outputs with respect to its first
/// inputs, in forward mode: a tangent for each input goes along with the values, so that all D derivatives cost D more evaluations, but
/// activations once.
/// </summary>
internal sealed class NetworkTangents
{
    // Columns of a product: lanes times one value and D tangents. The buffers of a width of 128 then take 256 KB.
    private const int MostColumns = 256;

    // Numbers of buffers in the scratch, beyond those of the paths, which are in use meanwhile.
    private const int FirstBuffer = 64, Slopes = 63;

    private readonly ConditionerNetwork _network;
    private readonly int _features;
    private readonly Dictionary<DenseMap, MaskedDoubleMatrix> _maps = [];

    public NetworkTangents(ConditionerNetwork network, int features)
    {
        (_network, _features) = (network, features);
        foreach (var step in network.Steps)
        {
            DenseMap[] maps = step switch
            {
                ConditionerStep.Dense dense => [dense.Map],
                ConditionerStep.Residual block => [block.First, block.Second],
                _ => [],
            };
            foreach (var map in maps)
            {
                // Tangents have no bias: it is added to the values behind the product.
                _maps.TryAdd(map, new MaskedDoubleMatrix(map.Weights, new double[map.Outputs], map.Inputs));
            }
        }
    }

    /// <summary>Lanes that go through the network together if derivatives are wanted.</summary>
    public int Group => Math.Clamp(MostColumns / (1 + _features), 1, FlowLayer.Stride);

    /// <summary>v and, if asked for, dv/dx of a group of lanes.</summary>
    /// <param name="inputs">[Inputs, lanes], rows <see cref="FlowLayer.Stride"/> apart.</param>
    /// <param name="lanes">At most <see cref="Group"/> with derivatives, else <see cref="FlowLayer.Stride"/>.</param>
    /// <param name="derivatives">Whether the derivatives are wanted.</param>
    /// <param name="stride">Distance of the rows of the result.</param>
    /// <param name="scratch">Holds the result until it is used again.</param>
    /// <returns>[Outputs, (1 + D) lanes]: in each row the values of the lanes, then for each input d its derivatives of the
    /// lanes.</returns>
    public ReadOnlySpan<double> Evaluate(ReadOnlySpan<double> inputs, int lanes, bool derivatives, out int stride, FlowScratch scratch)
    {
        var columns = derivatives ? lanes * (1 + _features) : lanes;

        // A line of the cache more where rows would start at the same few places of it.
        stride = (columns + 15) & ~15;
        stride += stride % 128 == 0 ? 16 : 0;
        var x = scratch.Doubles(FirstBuffer, _network.Inputs * stride);
        x.Clear();
        for (var r = 0; r < _network.Inputs; r++)
        {
            inputs.Slice(r * FlowLayer.Stride, lanes).CopyTo(x[(r * stride)..]);
            if (derivatives && r < _features)
            {
                x.Slice((r * stride) + ((1 + r) * lanes), lanes).Fill(1);
            }
        }

        var h = x;
        var buffer = FirstBuffer + 1;
        foreach (var step in _network.Steps)
        {
            switch (step)
            {
                case ConditionerStep.Dense dense:
                    h = Apply(dense.Map, h, lanes, columns, stride, scratch, buffer++);
                    break;
                case ConditionerStep.Activate:
                    h = Activated(h, lanes, columns, stride, scratch, buffer++);
                    break;
                case ConditionerStep.Residual block:
                    var first = Apply(block.First, block.ActivatesInput ? Activated(h, lanes, columns, stride, scratch, buffer++) : h, lanes, columns, stride, scratch, buffer++);
                    var sum = Apply(block.Second, Activated(first, lanes, columns, stride, scratch, buffer++), lanes, columns, stride, scratch, buffer++);
                    TensorPrimitives.Add(sum, h, sum);
                    h = sum;
                    break;
            }
        }

        return h;
    }

    private Span<double> Apply(DenseMap map, ReadOnlySpan<double> x, int lanes, int columns, int stride, FlowScratch scratch, int buffer)
    {
        var y = scratch.Doubles(buffer, map.Outputs * stride);
        _maps[map].Multiply(x, y, stride, columns);
        for (var r = 0; r < map.Outputs; r++)
        {
            foreach (ref var value in y.Slice(r * stride, lanes))
            {
                value += map.Bias[r];
            }
        }

        return y;
    }

    private Span<double> Activated(ReadOnlySpan<double> x, int lanes, int columns, int stride, FlowScratch scratch, int buffer)
    {
        var y = scratch.Doubles(buffer, x.Length);
        var slopes = scratch.Doubles(Slopes, lanes);
        for (var row = 0; row < x.Length; row += stride)
        {
            if (columns == lanes)
            {
                _network.Activation.Apply(x.Slice(row, lanes), y.Slice(row, lanes));
                continue;
            }

            _network.Activation.ApplyWithSlope(x.Slice(row, lanes), y.Slice(row, lanes), slopes);
            for (var c = lanes; c < columns; c += lanes)
            {
                TensorPrimitives.Multiply(slopes, x.Slice(row + c, lanes), y.Slice(row + c, lanes));
            }
        }

        return y;
    }
}
