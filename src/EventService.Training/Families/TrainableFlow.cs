using EventService.Engine.Autodiff;
using EventService.Engine.Optimizers;
using EventService.Engine.Tensors;
using EventService.Models.Flows.Layers;
using EventService.Training.Layers;

namespace EventService.Training.Families;

/// <summary>
/// A normalising flow while it is trained, over a standard normal base: log p(x) = log N(f(x)) + log |det df/dx| (Rezende and Mohamed, ICML
/// 2015, arXiv:1505.05770).
/// </summary>
public sealed class TrainableFlow
{
    private const double HalfLogTwoPi = 0.91893853320467274178;

    /// <param name="family">Gives the layers.</param>
    /// <param name="features">D.</param>
    /// <param name="seed">The seed of random permutations and of the start.</param>
    /// <param name="conditions">Numbers of the condition that all networks take; 0 for none.</param>
    /// <exception cref="ArgumentException">The family cannot have these sizes.</exception>
    public TrainableFlow(LikelihoodFamily family, int features, ulong seed, int conditions = 0)
    {
        ArgumentNullException.ThrowIfNull(family);
        if (family.Fault(features) is { } fault)
        {
            throw new ArgumentException(fault, nameof(family));
        }

        (Features, Layers) = (features, (family with { Network = family.Network with { Conditions = conditions } }).Build(features, Parameters, seed));
        StartingWeights.Draw(Parameters.Parameters, seed, conditions > 0);
        foreach (var layer in Layers)
        {
            layer.Initialise();
        }
    }

    public int Features { get; }

    public ParameterSet Parameters { get; } = new();

    /// <summary>From the data to the base distribution.</summary>
    public IReadOnlyList<TrainableLayer> Layers { get; }

    /// <summary>The layers with their present parameters.</summary>
    public IReadOnlyList<FlowLayer> Export() => [.. Layers.Select(layer => layer.Export())];

    /// <summary>
    /// Runs events [D, n] through the flow: <see cref="FlowPass.LogLikelihood"/> becomes the sum of log p. Gradients follow by the tape.
    /// </summary>
    public void Forward(FlowPass pass, Tensor events)
    {
        ArgumentNullException.ThrowIfNull(pass);
        var z = Tape.Constant(events);
        foreach (var layer in Layers)
        {
            z = layer.Forward(pass, z);
        }

        pass.LogLikelihood -= (GradientClipping.SquaredNorm(z.Value.Span) / 2) + (HalfLogTwoPi * z.Value.Length);
        if (z.Gradient is { } dz)
        {
            System.Numerics.Tensors.TensorPrimitives.MultiplyAdd(z.Value.Span, -pass.Scale, dz.Span, dz.Span);   // d(-z^2 / 2) = -z
        }
    }

    /// <summary>Lets layers set themselves by the first events, each after those before it.</summary>
    public void InitialiseFrom(Tensor events, Tensor? condition = null)
    {
        var tape = new Tape(Parameters);
        var pass = new FlowPass(tape, 1, training: true) { Condition = condition is null ? null : Tape.Constant(condition) };
        var z = Tape.Constant(events);
        foreach (var layer in Layers)
        {
            layer.InitialiseFrom(z);
            z = layer.Forward(pass, z);
        }
    }
}
