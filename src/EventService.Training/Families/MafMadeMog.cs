using EventService.Engine.Tensors;
using EventService.Training.Layers;

namespace EventService.Training.Families;

/// <summary>
/// MAF MoG: a <see cref="MaskedAutoregressiveFlow"/> whose base distribution is a <see cref="MadeMog"/>, trained together (Papamakarios,
/// Pavlakou and Murray, NeurIPS 2017, arXiv:1705.07057, sec. 4).
/// </summary>
public sealed record MafMadeMog : LikelihoodFamily
{
    /// <summary>MADEs before the one with mixtures.</summary>
    public int Layers { get; init; } = 5;

    /// <summary>K of the last MADE.</summary>
    public int Components { get; init; } = 10;

    /// <summary>Between the MADEs.</summary>
    public LayerOrder Order { get; init; } = LayerOrder.Reverse;

    /// <summary>Before each MADE; the paper has batch normalisation.</summary>
    public LayerNorm Norm { get; init; } = LayerNorm.Batch;

    public override string? Fault(int features) => LayersFault(Layers) ?? MadeMog.ComponentsFault(Components) ?? base.Fault(features);

    public override IReadOnlyList<TrainableLayer> Build(int features, ParameterSet parameters, ulong seed)
    {
        var stack = new LayerStack(features, parameters, seed, Order, Norm);
        for (var l = 0; l < Layers; l++)
        {
            stack.Add(name => TrainableConditional.Autoregressive(parameters, name, features, Network, TrainableMap.Affine()));
        }

        stack.Add(name => TrainableConditional.Autoregressive(parameters, name, features, Network, TrainableMap.Mixture(Components)));
        return stack.Layers;
    }
}
