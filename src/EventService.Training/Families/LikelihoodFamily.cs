using EventService.Engine.Tensors;
using EventService.Training.Layers;

namespace EventService.Training.Families;

/// <summary>A kind of flow that is trained by maximum likelihood: gives the layers from the data to a standard normal base.</summary>
public abstract record LikelihoodFamily : FlowFamily
{
    /// <summary>The layers from the data to the base distribution.</summary>
    /// <param name="features">D.</param>
    /// <param name="parameters">Takes the parameters.</param>
    /// <param name="seed">The seed of random permutations.</param>
    public abstract IReadOnlyList<TrainableLayer> Build(int features, ParameterSet parameters, ulong seed);

    /// <summary>The message where a number of layers is out of range.</summary>
    protected static string? LayersFault(int layers) => layers is < 1 or > 100 ? $"The flow has {layers} layers, expected 1 to 100." : null;

    /// <summary>The message where couplings have nothing to couple.</summary>
    protected static string? CouplingFault(int features) => features < 2 ? $"A flow of couplings has {features} features, expected at least 2." : null;
}
