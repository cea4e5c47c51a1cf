using EventService.Evaluation.Html;
using EventService.Models.Sampling;
using EventService.Physics.Events;
using EventService.Physics.Observables;

namespace EventService.Evaluation;

/// <summary>The metrics that every observable is compared by.</summary>
public enum OneDimensionalMetric
{
    Wasserstein,
    KullbackLeibler,
    JensenShannon,
    ChiSquared,
    Hellinger,
}

/// <summary>How one observable of the generated events agrees with Monte Carlo.</summary>
/// <param name="Name">As <see cref="Observable.Name"/>.</param>
/// <param name="Label">As <see cref="Observable.Label"/>.</param>
/// <param name="Unit">As <see cref="Observable.Unit"/>.</param>
/// <param name="Group">As <see cref="Observable.Group"/>.</param>
/// <param name="MonteCarloEvents">Events in which it is defined.</param>
/// <param name="GeneratedEvents">Events of the first generated sample in which it is defined.</param>
/// <param name="Wasserstein">W1 in standard deviations of the Monte Carlo events.</param>
/// <param name="WassersteinInUnits">W1 in the observable's unit.</param>
/// <param name="KullbackLeibler">KL(Monte Carlo || generated) [nat] in 50 quantile bins.</param>
/// <param name="JensenShannon">JS distance in the same bins.</param>
/// <param name="Hellinger">Hellinger distance in the same bins.</param>
/// <param name="ChiSquared">Chi-squared per degree of freedom in the same bins.</param>
/// <param name="ChiSquaredPValue">Chance of a larger chi-squared where both samples come from one distribution.</param>
/// <param name="Histogram">Counts for plots.</param>
public sealed record ObservableResult(
    string Name,
    string Label,
    string Unit,
    ObservableGroup Group,
    int MonteCarloEvents,
    int GeneratedEvents,
    MetricValue Wasserstein,
    double WassersteinInUnits,
    MetricValue KullbackLeibler,
    MetricValue JensenShannon,
    MetricValue Hellinger,
    MetricValue ChiSquared,
    double ChiSquaredPValue,
    HistogramPair Histogram);

/// <summary>
/// Compares generated with Monte Carlo events observable by observable, each metric beside its <see cref="MonteCarloFloor"/>. Events count
/// equally, weights are left aside; events in which an observable is not defined are left out of it (the counts tell of those).
/// </summary>
/// <remarks>
/// The floor is a mean over pairs of samples; a metric of one generated sample scatters about its own mean as much as one pair does (about
/// a third of the floor for W1). With several generated samples of the floor's size each metric is the mean over them; histograms and
/// p-values are of the first.
/// </remarks>
public static class ObservableComparison
{
    /// <summary>The metrics by <see cref="OneDimensionalMetric"/>, of two samples that are sorted upwards, the reference first.</summary>
    internal static readonly Func<ReadOnlySpan<double>, ReadOnlySpan<double>, double>[] Metrics =
    [
        Wasserstein1.Normalised,
        (reference, other) => KullbackLeibler.OfSamples(reference, other),
        (reference, other) => JensenShannon.OfSamples(reference, other),
        (reference, other) => ChiSquared.OfSamples(reference, other).PerDegreeOfFreedom,
        (reference, other) => Evaluation.Hellinger.OfSamples(reference, other),
    ];

    /// <exception cref="ArgumentException">The floor is of other sample sizes.</exception>
    public static IReadOnlyList<ObservableResult> Compare(EventSample monteCarlo, EventSample generated, MonteCarloFloor floor, CancellationToken cancellation = default) =>
        Compare(monteCarlo, [generated], floor, cancellation);

    /// <exception cref="ArgumentException">The floor is of other sample sizes, or there is no generated sample.</exception>
    public static IReadOnlyList<ObservableResult> Compare(EventSample monteCarlo, IReadOnlyList<EventSample> generated, MonteCarloFloor floor, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(generated);
        if (generated.Count == 0)
        {
            throw new ArgumentException("No generated sample, expected at least one.");
        }

        foreach (var sample in generated)
        {
            if (monteCarlo.Count != floor.FirstEvents || sample.Count != floor.SecondEvents)
            {
                throw new ArgumentException($"Found samples of {monteCarlo.Count} and {sample.Count} events, expected {floor.FirstEvents} and {floor.SecondEvents} as in the floor.");
            }
        }

        var reference = ObservableTable.Compute(monteCarlo, floor.Observables, cancellation);
        ObservableTable[] judged = [.. generated.Select(sample => ObservableTable.Compute(sample, floor.Observables, cancellation))];
        var results = new ObservableResult[floor.Observables.Count];
        Parallel.For(0, results.Length, new ParallelOptions { CancellationToken = cancellation }, c =>
            results[c] = CompareOne(c, SortedFinite(reference.Columns[c]), [.. judged.Select(table => SortedFinite(table.Columns[c]))], floor));
        return results;
    }

    private static ObservableResult CompareOne(int index, double[] reference, double[][] samples, MonteCarloFloor floor)
    {
        var observable = floor.Observables[index];
        var judged = samples[0];
        MetricValue Value(OneDimensionalMetric metric) => floor.Beside(index, metric, samples.Average(sample => Metrics[(int)metric](reference, sample)));
        return new ObservableResult(
            observable.Name,
            observable.Label,
            observable.Unit,
            observable.Group,
            reference.Length,
            judged.Length,
            Value(OneDimensionalMetric.Wasserstein),
            samples.Average(sample => Wasserstein1.Distance(reference, sample)),
            Value(OneDimensionalMetric.KullbackLeibler),
            Value(OneDimensionalMetric.JensenShannon),
            Value(OneDimensionalMetric.Hellinger),
            Value(OneDimensionalMetric.ChiSquared),
            ChiSquared.OfSamples(reference, judged).PValue,
            HistogramPair.FromSorted(reference, judged, observable.Minimum, observable.Maximum, observable.IsInteger));
    }

    private static double[] SortedFinite(double[] values)
    {
        var finite = Array.FindAll(values, double.IsFinite);
        Array.Sort(finite);
        return finite;
    }
}
