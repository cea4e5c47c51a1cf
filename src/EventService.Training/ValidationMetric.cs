namespace EventService.Training;

/// <summary>What is measured on the validation events after each epoch.</summary>
/// <param name="Name">For progress, such as "loss".</param>
/// <param name="HigherIsBetter">Its direction; early stopping and the choice of the best follow it.</param>
public sealed record ValidationMetric(string Name, bool HigherIsBetter = false)
{
    /// <summary>The loss that is trained on.</summary>
    public static ValidationMetric Loss { get; } = new("loss");

    /// <summary>What is worse than all values.</summary>
    public double Worst => HigherIsBetter ? double.NegativeInfinity : double.PositiveInfinity;

    /// <summary>Whether a value is better than another; NaN never is.</summary>
    public bool IsBetter(double value, double than) => HigherIsBetter ? value > than : value < than;
}

/// <summary>Value of the metric for the parameters from First to before End.</summary>
public readonly record struct ValidationPart(double Value, int First, int End);
