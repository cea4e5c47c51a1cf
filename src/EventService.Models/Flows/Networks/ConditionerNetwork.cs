using EventService.Engine.Kernels;
using EventService.Models.Flows.Workspaces;
using EventService.Models.Sampling;
using EventService.Numerics.Functions;

namespace EventService.Models.Flows.Networks;

/// <summary>An affine map of a network, y = W x + b. Masked weights are zero.</summary>
/// <param name="Outputs">Rows of W.</param>
/// <param name="Inputs">Columns of W.</param>
/// <param name="Weights">W, row after row: [Outputs, Inputs].</param>
/// <param name="Bias">b: [Outputs].</param>
public sealed record DenseMap(int Outputs, int Inputs, double[] Weights, double[] Bias)
{
    /// <summary>
    /// A gated linear unit (Dauphin et al., ICML 2017, arXiv:1612.08083) by which a condition c enters: y = (W x + b) sigma(G c + g),
    /// element by element, with G [Outputs, conditions]; null where there is none.
    /// </summary>
    public DenseMap? Gate { get; init; }

    /// <summary>The map under a condition, without gate: the rows of W and b are scaled.</summary>
    public DenseMap At(ReadOnlySpan<double> condition)
    {
        if (Gate is null)
        {
            return this;
        }

        var (weights, bias) = ((double[])Weights.Clone(), (double[])Bias.Clone());
        for (var o = 0; o < Outputs; o++)
        {
            var sum = Gate.Bias[o];
            for (var c = 0; c < condition.Length; c++)
            {
                sum = Math.FusedMultiplyAdd(Gate.Weights[(o * condition.Length) + c], condition[c], sum);
            }

            var gate = Sigmoid.Of(sum);
            bias[o] *= gate;
            foreach (ref var w in weights.AsSpan(o * Inputs, Inputs))
            {
                w *= gate;
            }
        }

        return new DenseMap(Outputs, Inputs, weights, bias);
    }

    /// <summary>
    /// The factors sigma(G c + g) of an output for many conditions, the same bits as those that <see cref="At"/> scales with.
    /// </summary>
    /// <param name="output">Which output of a map with gates.</param>
    /// <param name="conditions">[conditions, lanes], rows <paramref name="stride"/> apart.</param>
    /// <param name="stride">Distance of rows.</param>
    /// <param name="factors">Receives one number a lane.</param>
    internal void FillGate(int output, ReadOnlySpan<double> conditions, int stride, Span<double> factors) =>
        DoubleSigmoid.ApplyAffine(Gate!.Weights.AsSpan(output * Gate.Inputs, Gate.Inputs), Gate.Bias[output], conditions, stride, factors);
}

/// <summary>One step of a conditioner network.</summary>
public abstract record ConditionerStep
{
    private ConditionerStep()
    {
    }

    /// <summary>The step under a condition, without gates.</summary>
    public ConditionerStep At(ReadOnlySpan<double> condition) => this switch
    {
        Dense dense => new Dense(dense.Map.At(condition)),
        Residual block => new Residual(block.First.At(condition), block.Second.At(condition), block.ActivatesInput),
        _ => this,
    };

    /// <summary>h = W h + b.</summary>
    public sealed record Dense(DenseMap Map) : ConditionerStep;

    /// <summary>h = f(h).</summary>
    public sealed record Activate : ConditionerStep;

    /// <summary>h = h + W2 f(W1 g(h) + b1) + b2, where g is the activation f (He et al. 2016, arXiv:1603.05027) or the identity.</summary>
    public sealed record Residual(DenseMap First, DenseMap Second, bool ActivatesInput) : ConditionerStep;
}

