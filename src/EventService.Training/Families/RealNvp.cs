using EventService.Engine.Tensors;
using EventService.Training.Layers;

namespace EventService.Training.Families;

/// <summary>
/// RealNVP: L. Dinh, J. Sohl-Dickstein, S. Bengio, "Density estimation using Real NVP", ICLR 2017, arXiv:1605.08803: couplings that map
/// half of the features by y = x exp(s) + t with s and t from the other half (eqs. 7-8), halves by a checkerboard mask that alternates
/// (sec. 3.4), with batch normalisation before each (sec. 3.7).
/// </summary>
/// <remarks>
/// Deviation: the scale is 0.001 + softplus(a), which cannot overflow, in place of exp(s).
/// </remarks>
public sealed record RealNvp : LikelihoodFamily
{
    /// <summary>Couplings.</summary>
    public int Layers { get; init; } = 8;

    /// <summary>Before each coupling.</summary>
    public LayerNorm Norm { get; init; } = LayerNorm.Batch;

    public override string? Fault(int features) => LayersFault(Layers) ?? CouplingFault(features) ?? base.Fault(features);

    public override IReadOnlyList<TrainableLayer> Build(int features, ParameterSet parameters, ulong seed)
    {
        var stack = new LayerStack(features, parameters, seed, null, Norm);
        for (var l = 0; l < Layers; l++)
        {
            var first = l % 2;
            stack.Add(name => TrainableConditional.Coupling(parameters, name, features, [.. Enumerable.Range(0, features).Where(f => f % 2 == first)], Network, TrainableMap.Affine()));
        }

        return stack.Layers;
    }
}
