using EventService.Engine.Tensors;
using EventService.Training.Layers;

namespace EventService.Training.Families;

/// <summary>
/// IAF: D. P. Kingma, T. Salimans, R. Jozefowicz, X. Chen, I. Sutskever, M. Welling, "Improving variational inference with inverse
/// autoregressive flow", NeurIPS 2016, arXiv:1606.04934: x_i = mu_i(z_1 ... z_i-1) + sigma_i(z_1 ... z_i-1) z_i, eqs. 9-10, from a network
/// over the side of the base distribution, so that all features are sampled at once. Trained by maximum likelihood, for which the z of an
/// event are found one after another.
/// </summary>
/// <remarks>
/// Written z_i = s_i x_i + b_i, that is mu = -b / s and sigma = 1 / s, with s = 0.001 + softplus(a).
/// </remarks>
public sealed record InverseAutoregressiveFlow : LikelihoodFamily
{
    /// <summary>Autoregressive layers.</summary>
    public int Layers { get; init; } = 5;

    /// <summary>Between the layers; the paper reverses.</summary>
    public LayerOrder Order { get; init; } = LayerOrder.Reverse;

    /// <summary>Before each layer.</summary>
    public LayerNorm Norm { get; init; } = LayerNorm.Actnorm;

    public override string? Fault(int features) => LayersFault(Layers) ?? base.Fault(features);

    public override IReadOnlyList<TrainableLayer> Build(int features, ParameterSet parameters, ulong seed)
    {
        var stack = new LayerStack(features, parameters, seed, Order, Norm);
        for (var l = 0; l < Layers; l++)
        {
            stack.Add(name => new TrainableInverse(parameters, name, features, Network, TrainableMap.Affine()));
        }

        return stack.Layers;
    }
}
