namespace EventService.Generation.Architectures.Flows;

/// <summary>
/// z_i = T(x_i; theta_i(z_1 ... z_i-1)): an autoregressive layer whose parameters depend on the side of the base distribution (Kingma et al., "Improving
/// variational inference with inverse autoregressive flow", NeurIPS 2016, arXiv:1606.04934, eqs. 9-10). Sampling takes one pass of the network, since all z are
/// known; a density takes one for each feature.
/// </summary>
public sealed class InverseAutoregressiveLayer : FlowLayer
{
    private readonly int[][] _targetsOfLevel;
    private readonly ScalarInverse _inverse;

    /// <param name="features">D.</param>
    /// <param name="network">Gives the parameters of each feature from all z, one after another.</param>
    /// <param name="map">T.</param>
    /// <exception cref="ArgumentException">These do not fit each other, or features depend on each other in a circle.</exception>
    public InverseAutoregressiveLayer(int features, ConditionerNetwork network, ScalarMap map)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(map);
        if (network.Inputs != features || network.Outputs != features * map.ParameterCount)
        {
            throw new ArgumentException($"A network of {network.Inputs} inputs and {network.Outputs} outputs stands for {features} features of {map.ParameterCount} parameters each, expected as many.");
        }

        int[] all = [.. Enumerable.Range(0, features)];
        var order = AutoregressiveOrder.Of(network, all, all);
        (Network, Map, _inverse) = (network, map, map.Inverse());
        _targetsOfLevel = [.. Enumerable.Range(0, order.Levels).Select(level => all.Where(t => order.TargetLevels[t] == level).ToArray())];
    }

    public ConditionerNetwork Network { get; }

    public ScalarMap Map { get; }

    public override FlowLayer At(ReadOnlySpan<double> condition) => new InverseAutoregressiveLayer(Network.Inputs, Network.At(condition), Map);

    public override void Forward(Span<double> x, Span<double> logDensity, FlowScratch scratch)
    {
        ArgumentNullException.ThrowIfNull(scratch);
        var z = scratch.Doubles(0, Network.Inputs * Stride);
        z.Clear();
        foreach (var targets in _targetsOfLevel)
        {
            var theta = Network.Evaluate(z, logDensity.Length, Stride, scratch);
            foreach (var t in targets)
            {
                var value = x.Slice(t * Stride, logDensity.Length);
                Map.Forward(theta[(t * Map.ParameterCount * Stride)..], Stride, value, logDensity);
                value.CopyTo(z[(t * Stride)..]);
            }
        }
    }

    /// <inheritdoc/>
    /// <remarks>The network runs in double precision, as for densities, and its outputs are rounded.</remarks>
    public override void Inverse(Span<float> y, int lanes, FlowScratch scratch)
    {
        ArgumentNullException.ThrowIfNull(scratch);
        for (var first = 0; first < lanes; first += Stride)
        {
            InversePiece(y[first..], Math.Min(Stride, lanes - first), scratch);
        }
    }

    private void InversePiece(Span<float> y, int lanes, FlowScratch scratch)
    {
        var z = scratch.Doubles(0, Network.Inputs * Stride);
        for (var f = 0; f < Network.Inputs; f++)
        {
            for (var i = 0; i < lanes; i++)
            {
                z[(f * Stride) + i] = y[(f * SamplingStride) + i];
            }
        }

        var theta = Network.Evaluate(z, lanes, Stride, scratch);
        var kernelRows = Map.KernelRows;
        var rows = scratch.Floats(0, kernelRows.Count * Stride);
        for (var f = 0; f < Network.Inputs; f++)
        {
            for (var r = 0; r < kernelRows.Count; r++)
            {
                var (source, scale, shift) = kernelRows[r];
                for (var i = 0; i < lanes; i++)
                {
                    var parameter = source < 0 ? 0 : theta[(((f * Map.ParameterCount) + source) * Stride) + i];
                    rows[(r * Stride) + i] = (float)((scale * parameter) + shift);
                }
            }

            _inverse(rows, Stride, y.Slice(f * SamplingStride, lanes));
        }
    }
}
