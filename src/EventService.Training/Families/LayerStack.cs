using EventService.Engine.Tensors;
using EventService.Training.Layers;

namespace EventService.Training.Families;

/// <summary>
/// Puts layers one after another, with a change of order (null for none) and a normalisation between them; parameters are named by the
/// layer's number.
/// </summary>
internal sealed class LayerStack(int features, ParameterSet parameters, ulong seed, LayerOrder? order, LayerNorm norm)
{
    private readonly List<TrainableLayer> _layers = [];
    private int _added;

    public IReadOnlyList<TrainableLayer> Layers => _layers;

    /// <summary>Adds a layer, behind its normalisation and, but for the first, a change of order.</summary>
    /// <param name="make">The layer, given the prefix of its parameters' names.</param>
    public void Add(Func<string, TrainableLayer> make)
    {
        var number = _added++;
        if (number > 0 && order is not null)
        {
            _layers.Add(order == LayerOrder.Reverse ? TrainablePermutation.Reverse(features) : TrainablePermutation.Random(features, seed, number));
            if (order == LayerOrder.Lu)
            {
                _layers.Add(new TrainableLu(parameters, $"{number}.lu.", features));
            }
        }

        if (norm == LayerNorm.Actnorm)
        {
            _layers.Add(new TrainableActnorm(parameters, $"{number}.actnorm.", features));
        }
        else if (norm == LayerNorm.Batch)
        {
            _layers.Add(new TrainableBatchNorm(parameters, $"{number}.norm.", features));
        }

        _layers.Add(make($"{number}."));
    }
}
