using EventService.Engine.Autodiff;
using EventService.Engine.Tensors;
using EventService.Models.Flows.Layers;
using EventService.Models.Flows.Networks;

namespace EventService.Training.Layers;

/// <summary>A <see cref="ConditionalLayer"/> while it is trained: autoregressive over all features in their order, or a coupling.</summary>
public sealed class TrainableConditional : TrainableLayer
{
    private readonly int _features;
    private readonly int[] _inputs;
    private readonly int[] _targets;
    private readonly int[] _seen;
    private readonly TrainableMap _map;
    private readonly TrainableConditioner _conditioner;
    private readonly Parameter _weight;
    private readonly Parameter _bias;

    private TrainableConditional(ParameterSet parameters, string name, int features, int[] inputs, int[] targets, ConditionerSizes sizes, TrainableMap map, bool masked)
    {
        (_features, _inputs, _targets, _map) = (features, inputs, targets, map);
        _conditioner = new TrainableConditioner(parameters, name, inputs.Length, sizes, masked);
        _seen = [.. Enumerable.Range(0, targets.Length).Select(_conditioner.Seen)];
        _weight = parameters.Add($"{name}output.weight", targets.Length * map.Kernel.ParameterCount, sizes.Width);
        _bias = parameters.Add($"{name}output.bias", targets.Length * map.Kernel.ParameterCount, 1);
    }

    /// <summary>Feature i is mapped by parameters that depend on the features before it.</summary>
    public static TrainableConditional Autoregressive(ParameterSet parameters, string name, int features, ConditionerSizes sizes, TrainableMap map)
    {
        int[] all = [.. Enumerable.Range(0, features)];
        return new TrainableConditional(parameters, name, features, all, all, sizes, map, masked: true);
    }

    /// <summary>The targets are mapped by parameters that depend on all other features.</summary>
    public static TrainableConditional Coupling(ParameterSet parameters, string name, int features, int[] targets, ConditionerSizes sizes, TrainableMap map) =>
        new(parameters, name, features, [.. Enumerable.Range(0, features).Except(targets)], targets, sizes, map, masked: false);

    public override Variable Forward(FlowPass pass, Variable x)
    {
        ArgumentNullException.ThrowIfNull(pass);
        var h = _conditioner.Hidden(pass, _inputs.Length == _features ? x : Select(pass.Tape, x, _inputs));
        var y = ConditionalMap.Apply(pass.Tape, _map.Kernel, pass.Tape[_weight], pass.Tape[_bias], h, x, _targets, _seen, pass.Scale, out var sum);
        pass.LogLikelihood += sum;
        return y;
    }

    /// <summary>Weights to hidden units that a target does not see are cleared; the biases start where the map says.</summary>
    public override void Initialise()
    {
        var p = _map.Kernel.ParameterCount;
        for (var r = 0; r < _weight.Value.Rows; r++)
        {
            _weight.Value.Row(r)[_seen[r / p]..].Clear();
            _bias.Value.Span[r] = _map.Start?[r % p] ?? 0;
        }
    }

    public override FlowLayer Export() => new ConditionalLayer(_features, _inputs, _targets, ExportNetwork(), _map.Stored);

    /// <summary>
    /// One feature, z [1, n], from its x [1, n] and the parameters that z of the features before it give: the step of an inverse
    /// autoregressive layer, in which the roles of both sides are exchanged.
    /// </summary>
    internal Variable ForwardOne(FlowPass pass, int target, Variable known, Variable x)
    {
        var (tape, p) = (pass.Tape, _map.Kernel.ParameterCount);
        var (weight, bias) = (Rows.Slice(tape, tape[_weight], target * p, p), Rows.Slice(tape, tape[_bias], target * p, p));
        var z = ConditionalMap.Apply(tape, _map.Kernel, weight, bias, _conditioner.Hidden(pass, known), x, [0], [_seen[target]], pass.Scale, out var sum);
        pass.LogLikelihood += sum;
        return z;
    }

    internal FlowLayer ExportInverse() => new InverseAutoregressiveLayer(_features, ExportNetwork(), _map.Stored);

    private ConditionerNetwork ExportNetwork()
    {
        var p = _map.Kernel.ParameterCount;
        var weights = new double[_weight.Value.Length];
        var bias = new double[_weight.Value.Rows];
        for (var r = 0; r < bias.Length; r++)
        {
            bias[r] = _bias.Value.Span[r] + _map.Shifts[r % p];
            for (var c = 0; c < _seen[r / p]; c++)
            {
                weights[(r * _weight.Value.Columns) + c] = _weight.Value[r, c];
            }
        }

        return _conditioner.Export(new DenseMap(bias.Length, _weight.Value.Columns, weights, bias));
    }

    private static Variable Select(Tape tape, Variable x, int[] rows) => Rows.Concat(tape, [.. rows.Select(r => Rows.Slice(tape, x, r, 1))]);
}