/// <summary>
/// The network that gives the parameters of a conditional transform: feed-forward or with residual blocks. With masked weights it is
/// the MADE of Germain, Gregor, Murray and Larochelle, "MADE: masked autoencoder for distribution estimation", ICML 2015,
/// arXiv:1502.03509.
/// </summary>
/// <remarks>
/// This is the definition, in double precision, and what densities are computed with. Sampling goes through
/// <see cref="IncrementalConditioner"/>. Which output depends on which input is read off the weights that are not zero.
/// </remarks>
public sealed class ConditionerNetwork
{
    // Numbers of buffers in the scratch; the layers use those below.
    private const int FirstBuffer = 8;
    private const int GateBuffer = 7;

    // Packed when the first density is asked for.
    private readonly Dictionary<DenseMap, Lazy<MaskedDoubleMatrix>> _maps;

    /// <param name="inputs">Number of inputs; may be 0, then the outputs are constants.</param>
    /// <param name="activation">The activation function of all steps.</param>
    /// <param name="steps">The steps; the last one is dense.</param>
    /// <exception cref="ArgumentException">The steps do not fit each other.</exception>
    public ConditionerNetwork(int inputs, FlowActivation activation, IReadOnlyList<ConditionerStep> steps)
    {
        ArgumentNullException.ThrowIfNull(steps);
        (Inputs, Activation, Steps) = (inputs, activation, steps);
        if (steps.Count == 0 || steps[^1] is not ConditionerStep.Dense)
        {
            throw new ArgumentException("A conditioner network does not end with a dense step.");
        }

        var width = inputs;
        for (var s = 0; s < steps.Count; s++)
        {
            switch (steps[s])
            {
                case ConditionerStep.Dense dense:
                    Check(s, dense.Map, width, dense.Map.Outputs);
                    width = dense.Map.Outputs;
                    break;
                case ConditionerStep.Residual residual:
                    Check(s, residual.First, width, residual.First.Outputs);
                    Check(s, residual.Second, residual.First.Outputs, width);
                    break;
            }
        }

        Outputs = width;
        HasGates = steps.Any(s => s is ConditionerStep.Dense { Map.Gate: not null } or ConditionerStep.Residual { First.Gate: not null } or ConditionerStep.Residual { Second.Gate: not null });
        _maps = steps.SelectMany(s => s switch
        {
            ConditionerStep.Dense dense => [dense.Map],
            ConditionerStep.Residual block => [block.First, block.Second],
            _ => Array.Empty<DenseMap>(),
        }).Distinct().ToDictionary(m => m, m => new Lazy<MaskedDoubleMatrix>(() => new MaskedDoubleMatrix(m.Weights, m.Bias, m.Inputs)));
    }

    public int Inputs { get; }

    public int Outputs { get; }

    public FlowActivation Activation { get; }

    public IReadOnlyList<ConditionerStep> Steps { get; }

    /// <summary>Whether a condition enters.</summary>
    public bool HasGates { get; }

    /// <summary>
    /// Whether lanes can have conditions of their own when the network is sampled with: not where its last map has gates.
    /// </summary>
    internal bool MixesConditions => Steps[^1] is ConditionerStep.Dense { Map.Gate: null };

    /// <summary>The network under a condition: without gates, as sampling and densities need it; itself if it has none.</summary>
    public ConditionerNetwork At(ReadOnlySpan<double> condition)
    {
        if (!HasGates)
        {
            return this;
        }

        var steps = new ConditionerStep[Steps.Count];
        for (var s = 0; s < steps.Length; s++)
        {
            steps[s] = Steps[s].At(condition);
        }

        return new ConditionerNetwork(Inputs, Activation, steps);
    }

    /// <summary>The outputs, [Outputs, stride], of the inputs in the columns of a matrix.</summary>
    /// <param name="inputs">[Inputs, lanes], rows <paramref name="stride"/> apart.</param>
    /// <param name="lanes">Columns in use.</param>
    /// <param name="stride">Distance of rows in doubles.</param>
    /// <param name="scratch">Holds the result until it is used again.</param>
    public ReadOnlySpan<double> Evaluate(ReadOnlySpan<double> inputs, int lanes, int stride, FlowScratch scratch) => Evaluate(inputs, [], lanes, stride, scratch);

