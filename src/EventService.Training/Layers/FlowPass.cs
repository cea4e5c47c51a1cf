using EventService.Engine.Autodiff;

namespace EventService.Training.Layers;

/// <summary>
/// One run of a shard of events through a trainable flow, from the data to the base distribution. Every term of the log-likelihood has the
/// same weight in the loss -log p / N, so layers add their log-determinants to a sum and send <see cref="Scale"/> back themselves.
/// </summary>
/// <param name="tape">Records the way back.</param>
/// <param name="normalisation">N, the events of the whole batch.</param>
/// <param name="training">True where layers may take statistics of the batch.</param>
public sealed class FlowPass(Tape tape, float normalisation, bool training)
{
    public Tape Tape => tape;

    /// <summary>Gradient of the loss with respect to every term of the log-likelihood: -1 / N.</summary>
    public float Scale => -1 / normalisation;

    public bool Training => training;

    /// <summary>Sum over the events of the terms so far [nat].</summary>
    public double LogLikelihood { get; set; }

    /// <summary>Condition of each event, [conditions, n] in the units of the network; null for a flow without.</summary>
    public Variable? Condition { get; init; }

    /// <summary>Statistics that layers took of the shard, in the order of the layers.</summary>
    public List<ShardStatistics> Statistics { get; } = [];
}

/// <summary>Means and variances that a normalising layer took of a shard, one number a feature.</summary>
public sealed record ShardStatistics(TrainableLayer Layer, float[] Mean, float[] Variance);
