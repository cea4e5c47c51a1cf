using EventService.Models.Flows;
using EventService.Models.Flows.Layers;
using EventService.Models.Flows.Networks;
using EventService.Models.Sampling;

namespace EventService.Training.Import;

/// <summary>
/// Reads the state dict of a zuko MAF or NSF (Rozet, Divo and Schnake, zuko, doi:10.5281/zenodo.7625672). The masks stand in the state
/// dict, so that any order of the features is understood, and couplings by passes.
/// </summary>
internal sealed class ZukoReader(StateDict state, ImportDescription description)
{
    private const string Transforms = "transform.transforms.";
    private const double DefaultBound = 5;

    private readonly int _features = description.Columns.Count;

    public (IReadOnlyList<FlowLayer> Layers, FlowBase Base) Read()
    {
        if (!state.Has(Transforms))
        {
            throw StateDict.Fault(state.Has("_transform.")
                ? "the names are those of nflows, but the description says library zuko."
                : $"no name starts with '{Transforms}', as those of a zuko MAF or NSF do; save flow.state_dict() of the whole flow.");
        }

        List<FlowLayer> layers = [];
        for (var i = 0; i < state.CountOf(Transforms); i++)
        {
            layers.Add(ReadTransform($"{Transforms}{i}."));
        }

        // Up to zuko 1.1 the arguments of the base distribution are numbered.
        var numbered = state.Has("base._0");
        var location = state.Take(numbered ? "base._0" : "base.loc", _features);
        var scale = state.Take(numbered ? "base._1" : "base.scale", _features);
        return scale.All(s => s > 0)
            ? (layers, new FlowBase(FlowBaseKind.Normal, location, scale))
            : throw StateDict.Fault($"the base distribution has the scales {string.Join(", ", scale)}, expected positive ones.");
    }

    private ConditionalLayer ReadTransform(string prefix)
    {
        if (state.Has(prefix + "order") && state.TakeIndices(prefix + "order").Length != _features)
        {
            throw StateDict.Fault($"tensor '{prefix}order' is not of {_features} features, as many as the description has columns.");
        }

        var net = prefix + "hyper.";
        var indices = state.Indices(net);
        if (indices.Count == 0)
        {
            throw StateDict.Fault($"the transform at '{prefix}' has no network '{net}...'.");
        }

        List<ConditionerStep> steps = [];
        var width = _features;
        for (var k = 0; k <= indices.Max; k++)
        {
            var layer = $"{net}{k}.";
            if (state.Has(layer + "weight"))
            {
                var map = state.TakeLinear(layer, 0, width);
                steps.Add(new ConditionerStep.Dense(map));
                width = map.Outputs;
            }
            else if (state.Has(layer + "0.weight"))
            {
                steps.Add(new ConditionerStep.Residual(state.TakeLinear(layer + "0.", width, width), state.TakeLinear(layer + "2.", width, width), ActivatesInput: false));
            }
            else
            {
                steps.Add(new ConditionerStep.Activate());
            }
        }

        var features = Enumerable.Range(0, _features).ToArray();
        var network = new ConditionerNetwork(_features, description.Flow.ActivationFunction, steps);
        return new ConditionalLayer(_features, features, features, network, MapFor(net, network.Outputs));
    }

    private ScalarMap MapFor(string net, int outputs)
    {
        var slope = description.Flow.Slope!.Value;
        if (description.Flow.Transform == ImportDescription.Affine)
        {
            return outputs == 2 * _features
                ? new AffineScalarMap(AffineScale.SoftClip, slope, ShiftFirst: true)
                : throw StateDict.Fault($"the network at '{net}' has {outputs} outputs for {_features} features, expected 2 each, since the description says affine.");
        }

        var bins = ((outputs / _features) + 1) / 3;
        if (bins < 2 || ((3 * bins) - 1) * _features != outputs)
        {
            throw StateDict.Fault($"the network at '{net}' has {outputs} outputs for {_features} features, expected 3 K - 1 each for K bins, K at least 2, since the description says rational-quadratic.");
        }

        var bound = description.Flow.TailBound ?? DefaultBound;
        return new SplineScalarMap { Form = SplineForm.SoftClip, Bins = bins, Low = -bound, High = bound, Tails = SplineTails.Linear, Slope = slope };
    }
}
