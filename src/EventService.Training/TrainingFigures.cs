namespace EventService.Training;

/// <summary>What a model's document tells of its training; all zero of a model that was trained elsewhere.</summary>
public sealed record TrainingFigures
{
    public long TrainingEvents { get; init; }

    public long ValidationEvents { get; init; }

    public long TestEvents { get; init; }

    public ulong Seed { get; init; }

    public int Epochs { get; init; }

    public int BestEpoch { get; init; }

    public double TrainingLoss { get; init; }

    public double ValidationLoss { get; init; }

    /// <summary>Events of a split: those of neither part are for tests.</summary>
    public static TrainingFigures OfSplit(int[] training, int[] validation, int all)
    {
        ArgumentNullException.ThrowIfNull(training);
        ArgumentNullException.ThrowIfNull(validation);
        return new()
        {
            TrainingEvents = training.Length,
            ValidationEvents = validation.Length,
            TestEvents = all - training.Length - validation.Length,
        };
    }
}
