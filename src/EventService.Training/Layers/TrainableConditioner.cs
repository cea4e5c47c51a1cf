using EventService.Engine.Autodiff;
using EventService.Engine.Tensors;
using EventService.Models.Flows.Networks;
using EventService.Models.Sampling;

namespace EventService.Training.Layers;

/// <summary>
/// The hidden layers of a conditioner network while it is trained: feed-forward or residual, and masked where it is a MADE (Germain,
/// Gregor, Murray and Larochelle, ICML 2015, arXiv:1502.03509, eqs. 8-9). Hidden units of a MADE stand by rising degree, so that each
/// target sees a leading part of them. A condition enters by gated linear units, W x + b times sigma(G c + g) (Dauphin et al., ICML
/// 2017, arXiv:1612.08083): after each hidden layer, and at the end of each residual block; units of degree 0, which see the condition
/// only, then are for the first target.
/// </summary>
internal sealed class TrainableConditioner
{
    private readonly ConditionerSizes _sizes;
    private readonly Affine _first;
    private readonly List<(Affine First, Affine? Second)> _blocks = [];
    private readonly int[]? _degrees;

    /// <param name="parameters">Takes the parameters.</param>
    /// <param name="name">Prefix of their names.</param>
    /// <param name="inputs">Number of inputs.</param>
    /// <param name="sizes">Kind and size.</param>
    /// <param name="masked">A MADE of all inputs in their order.</param>
    public TrainableConditioner(ParameterSet parameters, string name, int inputs, ConditionerSizes sizes, bool masked)
    {
        _sizes = sizes;
        var width = sizes.Width;
        _degrees = masked ? [.. Enumerable.Range(0, width).Select(j => sizes.Conditions > 0 ? (int)((long)j * inputs / width) : 1 + (int)((long)j * Math.Max(1, inputs - 1) / width))] : null;
        _first = new Affine(parameters, $"{name}input", width, inputs, sizes.Conditions, Mask(width, inputs, (j, i) => _degrees![j] >= i + 1));
        var square = Mask(width, width, (j, i) => _degrees![j] >= _degrees[i]);
        for (var b = 0; b < (sizes.Residual ? sizes.Blocks : sizes.Blocks - 1); b++)
        {
            _blocks.Add((
                new Affine(parameters, $"{name}{b}.first", width, width, sizes.Residual ? 0 : sizes.Conditions, square),
                sizes.Residual ? new Affine(parameters, $"{name}{b}.second", width, width, sizes.Conditions, square) : null));
        }
    }

    public int Width => _sizes.Width;

    /// <summary>How many hidden units target t sees.</summary>
    public int Seen(int t) => _degrees?.Count(d => d <= t) ?? Width;

    /// <summary>The hidden units that the last layer sees, [Width, n].</summary>
    public Variable Hidden(FlowPass pass, Variable x)
    {
        var h = _first.Apply(pass, x);
        if (!_sizes.Residual)
        {
            h = _sizes.Activation.Apply(pass.Tape, h);
        }

        foreach (var (first, second) in _blocks)
        {
            if (second is null)
            {
                h = _sizes.Activation.Apply(pass.Tape, first.Apply(pass, h));
                continue;
            }

            var inner = first.Apply(pass, _sizes.Activation.Apply(pass.Tape, h));
            h = Elementwise.Add(pass.Tape, h, second.Apply(pass, _sizes.Activation.Apply(pass.Tape, inner)));
        }

        return h;
    }

    /// <summary>The network with its present parameters and this last layer.</summary>
    public ConditionerNetwork Export(DenseMap last)
    {
        List<ConditionerStep> steps = [new ConditionerStep.Dense(_first.Export())];
        if (!_sizes.Residual)
        {
            steps.Add(new ConditionerStep.Activate());
        }

        foreach (var (first, second) in _blocks)
        {
            if (second is null)
            {
                steps.Add(new ConditionerStep.Dense(first.Export()));
                steps.Add(new ConditionerStep.Activate());
            }
            else
            {
                steps.Add(new ConditionerStep.Residual(first.Export(), second.Export(), ActivatesInput: true));
            }
        }

        steps.Add(new ConditionerStep.Dense(last));
        return new ConditionerNetwork(_first.Inputs, _sizes.Activation, steps);
    }

    private Tensor? Mask(int rows, int columns, Func<int, int, bool> connected)
    {
        if (_degrees is null)
        {
            return null;
        }

        var mask = new Tensor(rows, columns);
        for (var r = 0; r < rows; r++)
        {
            for (var c = 0; c < columns; c++)
            {
                mask[r, c] = connected(r, c) ? 1 : 0;
            }
        }

        return mask;
    }

    /// <summary>W x + b, with some weights masked out, times the gate of the condition.</summary>
    private sealed class Affine(ParameterSet parameters, string name, int outputs, int inputs, int conditions, Tensor? mask)
    {
        private readonly Parameter _weight = parameters.Add($"{name}.weight", outputs, inputs);
        private readonly Parameter _bias = parameters.Add($"{name}.bias", outputs, 1);
        private readonly Parameter? _gateWeight = conditions > 0 ? parameters.Add($"{name}.gate.weight", outputs, conditions) : null;
        private readonly Parameter? _gateBias = conditions > 0 ? parameters.Add($"{name}.gate.bias", outputs, 1) : null;

        public int Inputs => inputs;

        public Variable Apply(FlowPass pass, Variable x)
        {
            var tape = pass.Tape;
            var y = mask is null ? Linear.Apply(tape, tape[_bias], tape[_weight], x) : MaskedLinear.Apply(tape, tape[_bias], tape[_weight], mask, x);
            if (_gateWeight is null)
            {
                return y;
            }

            var c = pass.Condition ?? throw new InvalidOperationException("The flow has gates, but the pass has no condition.");
            return Elementwise.Multiply(tape, y, Elementwise.Sigmoid(tape, Linear.Apply(tape, tape[_gateBias!], tape[_gateWeight], c)));
        }

        public DenseMap Export()
        {
            var weights = new double[outputs * inputs];
            for (var i = 0; i < weights.Length; i++)
            {
                weights[i] = mask is null || mask.Span[i] != 0 ? _weight.Value.Span[i] : 0;
            }

            static double[] Doubles(Parameter parameter) => Array.ConvertAll(parameter.Value.Span.ToArray(), v => (double)v);
            return new DenseMap(outputs, inputs, weights, Doubles(_bias))
            {
                Gate = _gateWeight is null ? null : new DenseMap(outputs, conditions, Doubles(_gateWeight), Doubles(_gateBias!)),
            };
        }
    }
}
