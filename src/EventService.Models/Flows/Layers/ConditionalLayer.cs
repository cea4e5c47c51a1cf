using EventService.Models.Flows.Networks;
using EventService.Models.Flows.Workspaces;
using EventService.Models.Sampling;

namespace EventService.Models.Flows.Layers;

/// <summary>
/// Some features, the targets, go through scalar maps whose parameters a network gives from features: y_t = T(x_t; theta_t(x)). The
/// others pass unchanged. With a masked network over all features this is an autoregressive layer (Papamakarios et al. 2017,
/// arXiv:1705.07057), with a network over the others a coupling (Dinh et al. 2017, arXiv:1605.08803), without inputs
/// a map of fixed parameters.
/// </summary>
/// <remarks>The inverse computes every hidden unit once: see <see cref="IncrementalConditioner"/>.</remarks>
public sealed class ConditionalLayer : FlowLayer
{
    private const int Lanes = IncrementalConditioner.PanelLanes;

    private readonly AutoregressiveOrder _order;
    private readonly IncrementalConditioner _incremental;
    private readonly ScalarInverse _inverse;
    private readonly int[][] _targetsOfLevel;
    private readonly int[] _inputOf;

    /// <param name="features">D.</param>
    /// <param name="inputs">Which feature each input of the network is.</param>
    /// <param name="targets">Which features are mapped.</param>
    /// <param name="network">Gives the parameters of the first target, then those of the second, ...</param>
    /// <param name="map">The map.</param>
    /// <exception cref="ArgumentException">These do not fit each other, or targets depend on each other in a circle.</exception>
    public ConditionalLayer(int features, IReadOnlyList<int> inputs, IReadOnlyList<int> targets, ConditionerNetwork network, ScalarMap map)
        : this(features, inputs, targets, network, map, null)
    {
    }

    private ConditionalLayer(int features, IReadOnlyList<int> inputs, IReadOnlyList<int> targets, ConditionerNetwork network, ScalarMap map, AutoregressiveOrder? order)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(map);
        (Inputs, Targets, Network, Map) = (inputs, targets, network, map);
        CheckFeatures("inputs", inputs, features);
        CheckFeatures("targets", targets, features);
        if (targets.Count == 0 || network.Inputs != inputs.Count || network.Outputs != targets.Count * map.ParameterCount)
        {
            throw new ArgumentException(
                $"A network of {network.Inputs} inputs and {network.Outputs} outputs stands for {inputs.Count} features that condition {targets.Count} targets of {map.ParameterCount} parameters each, expected as many.");
        }

        _order = order ??= AutoregressiveOrder.Of(network, inputs, targets);
        _incremental = new IncrementalConditioner(network, order, map.KernelRows);
        _inverse = map.Inverse();
        _targetsOfLevel = [.. Enumerable.Range(0, order.Levels).Select(level => targets.Where((_, t) => order.TargetLevels[t] == level).ToArray())];
        _inputOf = [.. Enumerable.Range(0, features).Select(f => inputs.ToList().IndexOf(f))];
        KnownInputs = [.. Enumerable.Range(0, inputs.Count).Where(i => order.InputDegrees[i] == 0)];
    }

    public IReadOnlyList<int> Inputs { get; }

    public IReadOnlyList<int> Targets { get; }

    public ConditionerNetwork Network { get; }

    public ScalarMap Map { get; }

    /// <summary>Inputs of the network that are no targets.</summary>
    private int[] KnownInputs { get; }

    /// <remarks>Gates scale weights and make no new ones: the order stays, and finding it takes longer than all else.</remarks>
    public override FlowLayer At(ReadOnlySpan<double> condition) =>
        Network.At(condition) is var network && network == Network ? this : new ConditionalLayer(_inputOf.Length, Inputs, Targets, network, Map, _order);

    /// <remarks>Not where the last map has gates: its rows are arranged for the kernel of the scalar map.</remarks>
    public override bool MixesConditions => Network.MixesConditions;

    public override void Forward(Span<double> x, Span<double> logDensity, FlowScratch scratch) => Forward(x, logDensity, [], scratch);

    public override void Forward(Span<double> x, Span<double> logDensity, ReadOnlySpan<double> conditions, FlowScratch scratch)
    {
        ArgumentNullException.ThrowIfNull(scratch);
        var lanes = logDensity.Length;
        var inputs = scratch.Doubles(0, Inputs.Count * Stride);
        for (var i = 0; i < Inputs.Count; i++)
        {
            x.Slice(Inputs[i] * Stride, lanes).CopyTo(inputs[(i * Stride)..]);
        }

        var theta = Network.Evaluate(inputs, conditions, lanes, Stride, scratch);
        for (var t = 0; t < Targets.Count; t++)
        {
            Map.Forward(theta[(t * Map.ParameterCount * Stride)..], Stride, x.Slice(Targets[t] * Stride, lanes), logDensity);
        }
    }

    public override void Inverse(Span<float> y, int lanes, FlowScratch scratch) => Inverse(y, lanes, [], scratch);

    public override void Inverse(Span<float> y, int lanes, ReadOnlySpan<double> conditions, FlowScratch scratch)
    {
        Network.RequireConditions(conditions);
        var panels = (lanes + Lanes - 1) / Lanes;
        for (var first = 0; first < panels; first += _incremental.PreferredPanels)
        {
            var some = Math.Min(_incremental.PreferredPanels, panels - first);
            if (Network.HasGates)
            {
                _incremental.SetConditions(conditions[(first * Lanes)..], SamplingStride, some, scratch);
            }

            InversePanels(y[(first * Lanes)..], some, scratch);
        }
    }

    /// <summary>A few panels of lanes, together through all levels.</summary>
    private void InversePanels(Span<float> y, int panels, FlowScratch scratch)
    {
        foreach (var input in KnownInputs)
        {
            _incremental.Fill(input, y.Slice(Inputs[input] * SamplingStride, panels * Lanes), panels, scratch);
        }

        for (var level = 0; level < _targetsOfLevel.Length; level++)
        {
            _incremental.Advance(level, panels, scratch);
            for (var t = 0; t < _targetsOfLevel[level].Length; t++)
            {
                var target = _targetsOfLevel[level][t];
                var values = y.Slice(target * SamplingStride, panels * Lanes);
                _incremental.Invert(_inverse, level, t, values, panels, scratch);
                if (_inputOf[target] >= 0)
                {
                    _incremental.Fill(_inputOf[target], values, panels, scratch);
                }
            }
        }
    }

    private static void CheckFeatures(string what, IReadOnlyList<int> list, int features)
    {
        if (list.Distinct().Count() != list.Count || list.Any(f => f < 0 || f >= features))
        {
            throw new ArgumentException($"The {what} of a layer are the features {string.Join(", ", list)}, expected different ones from 0 to {features - 1}.");
        }
    }
}
