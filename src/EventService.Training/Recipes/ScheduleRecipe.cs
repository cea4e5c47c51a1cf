using System.Text.Json.Serialization;

using EventService.Engine.Optimizers;

namespace EventService.Training.Recipes;

/// <summary>Length and pace of a training.</summary>
public sealed record ScheduleRecipe
{
    public ulong Seed { get; init; } = 1;

    public required int Epochs { get; init; }

    public int BatchSize { get; init; } = 1024;

    /// <summary>Events whose gradient one thread computes; batch normalisation takes its statistics over them.</summary>
    public int ShardSize { get; init; } = 512;

    public required double LearningRate { get; init; }

    public int WarmUpSteps { get; init; } = 200;

    /// <summary>Epochs of the first period of a cosine with warm restarts; by default one cosine over all epochs.</summary>
    public int? RestartEpochs { get; init; }

    /// <summary>Each period is this many times the one before.</summary>
    public int RestartMultiplier { get; init; } = 1;

    public float WeightDecay { get; init; } = 1e-4f;

    /// <summary>Share of the trunk's hidden units left out at random in each step; of object flows only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double Dropout { get; init; }

    public double GradientClip { get; init; } = 5;

    public double AverageDecay { get; init; } = 0.999;

    /// <summary>Epochs without a better validation loss before stopping.</summary>
    public int Patience { get; init; } = 10;

    /// <summary>What is wrong; null if nothing is.</summary>
    public string? Fault() =>
        Epochs < 1 || BatchSize < 1 || ShardSize < 1 || BatchSize % ShardSize != 0 ? $"{Epochs} epochs with batches of {BatchSize} in shards of {ShardSize}, expected at least 1 and whole shards"
        : !(LearningRate > 0) || WarmUpSteps < 0 || RestartEpochs < 1 || RestartMultiplier < 1 ? $"learning rate {LearningRate}, {WarmUpSteps} steps of warm-up, restarts after {RestartEpochs} epochs times {RestartMultiplier}, expected a rate above 0, at least 0 steps and 1"
        : !(WeightDecay >= 0) || !(GradientClip > 0) || AverageDecay is not (>= 0 and < 1) || Patience < 1 ? $"weight decay {WeightDecay}, gradient clip {GradientClip}, average decay {AverageDecay}, patience {Patience}, expected at least 0, above 0, 0 to below 1, at least 1"
        : Dropout is not (>= 0 and < 1) ? $"dropout {Dropout}, expected 0 to below 1"
        : null;

    /// <summary>The same for a trainer.</summary>
    public TrainingOptions Options(int threads, int checkpointSteps) => new()
    {
        Seed = Seed,
        Epochs = Epochs,
        BatchSize = BatchSize,
        ShardSize = ShardSize,
        LearningRate = LearningRate,
        WarmUpSteps = WarmUpSteps,
        WeightDecay = WeightDecay,
        Dropout = Dropout,
        GradientClip = GradientClip,
        AverageDecay = AverageDecay,
        Patience = Patience,
        CheckpointSteps = checkpointSteps,
        Threads = threads,
    };

    /// <summary>The learning rate; null for the trainer's own, a cosine over all epochs.</summary>
    public ILearningRateSchedule? Schedule(int stepsPerEpoch) => RestartEpochs is not { } epochs ? null
        : new LinearWarmUp(WarmUpSteps, new CosineWarmRestarts(LearningRate, (long)epochs * stepsPerEpoch, RestartMultiplier));
}
