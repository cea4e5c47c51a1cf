using EventService.Models.Flows;
using EventService.Models.Flows.Layers;
using EventService.Models.Flows.Networks;
using EventService.Models.Sampling;
using EventService.Numerics.Functions;

namespace EventService.Training.Import;

/// <summary>
/// Reads the state dict of an nflows Flow (Durkan, Bekasov, Murray and Papamakarios, nflows 0.14, doi:10.5281/zenodo.4296287): the modules'
/// names say which transforms there are, the description gives their constants.
/// </summary>
internal sealed class NflowsReader(StateDict state, ImportDescription description)
{
    // nflows' constants that are no settings: the smallest scale of the affine map, eps of LULinear.
    private const double SmallestScale = 1e-3;
    private const double LuEpsilon = 1e-3;
    private const double DefaultMinimum = 1e-3;

    private readonly int _features = description.Columns.Count;

    public (IReadOnlyList<FlowLayer> Layers, FlowBase Base) Read()
    {
        if (!state.Has("_transform."))
        {
            throw StateDict.Fault(state.Has("transform.transforms.")
                ? "the names are those of zuko, but the description says library nflows."
                : "no name starts with '_transform.', as those of an nflows Flow do; save flow.state_dict() of the whole Flow.");
        }

        List<FlowLayer> layers = [];
        ReadTransform("_transform.", layers);
        return (layers, ReadBase());
    }

    private FlowBase ReadBase()
    {
        if (state.Has("_distribution._log_z"))
        {
            state.Take("_distribution._log_z"); // a constant, kept in the state dict before 0.14
        }

        var settings = description.Flow.Base;
        if (state.Has("_distribution.mean_"))
        {
            return new FlowBase(
                FlowBaseKind.Normal,
                state.Take("_distribution.mean_", 1, _features),
                [.. state.Take("_distribution.log_std_", 1, _features).Select(Exp.Of)]);
        }

        return settings.Kind == ImportDescription.BoxUniform
            ? new FlowBase(FlowBaseKind.Uniform, [.. Enumerable.Repeat(settings.Lower!.Value, _features)], [.. Enumerable.Repeat(settings.Upper!.Value, _features)])
            : FlowBase.StandardNormal(_features);
    }

    private void ReadTransform(string prefix, List<FlowLayer> layers)
    {
        if (state.Has(prefix + "_transforms."))
        {
            for (var i = 0; i < state.CountOf(prefix + "_transforms."); i++)
            {
                ReadTransform($"{prefix}_transforms.{i}.", layers);
            }
        }
        else if (state.Has(prefix + "_permutation"))
        {
            layers.Add(ReadPermutation(prefix));
        }
        else if (state.Has(prefix + "lower_entries"))
        {
            layers.Add(ReadLuLinear(prefix));
        }
        else if (state.Has(prefix + "autoregressive_net."))
        {
            layers.Add(ReadAutoregressive(prefix));
        }
        else if (state.Has(prefix + "transform_net."))
        {
            ReadCoupling(prefix, layers);
        }
        else
        {
            throw StateDict.Fault($"the transform at '{prefix}' is of no known kind.");
        }
    }

    private PermutationLayer ReadPermutation(string prefix)
    {
        var order = state.TakeIndices(prefix + "_permutation");
        return order.Order().SequenceEqual(Enumerable.Range(0, _features))
            ? new PermutationLayer(order)
            : throw StateDict.Fault($"tensor '{prefix}_permutation' is {string.Join(", ", order)}, expected each of 0 to {_features - 1} once.");
    }

    private LuLinearLayer ReadLuLinear(string prefix)
    {
        var (d, half) = (_features, _features * (_features - 1) / 2);
        double[] below = state.Take(prefix + "lower_entries", half), above = state.Take(prefix + "upper_entries", half);
        var diagonal = state.Take(prefix + "unconstrained_upper_diag", d);
        double[] lower = new double[d * d], upper = new double[d * d];
        var (l, u) = (0, 0);
        for (var r = 0; r < d; r++)
        {
            for (var c = 0; c < d; c++)
            {
                if (c < r)
                {
                    lower[(r * d) + c] = below[l++];
                }
                else if (c > r)
                {
                    upper[(r * d) + c] = above[u++];
                }
            }

            lower[(r * d) + r] = 1;
            upper[(r * d) + r] = Softplus.Of(diagonal[r]) + LuEpsilon;
        }

        return new LuLinearLayer(lower, upper, state.Take(prefix + "bias", d));
    }

