using EventService.Engine.Tensors;
using EventService.Training.Layers;

namespace EventService.Training.Families;

/// <summary>
/// MAF: G. Papamakarios, T. Pavlakou, I. Murray, "Masked autoregressive flow for density estimation", NeurIPS 2017, arXiv:1705.07057. A
/// stack of MADEs, each the affine map u_i = (x_i - mu_i(x_1 ... x_i-1)) exp(-alpha_i(x_1 ... x_i-1)) of eqs. 3-5, with the order of the
/// features changed between them; the density takes one pass, sampling goes feature by feature.
/// </summary>
/// <remarks>
/// Deviations: written u = s x + b, as nflows does, with s = 0.001 + softplus(a), which cannot overflow, in place of exp(-alpha);
/// networks may be residual.
/// </remarks>
public sealed record MaskedAutoregressiveFlow : LikelihoodFamily
{
    /// <summary>MADEs.</summary>
    public int Layers { get; init; } = 5;

    /// <summary>Between the MADEs; the paper reverses.</summary>
    public LayerOrder Order { get; init; } = LayerOrder.Reverse;

    /// <summary>Before each MADE; the paper has batch normalisation.</summary>
    public LayerNorm Norm { get; init; } = LayerNorm.Batch;

    public override string? Fault(int features) => LayersFault(Layers) ?? base.Fault(features);

    public override IReadOnlyList<TrainableLayer> Build(int features, ParameterSet parameters, ulong seed)
    {
        var stack = new LayerStack(features, parameters, seed, Order, Norm);
        for (var l = 0; l < Layers; l++)
        {
            stack.Add(name => TrainableConditional.Autoregressive(parameters, name, features, Network, TrainableMap.Affine()));
        }

        return stack.Layers;
    }
}
