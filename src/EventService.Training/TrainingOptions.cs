namespace EventService.Training;

/// <summary>
/// How a model is trained. The result is a function of these, the data and the architecture; not of the number of threads.
/// </summary>
public sealed record TrainingOptions
{
    public ulong Seed { get; init; } = 1;

    /// <summary>Passes over the training events; the learning rate falls to zero over all of them.</summary>
    public int Epochs { get; init; } = 48;

    public int BatchSize { get; init; } = 1024;

    /// <summary>Events whose gradient one thread computes at a time; gradients of shards are added in their order.</summary>
    public int ShardSize { get; init; } = 512;

    /// <summary>Largest learning rate, reached after the warm-up.</summary>
    public double LearningRate { get; init; } = 1e-3;

    public int WarmUpSteps { get; init; } = 500;

    public float WeightDecay { get; init; } = 5e-2f;

    /// <summary>Share of the trunk's hidden units left out at random in each step.</summary>
    public double Dropout { get; init; }

    /// <summary>Largest norm of the gradient of the mean loss.</summary>
    public double GradientClip { get; init; } = 5;

    /// <summary>Decay a step of the running average of the parameters, which is what is validated and kept.</summary>
    public double AverageDecay { get; init; } = 0.999;

    /// <summary>Epochs without a better validation likelihood after which training stops.</summary>
    public int Patience { get; init; } = 10;

    /// <summary>Steps between checkpoints; one is also written after each epoch.</summary>
    public int CheckpointSteps { get; init; } = 200;

    /// <summary>Threads; has no influence on the result.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;
}
