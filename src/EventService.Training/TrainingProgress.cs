namespace EventService.Training;

/// <summary>State of a training run, as shown to the user.</summary>
/// <param name="Epoch">Current epoch, from 0.</param>
/// <param name="Step">Steps done in all.</param>
/// <param name="TotalSteps">Steps planned in all.</param>
/// <param name="Losses">Mean loss of each group in the epoch so far.</param>
/// <param name="Metric">What is validated.</param>
/// <param name="Validation">Its value after the last full epoch; NaN before.</param>
/// <param name="BestValidation">Its best value so far; infinite before the first.</param>
/// <param name="EventsPerSecond">Rate since the run was started or resumed.</param>
/// <param name="EpochEnd">True where an epoch has just been validated.</param>
public readonly record struct TrainingProgress(
    int Epoch,
    long Step,
    long TotalSteps,
    IReadOnlyList<GroupLoss> Losses,
    ValidationMetric Metric,
    double Validation,
    double BestValidation,
    double EventsPerSecond,
    bool EpochEnd)
{
    /// <summary>Mean loss of the first group in the epoch so far.</summary>
    public double TrainingLoss => Losses[0].Mean;
}

/// <summary>Mean loss of a group of parameters.</summary>
public readonly record struct GroupLoss(string Group, double Mean);
