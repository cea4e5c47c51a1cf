namespace EventService.Evaluation;

/// <summary>
/// A metric between Monte Carlo and generated events beside its floor: the same metric between two disjoint Monte Carlo samples of the
/// same sizes, as mean and standard deviation over resamplings.
/// </summary>
public sealed record MetricValue(double Value, double BaselineMean, double BaselineSpread)
{
    /// <summary>About 1 where the generated events are as good as independent Monte Carlo.</summary>
    public double Ratio => Value / BaselineMean;

    /// <summary>How many spreads of the floor the value lies above it.</summary>
    public double Significance => (Value - BaselineMean) / BaselineSpread;
}
