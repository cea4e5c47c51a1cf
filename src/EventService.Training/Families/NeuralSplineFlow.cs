using EventService.Engine.Tensors;
using EventService.Training.Layers;

namespace EventService.Training.Families;

/// <summary>
/// RQ-NSF (C): C. Durkan, A. Bekasov, I. Murray, G. Papamakarios, "Neural spline flows", NeurIPS 2019, arXiv:1906.04032: couplings whose
/// map is a monotonic rational-quadratic spline of K bins on [-B, B], eqs. 4-8, with linear tails (sec. 3.1) and a learnt linear map
/// between them (sec. 3.2).
/// </summary>
public sealed record NeuralSplineFlow : LikelihoodFamily
{
    /// <summary>Couplings.</summary>
    public int Layers { get; init; } = 10;

    /// <summary>K.</summary>
    public int Bins { get; init; } = 8;

    /// <summary>B.</summary>
    public double Bound { get; init; } = 5;

    /// <summary>Between the couplings; the paper has L U.</summary>
    public LayerOrder Order { get; init; } = LayerOrder.Lu;

    /// <summary>Before each coupling; the paper has none.</summary>
    public LayerNorm Norm { get; init; } = LayerNorm.None;

    public override string? Fault(int features) => LayersFault(Layers) ?? AutoregressiveSplineFlow.SplineFault(Bins, Bound) ?? CouplingFault(features) ?? base.Fault(features);

    public override IReadOnlyList<TrainableLayer> Build(int features, ParameterSet parameters, ulong seed)
    {
        var stack = new LayerStack(features, parameters, seed, Order, Norm);
        for (var l = 0; l < Layers; l++)
        {
            var first = l % 2;
            stack.Add(name => TrainableConditional.Coupling(parameters, name, features, [.. Enumerable.Range(0, features).Where(f => f % 2 == first)], Network, TrainableMap.Spline(Bins, Bound)));
        }

        return stack.Layers;
    }
}