    /// <summary>
    /// The same with a condition for each column, which the gates take: the bits of the network that <see cref="At"/> gives.
    /// </summary>
    /// <param name="inputs">[Inputs, lanes], rows <paramref name="stride"/> apart.</param>
    /// <param name="conditions">[conditions, lanes], rows as far apart; empty for a network without gates.</param>
    /// <param name="lanes">Columns in use.</param>
    /// <param name="stride">Distance of rows in doubles, a multiple of 16.</param>
    /// <param name="scratch">Holds the result until it is used again.</param>
    public ReadOnlySpan<double> Evaluate(ReadOnlySpan<double> inputs, ReadOnlySpan<double> conditions, int lanes, int stride, FlowScratch scratch)
    {
        ArgumentNullException.ThrowIfNull(scratch);
        RequireConditions(conditions);
        var h = inputs;
        var buffer = FirstBuffer;
        foreach (var step in Steps)
        {
            switch (step)
            {
                case ConditionerStep.Dense dense:
                    h = Apply(dense.Map, h, conditions, lanes, stride, scratch, buffer++);
                    break;
                case ConditionerStep.Activate:
                    h = Activated(h, scratch, buffer++);
                    break;
                case ConditionerStep.Residual block:
                    var first = Apply(block.First, block.ActivatesInput ? Activated(h, scratch, buffer++) : h, conditions, lanes, stride, scratch, buffer++);
                    var sum = Apply(block.Second, Activated(first, scratch, buffer++), conditions, lanes, stride, scratch, buffer++);
                    for (var i = 0; i < sum.Length; i++)
                    {
                        sum[i] += h[i];
                    }

                    h = sum;
                    break;
            }
        }

        return h;
    }

    /// <exception cref="InvalidOperationException">The network has gates and there are no conditions.</exception>
    internal void RequireConditions(ReadOnlySpan<double> conditions)
    {
        if (HasGates && conditions.IsEmpty)
        {
            throw new InvalidOperationException("The network has gates, but there is no condition. Expected one for each lane, or the network under a condition.");
        }
    }

    private Span<double> Activated(ReadOnlySpan<double> x, FlowScratch scratch, int buffer)
    {
        var y = scratch.Doubles(buffer, x.Length);
        Activation.Apply(x, y);
        return y;
    }

    private Span<double> Apply(DenseMap map, ReadOnlySpan<double> x, ReadOnlySpan<double> conditions, int lanes, int stride, FlowScratch scratch, int buffer)
    {
        var y = scratch.Doubles(buffer, map.Outputs * stride);
        if (map.Gate is null)
        {
            _maps[map].Value.Multiply(x, y, stride, lanes);
            return y;
        }

        var gates = scratch.Doubles(GateBuffer, map.Outputs * stride);
        for (var o = 0; o < map.Outputs; o++)
        {
            map.FillGate(o, conditions, stride, gates.Slice(o * stride, lanes));
        }

        _maps[map].Value.MultiplyGated(x, gates, y, stride, lanes);
        return y;
    }

    private static void Check(int step, DenseMap map, int inputs, int outputs)
    {
        if (map.Gate is { } gate && (gate.Outputs != outputs || gate.Weights.Length != (long)gate.Inputs * outputs || gate.Bias.Length != outputs))
        {
            throw new ArgumentException($"Step {step} of a conditioner network has a gate of {gate.Outputs} outputs, expected {outputs}.");
        }

        if (map.Inputs != inputs || map.Outputs != outputs || map.Weights.Length != (long)map.Inputs * map.Outputs || map.Bias.Length != map.Outputs)
        {
            throw new ArgumentException(
                $"Step {step} of a conditioner network has weights [{map.Outputs}, {map.Inputs}] of {map.Weights.Length} numbers and {map.Bias.Length} biases, expected [{outputs}, {inputs}].");
        }
    }
}