    private ConditionalLayer ReadAutoregressive(string prefix)
    {
        var net = prefix + "autoregressive_net.";
        RefuseContext(net);
        var features = Enumerable.Range(0, _features).ToArray();
        var blocks = state.CountOf(net + "blocks.");
        if (blocks == 0)
        {
            throw StateDict.Fault($"the network at '{net}' has no blocks, so that its state dict does not tell whether an activation stands between its layers.");
        }

        var degrees = Enumerable.Range(1, _features).ToArray();
        List<ConditionerStep> steps = [new ConditionerStep.Dense(TakeMasked(net + "initial_layer.", 0, ref degrees, isOutput: false))];
        var hidden = degrees.Length;
        var residual = state.Has(net + "blocks.0.linear_layers.");
        if (!residual)
        {
            steps.Add(new ConditionerStep.Activate());
        }

        for (var b = 0; b < blocks; b++)
        {
            var block = $"{net}blocks.{b}.";
            RefuseContext(block);
            if (residual)
            {
                steps.Add(new ConditionerStep.Residual(
                    TakeMasked(block + "linear_layers.0.", hidden, ref degrees, isOutput: false), TakeMasked(block + "linear_layers.1.", hidden, ref degrees, isOutput: false), ActivatesInput: true));
            }
            else
            {
                steps.Add(new ConditionerStep.Dense(TakeMasked(block + "linear.", hidden, ref degrees, isOutput: false)));
                steps.Add(new ConditionerStep.Activate());
            }
        }

        var outputs = state.RowsOf(net + "final_layer.weight");
        steps.Add(new ConditionerStep.Dense(TakeMasked(net + "final_layer.", outputs, ref degrees, isOutput: true)));
        var map = MapFor(net + "final_layer.weight", outputs, _features, 1);
        return new ConditionalLayer(_features, features, features, new ConditionerNetwork(_features, description.Flow.ActivationFunction, steps), map);
    }

    private void ReadCoupling(string prefix, List<FlowLayer> layers)
    {
        if (description.Flow.Transform != ImportDescription.RationalQuadratic)
        {
            throw StateDict.Fault($"'{prefix}' is a coupling, of which only the rational-quadratic ones are known, but the description says {description.Flow.Transform}.");
        }

        int[] kept = state.TakeIndices(prefix + "identity_features"), moved = state.TakeIndices(prefix + "transform_features");
        if (!kept.Concat(moved).Order().SequenceEqual(Enumerable.Range(0, _features)))
        {
            throw StateDict.Fault($"'{prefix}' keeps the features {string.Join(", ", kept)} and transforms {string.Join(", ", moved)}, expected each of 0 to {_features - 1} once.");
        }

        var net = prefix + "transform_net.";
        RefuseContext(net);
        List<ConditionerStep> steps = [new ConditionerStep.Dense(state.TakeLinear(net + "initial_layer.", 0, kept.Length))];
        var hidden = ((ConditionerStep.Dense)steps[0]).Map.Outputs;
        for (var b = 0; b < state.CountOf(net + "blocks."); b++)
        {
            var block = $"{net}blocks.{b}.";
            RefuseContext(block);
            steps.Add(new ConditionerStep.Residual(state.TakeLinear(block + "linear_layers.0.", hidden, hidden), state.TakeLinear(block + "linear_layers.1.", hidden, hidden), ActivatesInput: true));
        }

        var outputs = state.RowsOf(net + "final_layer.weight");
        steps.Add(new ConditionerStep.Dense(state.TakeLinear(net + "final_layer.", outputs, hidden)));
        var map = MapFor(net + "final_layer.weight", outputs, moved.Length, 1 / Math.Sqrt(hidden));
        layers.Add(new ConditionalLayer(_features, kept, moved, new ConditionerNetwork(kept.Length, description.Flow.ActivationFunction, steps), map));
        if (state.Has(prefix + "unconditional_transform."))
        {
            layers.Add(ReadUnconditional(prefix + "unconditional_transform.", kept, (SplineScalarMap)map));
        }
    }

