using EventService.Engine.Tensors;
using EventService.Training.Layers;

namespace EventService.Training.Families;

/// <summary>
/// MADE: M. Germain, K. Gregor, I. Murray, H. Larochelle, "MADE: masked autoencoder for distribution estimation", ICML 2015,
/// arXiv:1502.03509, with normal conditionals as in Papamakarios et al. 2017, arXiv:1705.07057, sec. 4: p(x_i | x_1 ... x_i-1) = N(mu_i,
/// sigma_i), all mu and sigma from one network whose masked weights (eqs. 8-9) keep the order.
/// </summary>
/// <remarks>
/// A flow of one layer, u_i = (x_i - mu_i) / sigma_i, written u = s x + b; the order is that of the columns.
/// </remarks>
public sealed record Made : LikelihoodFamily
{
    public override string? Fault(int features) => base.Fault(features);

    public override IReadOnlyList<TrainableLayer> Build(int features, ParameterSet parameters, ulong seed)
    {
        return [TrainableConditional.Autoregressive(parameters, "0.", features, Network, TrainableMap.Affine())];
    }
}
