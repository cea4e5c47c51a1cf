using EventService.Engine.Tensors;

namespace EventService.Training;

/// <summary>What a <see cref="Trainer"/> trains: parameters, what is to be made small, and how good the result is.</summary>
public interface ITrainingTask
{
    /// <summary>The parameters that are moved.</summary>
    ParameterSet Parameters { get; }

    /// <summary>Their running average: as many, of the same names and shapes.</summary>
    ParameterSet Average { get; }

    /// <summary>By which the best parameters are chosen.</summary>
    ValidationMetric Metric => ValidationMetric.Loss;

    /// <summary>A shard of a batch, with a tape of its own.</summary>
    ITrainingShard CreateShard();

    /// <summary>Called once, before the first step, with the rows of the first batch.</summary>
    void Start(ReadOnlySpan<int> rows)
    {
    }

    /// <summary>Called in each step between gradients and update, with the shards in their order.</summary>
    void Absorb(int group, IReadOnlyList<ITrainingShard> shards)
    {
    }

    /// <summary>
    /// The metric of the average on the validation events, by parts of the parameters that have nothing to do with each other: the best of
    /// each is kept, and their sum is shown. Mostly all are one part.
    /// </summary>
    IReadOnlyList<ValidationPart> Validate();
}