    /// <summary>A spline of fixed parameters for each feature that the coupling keeps.</summary>
    private ConditionalLayer ReadUnconditional(string prefix, int[] kept, SplineScalarMap spline)
    {
        var map = spline with { LogitScale = 1 };
        int k = map.Bins, rest = map.ParameterCount - (2 * k);
        double[] widths = state.Take(prefix + "unnormalized_widths", kept.Length, k), heights = state.Take(prefix + "unnormalized_heights", kept.Length, k);
        var derivatives = state.Take(prefix + "unnormalized_derivatives", kept.Length, rest);
        var theta = Enumerable.Range(0, kept.Length).SelectMany(f => widths[(f * k)..((f + 1) * k)].Concat(heights[(f * k)..((f + 1) * k)]).Concat(derivatives[(f * rest)..((f + 1) * rest)])).ToArray();
        var network = new ConditionerNetwork(0, description.Flow.ActivationFunction, [new ConditionerStep.Dense(new DenseMap(theta.Length, 0, [], theta))]);
        return new ConditionalLayer(_features, [], kept, network, map);
    }

    /// <summary>A masked linear layer; its mask must be the one that the degrees of its units make.</summary>
    private DenseMap TakeMasked(string prefix, int outputs, ref int[] degrees, bool isOutput)
    {
        var inputs = degrees;
        outputs = outputs == 0 ? state.RowsOf(prefix + "weight") : outputs;
        var mask = state.Take(prefix + "mask", outputs, inputs.Length);
        var map = state.TakeLinear(prefix, outputs, inputs.Length);
        var own = state.TakeIndices(prefix + "degrees");
        if (own.Length != outputs)
        {
            throw StateDict.Fault($"tensor '{prefix}degrees' has {own.Length} numbers, expected {outputs}.");
        }

        for (var o = 0; o < outputs; o++)
        {
            for (var i = 0; i < inputs.Length; i++)
            {
                var open = isOutput ? own[o] > inputs[i] : own[o] >= inputs[i];
                if (mask[(o * inputs.Length) + i] != (open ? 1 : 0))
                {
                    throw StateDict.Fault($"tensor '{prefix}mask' is {mask[(o * inputs.Length) + i]} at [{o}, {i}], where the degrees {own[o]} and {inputs[i]} ask for {(open ? 1 : 0)}.");
                }
            }
        }

        degrees = own;
        return map;
    }

    private ScalarMap MapFor(string name, int outputs, int targets, double logitScale)
    {
        var flow = description.Flow;
        var each = outputs / targets;
        if (flow.Transform == ImportDescription.Affine)
        {
            return outputs == 2 * targets
                ? new AffineScalarMap(AffineScale.Softplus, SmallestScale, ShiftFirst: false)
                : throw StateDict.Fault($"tensor '{name}' has {outputs} rows for {targets} features, expected 2 each, since the description says affine.");
        }

        var linear = flow.Tails == ImportDescription.LinearTails;
        var extra = linear ? -1 : 1;
        var bins = (each - extra) / 3;
        if (each * targets != outputs || bins < 2 || (3 * bins) + extra != each)
        {
            throw StateDict.Fault($"tensor '{name}' has {outputs} rows for {targets} features, expected 3 K {(linear ? "- 1" : "+ 1")} each for K bins, K at least 2, since the description says rational-quadratic with tails {flow.Tails}.");
        }

        var bound = flow.TailBound ?? 0;
        return new SplineScalarMap
        {
            Form = SplineForm.Softplus,
            Bins = bins,
            Low = linear ? -bound : 0,
            High = linear ? bound : 1,
            Tails = linear ? SplineTails.Linear : SplineTails.None,
            LogitScale = logitScale,
            MinimumWidth = flow.MinimumBinWidth ?? DefaultMinimum,
            MinimumHeight = flow.MinimumBinHeight ?? DefaultMinimum,
            MinimumDerivative = flow.MinimumDerivative ?? DefaultMinimum,
        };
    }

    private void RefuseContext(string prefix)
    {
        if (state.Has(prefix + "context_layer."))
        {
            throw StateDict.Fault($"'{prefix}context_layer' shows a flow that is conditioned on a context.");
        }

        if (state.Has(prefix + "batch_norm"))
        {
            throw StateDict.Fault($"'{prefix}batch_norm...' shows batch normalisation within the layers.");
        }
    }
}
