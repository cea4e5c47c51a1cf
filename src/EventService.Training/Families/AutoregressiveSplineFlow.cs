using EventService.Engine.Tensors;
using EventService.Training.Layers;

namespace EventService.Training.Families;

/// <summary>
/// A-RQS, the autoregressive RQ-NSF of C. Durkan, A. Bekasov, I. Murray, G. Papamakarios, "Neural spline flows", NeurIPS 2019,
/// arXiv:1906.04032: the affine map of each MADE of a <see cref="MaskedAutoregressiveFlow"/> is replaced by a monotonic rational-quadratic
/// spline of K bins on [-B, B], eqs. 4-8, with linear tails (sec. 3.1).
/// </summary>
public sealed record AutoregressiveSplineFlow : LikelihoodFamily
{
    /// <summary>Autoregressive layers.</summary>
    public int Layers { get; init; } = 10;

    /// <summary>K.</summary>
    public int Bins { get; init; } = 8;

    /// <summary>B.</summary>
    public double Bound { get; init; } = 5;

    /// <summary>Between the layers; the paper has L U.</summary>
    public LayerOrder Order { get; init; } = LayerOrder.Lu;

    /// <summary>Before each layer; the paper has none.</summary>
    public LayerNorm Norm { get; init; } = LayerNorm.None;

    public override string? Fault(int features) => LayersFault(Layers) ?? SplineFault(Bins, Bound) ?? base.Fault(features);

    public override IReadOnlyList<TrainableLayer> Build(int features, ParameterSet parameters, ulong seed)
    {
        var stack = new LayerStack(features, parameters, seed, Order, Norm);
        for (var l = 0; l < Layers; l++)
        {
            stack.Add(name => TrainableConditional.Autoregressive(parameters, name, features, Network, TrainableMap.Spline(Bins, Bound)));
        }

        return stack.Layers;
    }

    /// <summary>The message where a spline cannot have these constants.</summary>
    internal static string? SplineFault(int bins, double bound) => bins is < 2 or > 256 || !(bound is > 0 and < 1e6)
        ? $"The splines have {bins} bins and the bound {bound}, expected 2 to 256 and a number above 0."
        : null;
}
