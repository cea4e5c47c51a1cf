using EventService.Engine.Kernels;
using EventService.Models.Flows.Layers;
using EventService.Models.Flows.Networks;
using EventService.Models.Sampling;

namespace EventService.Models.Tests.Flows;

/// <summary>
/// Sampling as the libraries define it: as many passes through the whole masked network as there are features, all weights, masked ones
/// too. One event at a time, one fused multiply-add a term, the terms of a sum in the order of the degrees of the units, those of one
/// degree in the network's order.
/// </summary>
internal static class DPassDefinition
{
    /// <summary>x with f(x) = y for the layers f, from the data to the base distribution.</summary>
    public static float[] Inverse(IReadOnlyList<FlowLayer> layers, float[] y)
    {
        foreach (var layer in layers.Reverse())
        {
            y = layer switch
            {
                PermutationLayer permutation => [.. Enumerable.Range(0, y.Length).Select(f => y[permutation.Order.ToList().IndexOf(f)])],
                ConditionalLayer conditional => Inverse(conditional, y),
                InverseAutoregressiveLayer inverse => Inverse(inverse, y),
                _ => throw new ArgumentException($"{layer.GetType().Name} has no definition here."),
            };
        }

        return y;
    }

    private static float[] Inverse(ConditionalLayer layer, float[] y)
    {
        var inverse = layer.Map.Inverse();
        var rows = layer.Map.KernelRows;
        var degrees = AutoregressiveOrder.Of(layer.Network, layer.Inputs, layer.Targets).InputDegrees.ToArray();
        float[] x = [.. y];
        for (var pass = 0; pass < layer.Targets.Count; pass++)
        {
            var outputs = Network(layer.Network, [.. layer.Inputs.Select(f => x[f])], degrees, layer.Targets.Count, rows);
            for (var t = 0; t < layer.Targets.Count; t++)
            {
                float[] value = [y[layer.Targets[t]]];
                inverse(outputs.AsSpan(t * rows.Count, rows.Count), 1, LanePanels.Width, value);
                x[layer.Targets[t]] = value[0];
            }
        }

        return x;
    }

    /// <summary>All numbers that the parameters depend on are known: one pass.</summary>
    private static float[] Inverse(InverseAutoregressiveLayer layer, float[] y)
    {
        var inverse = layer.Map.Inverse();
        var rows = layer.Map.KernelRows;
        int[] all = [.. Enumerable.Range(0, y.Length)];
        var outputs = Network(layer.Network, y, [.. AutoregressiveOrder.Of(layer.Network, all, all).InputDegrees], y.Length, rows);
        return
        [
            .. all.Select(t =>
            {
                float[] value = [y[t]];
                inverse(outputs.AsSpan(t * rows.Count, rows.Count), 1, LanePanels.Width, value);
                return value[0];
            }),
        ];
    }

    private static float[] Network(ConditionerNetwork network, float[] h, int[] degrees, int targets, IReadOnlyList<ParameterRow> rows)
    {
        float[] Activated(float[] x)
        {
            var result = new float[x.Length];
            network.Activation.Apply(x, result);
            return result;
        }

        foreach (var step in network.Steps.SkipLast(1))
        {
            switch (step)
            {
                case ConditionerStep.Dense dense:
                    (h, degrees) = (Sums(dense.Map, h, degrees), Degrees(dense.Map, degrees));
                    break;
                case ConditionerStep.Activate:
                    h = Activated(h);
                    break;
                case ConditionerStep.Residual block:
                    var inner = Sums(block.First, block.ActivatesInput ? Activated(h) : h, degrees);
                    var between = Degrees(block.First, degrees);
                    var change = Sums(block.Second, Activated(inner), between);
                    h = [.. h.Zip(change, (a, b) => a + b)];
                    degrees = [.. degrees.Zip(Degrees(block.Second, between), Math.Max)];
                    break;
            }
        }

        // The last map, its outputs scaled and shifted in double precision before they are rounded.
        var last = ((ConditionerStep.Dense)network.Steps[^1]).Map;
        var share = last.Outputs / targets;
        return
        [
            .. Enumerable.Range(0, targets).SelectMany(t => rows.Select(row => Sum(
                row.Shift + (row.Scale * last.Bias[(t * share) + row.Source]),
                [.. Enumerable.Range(0, last.Inputs).Select(i => row.Scale * last.Weights[(((t * share) + row.Source) * last.Inputs) + i])],
                h,
                degrees))),
        ];
    }

    private static float[] Sums(DenseMap map, float[] h, int[] degrees) =>
        [.. Enumerable.Range(0, map.Outputs).Select(o => Sum(map.Bias[o], map.Weights.AsSpan(o * map.Inputs, map.Inputs).ToArray(), h, degrees))];

    private static float Sum(double bias, double[] weights, float[] h, int[] degrees)
    {
        var sum = (float)bias;
        foreach (var i in Enumerable.Range(0, weights.Length).OrderBy(i => degrees[i]))
        {
            sum = MathF.FusedMultiplyAdd((float)weights[i], h[i], sum);
        }

        return sum;
    }

    /// <summary>The highest degree that an output's weights reach.</summary>
    private static int[] Degrees(DenseMap map, int[] degrees) =>
        [.. Enumerable.Range(0, map.Outputs).Select(o => Enumerable.Range(0, map.Inputs).Where(i => map.Weights[(o * map.Inputs) + i] != 0).Select(i => degrees[i]).DefaultIfEmpty(0).Max())];
}
