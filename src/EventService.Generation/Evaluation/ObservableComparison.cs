using EventService.Engine.Random;
using EventService.Physics.Events;
using EventService.Physics.Observables;

namespace EventService.Generation.Evaluation;

/// <summary>How one observable of the generated events agrees with Monte Carlo.</summary>
/// <param name="Name">As <see cref="Observable.Name"/>.</param>
/// <param name="Label">As <see cref="Observable.Label"/>.</param>
/// <param name="Unit">As <see cref="Observable.Unit"/>.</param>
/// <param name="Group">As <see cref="Observable.Group"/>.</param>
/// <param name="MonteCarloEvents">Events in which it is defined.</param>
/// <param name="GeneratedEvents">Events in which it is defined.</param>
/// <param name="Wasserstein">W1 in standard deviations of the Monte Carlo events.</param>
/// <param name="WassersteinInUnits">W1 in the observable's unit.</param>
/// <param name="KullbackLeibler">KL(Monte Carlo || generated) [nat] in 50 quantile bins.</param>
/// <param name="JensenShannon">JS distance in the same bins.</param>
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
    MetricValue ChiSquared,
    double ChiSquaredPValue,
    HistogramPair Histogram);

/// <summary>
/// Compares generated with Monte Carlo events observable by observable, each metric beside its floor: the same metric between
/// disjoint Monte Carlo samples of the same sizes, drawn from a pool again and again. Events count equally, weights are left aside;
/// events in which an observable is not defined are left out of it (the counts tell of those).
/// </summary>
public static class ObservableComparison
{
    /// <param name="monteCarlo">Reference events.</param>
    /// <param name="generated">Events to judge.</param>
    /// <param name="pool">Monte Carlo events for the floor, at least as many as both samples together; may contain the reference.</param>
    /// <param name="observables">What to compare.</param>
    /// <param name="resamplings">How often the floor is drawn, at least 2.</param>
    /// <param name="seed">Of the drawing.</param>
    /// <param name="progress">Told the fraction done.</param>
    /// <param name="cancellation">Stops the comparison.</param>
    /// <exception cref="ArgumentException">The pool is too small.</exception>
    public static IReadOnlyList<ObservableResult> Compare(
        EventSample monteCarlo,
        EventSample generated,
        EventSample pool,
        IReadOnlyList<Observable> observables,
        int resamplings,
        ulong seed,
        IProgress<double>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(resamplings, 2);
        if (pool.Count < monteCarlo.Count + generated.Count)
        {
            throw new ArgumentException($"The floor needs {monteCarlo.Count} + {generated.Count} disjoint Monte Carlo events, found {pool.Count}. Compare fewer events.");
        }

        var reference = ObservableTable.Compute(monteCarlo, observables, cancellation);
        var judged = ObservableTable.Compute(generated, observables, cancellation);
        var source = ObservableTable.Compute(pool, observables, cancellation);
        var memberships = DrawMemberships(pool.Count, monteCarlo.Count, generated.Count, resamplings, seed);

        var results = new ObservableResult[observables.Count];
        var done = 0;
        Parallel.For(0, observables.Count, new ParallelOptions { CancellationToken = cancellation }, c =>
        {
            results[c] = CompareOne(observables[c], SortedFinite(reference.Columns[c]), SortedFinite(judged.Columns[c]), source.Columns[c], memberships);
            source.Columns[c] = [];
            progress?.Report(Interlocked.Increment(ref done) / (double)observables.Count);
        });
        return results;
    }

    private static ObservableResult CompareOne(Observable observable, double[] reference, double[] judged, double[] pool, byte[][] memberships)
    {
        // The pool is sorted once; each resampling then takes its two samples out of it in order.
        var order = Enumerable.Range(0, pool.Length).Where(k => double.IsFinite(pool[k])).ToArray();
        var values = Array.ConvertAll(order, k => pool[k]);
        Array.Sort(values, order);
        var (first, second) = (new double[values.Length], new double[values.Length]);
        var floors = new double[4][];
        for (var metric = 0; metric < floors.Length; metric++)
        {
            floors[metric] = new double[memberships.Length];
        }

        for (var r = 0; r < memberships.Length; r++)
        {
            int n = 0, m = 0;
            for (var k = 0; k < order.Length; k++)
            {
                var sample = memberships[r][order[k]];
                if (sample == 1)
                {
                    first[n++] = values[k];
                }
                else if (sample == 2)
                {
                    second[m++] = values[k];
                }
            }

            var floor = Metrics(first.AsSpan(0, n), second.AsSpan(0, m));
            for (var metric = 0; metric < floors.Length; metric++)
            {
                floors[metric][r] = floor[metric];
            }
        }

        var found = Metrics(reference, judged);
        var withFloor = found.Select((value, metric) => new MetricValue(value, Moments.Mean(floors[metric]), Moments.StandardDeviation(floors[metric]))).ToArray();
        return new ObservableResult(
            observable.Name,
            observable.Label,
            observable.Unit,
            observable.Group,
            reference.Length,
            judged.Length,
            withFloor[0],
            Wasserstein1.Distance(reference, judged),
            withFloor[1],
            withFloor[2],
            withFloor[3],
            ChiSquared.OfSamples(reference, judged).PValue,
            HistogramPair.FromSorted(reference, judged, observable.Minimum, observable.Maximum, observable.IsInteger));
    }

    private static double[] Metrics(ReadOnlySpan<double> reference, ReadOnlySpan<double> other) =>
    [
        Wasserstein1.Normalised(reference, other),
        KullbackLeibler.OfSamples(reference, other),
        JensenShannon.OfSamples(reference, other),
        ChiSquared.OfSamples(reference, other).PerDegreeOfFreedom,
    ];

    /// <summary>For each resampling and event of the pool: 1 or 2 for the first or second sample, 0 for neither.</summary>
    private static byte[][] DrawMemberships(int pool, int n, int m, int resamplings, ulong seed)
    {
        var random = new PhiloxStream(seed, 0);
        var memberships = new byte[resamplings][];
        for (var r = 0; r < resamplings; r++)
        {
            var membership = memberships[r] = new byte[pool];
            var drawn = RandomDraws.Permutation(ref random, pool, n + m);
            for (var k = 0; k < drawn.Length; k++)
            {
                membership[drawn[k]] = (byte)(k < n ? 1 : 2);
            }
        }

        return memberships;
    }

    private static double[] SortedFinite(double[] values)
    {
        var finite = Array.FindAll(values, double.IsFinite);
        Array.Sort(finite);
        return finite;
    }
}
