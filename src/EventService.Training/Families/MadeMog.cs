using EventService.Engine.Tensors;
using EventService.Training.Layers;

namespace EventService.Training.Families;

/// <summary>
/// MADE-MoG: a <see cref="Made"/> whose conditionals are mixtures of K normal densities, p(x_i | x_1 ... x_i-1) = sum over k of pi_k
/// N(mu_k, sigma_k) (Papamakarios, Pavlakou and Murray 2017, arXiv:1705.07057, sec. 4; the conditionals of RNADE, Uria et al. 2013,
/// arXiv:1306.0186, eqs. 4-8), with residual networks as in C. Durkan, C. Nash, "Autoregressive energy machines", ICML 2019,
/// arXiv:1904.05626.
/// </summary>
public sealed record MadeMog : LikelihoodFamily
{
    /// <summary>K.</summary>
    public int Components { get; init; } = 10;

    public override string? Fault(int features) => ComponentsFault(Components) ?? base.Fault(features);

    public override IReadOnlyList<TrainableLayer> Build(int features, ParameterSet parameters, ulong seed)
    {
        return [TrainableConditional.Autoregressive(parameters, "0.", features, Network, TrainableMap.Mixture(Components))];
    }

    /// <summary>The message for a number of components that a mixture cannot have.</summary>
    internal static string? ComponentsFault(int components) => components is < 1 or > 256 ? $"The mixtures have {components} components, expected 1 to 256." : null;
}
