using EventService.Models.Flows.Networks;
using EventService.Models.Flows.Workspaces;

namespace EventService.Models.Flows.Layers;

/// <summary>
/// z_i = T(x_i; theta_i(z_1 ... z_i-1)): an autoregressive layer whose parameters depend on the side of the base distribution (Kingma et
/// al., "Improving variational inference with inverse autoregressive flow", NeurIPS 2016, arXiv:1606.04934, eqs. 9-10). Sampling takes one
/// pass of the network, since all z are known; a density takes one for each feature.
/// </summary>
public sealed class InverseAutoregressiveLayer : FlowLayer
{
    private const int Lanes = IncrementalConditioner.PanelLanes;

    private readonly IncrementalConditioner _conditioner;
    private readonly ScalarInverse _inverse;
    private readonly int[][] _targetsOfLevel;

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
        (Network, Map) = (network, map);
        (_conditioner, _inverse) = (new IncrementalConditioner(network, order, map.KernelRows), map.Inverse());
        _targetsOfLevel = [.. Enumerable.Range(0, order.Levels).Select(level => all.Where(t => order.TargetLevels[t] == level).ToArray())];
    }

    public ConditionerNetwork Network { get; }

    public ScalarMap Map { get; }

    public override FlowLayer At(ReadOnlySpan<double> condition) => new InverseAutoregressiveLayer(Network.Inputs, Network.At(condition), Map);

    /// <remarks>Not where the last map has gates: its rows are arranged for the kernel of the scalar map.</remarks>
    public override bool MixesConditions => Network.MixesConditions;

    public override void Forward(Span<double> x, Span<double> logDensity, FlowScratch scratch) => Forward(x, logDensity, [], scratch);

    public override void Forward(Span<double> x, Span<double> logDensity, ReadOnlySpan<double> conditions, FlowScratch scratch)
    {
        ArgumentNullException.ThrowIfNull(scratch);
        var z = scratch.Doubles(0, Network.Inputs * Stride);
        z.Clear();
        foreach (var targets in _targetsOfLevel)
        {
            var theta = Network.Evaluate(z, conditions, logDensity.Length, Stride, scratch);
            foreach (var t in targets)
            {
                var value = x.Slice(t * Stride, logDensity.Length);
                Map.Forward(theta[(t * Map.ParameterCount * Stride)..], Stride, value, logDensity);
                value.CopyTo(z[(t * Stride)..]);
            }
        }
    }

    /// <inheritdoc/>
    /// <remarks>
    /// All z are known, so that the levels need not wait for each other: one pass of the masked network, as
    /// <see cref="IncrementalConditioner"/> takes it.
    /// </remarks>
    public override void Inverse(Span<float> y, int lanes, FlowScratch scratch) => Inverse(y, lanes, [], scratch);

    public override void Inverse(Span<float> y, int lanes, ReadOnlySpan<double> conditions, FlowScratch scratch)
    {
        Network.RequireConditions(conditions);
        var panels = (lanes + Lanes - 1) / Lanes;
        for (var first = 0; first < panels; first += _conditioner.PreferredPanels)
        {
            var some = Math.Min(_conditioner.PreferredPanels, panels - first);
            if (Network.HasGates)
            {
                _conditioner.SetConditions(conditions[(first * Lanes)..], SamplingStride, some, scratch);
            }

            InversePanels(y[(first * Lanes)..], some, scratch);
        }
    }

    private void InversePanels(Span<float> y, int panels, FlowScratch scratch)
    {
        for (var f = 0; f < Network.Inputs; f++)
        {
            _conditioner.Fill(f, y.Slice(f * SamplingStride, panels * Lanes), panels, scratch);
        }

        for (var level = 0; level < _targetsOfLevel.Length; level++)
        {
            _conditioner.Advance(level, panels, scratch);
            for (var t = 0; t < _targetsOfLevel[level].Length; t++)
            {
                _conditioner.Invert(_inverse, level, t, y.Slice(_targetsOfLevel[level][t] * SamplingStride, panels * Lanes), panels, scratch);
            }
        }
    }
}
