using EventService.Engine.Tensors;
using EventService.Training.Layers;

namespace EventService.Training.Families;

/// <summary>
/// Glow: D. P. Kingma, P. Dhariwal, "Glow: generative flow with invertible 1x1 convolutions", NeurIPS 2018, arXiv:1807.03039: steps of
/// activation normalisation (sec. 3.1), a learnt linear map of the features in the place of a permutation, P L U (sec. 3.2, eqs. 10-11),
/// and an affine coupling of the second half by the first (sec. 3.3). For a table the 1x1 convolution is a matrix of all features.
/// </summary>
/// <remarks>
/// Deviations: the scale is 0.001 + softplus(a) in place of exp(s), and P changes between the steps.
/// </remarks>
public sealed record Glow : LikelihoodFamily
{
    /// <summary>Steps of flow, K.</summary>
    public int Layers { get; init; } = 8;

    public override string? Fault(int features) => LayersFault(Layers) ?? CouplingFault(features) ?? base.Fault(features);

    public override IReadOnlyList<TrainableLayer> Build(int features, ParameterSet parameters, ulong seed)
    {
        var stack = new LayerStack(features, parameters, seed, LayerOrder.Lu, LayerNorm.Actnorm);
        int[] second = [.. Enumerable.Range(features / 2, features - (features / 2))];
        for (var l = 0; l < Layers; l++)
        {
            stack.Add(name => TrainableConditional.Coupling(parameters, name, features, second, Network, TrainableMap.Affine()));
        }

        return stack.Layers;
    }
}
