using EventService.Engine.Random;
using EventService.Models.Sampling;
using EventService.Numerics.Statistics;
using EventService.Physics.Events;
using EventService.Physics.Observables;

namespace EventService.Evaluation;

/// <summary>
/// What the one-dimensional metrics give for equally good events: the same metrics between two disjoint Monte Carlo samples of the given
/// sizes, drawn from a pool again and again. No generator can be asked to lie below it.
/// </summary>
public sealed class MonteCarloFloor
{
    private readonly (double Mean, double Spread)[][] _floors;   // [observable][metric]

    private MonteCarloFloor(IReadOnlyList<Observable> observables, (double, double)[][] floors, int resamplings, int pool, int first, int second)
    {
        (Observables, _floors) = (observables, floors);
        (Resamplings, PoolEvents, FirstEvents, SecondEvents) = (resamplings, pool, first, second);
    }

    public IReadOnlyList<Observable> Observables { get; }

    public int Resamplings { get; }

    public int PoolEvents { get; }

    /// <summary>Sizes of the two samples.</summary>
    public int FirstEvents { get; }
    public int SecondEvents { get; }

    /// <summary>A metric of an observable with its floor.</summary>
    public MetricValue Beside(int observable, OneDimensionalMetric metric, double value)
    {
        var (mean, spread) = _floors[observable][(int)metric];
        return new MetricValue(value, mean, spread);
    }

    /// <param name="pool">Monte Carlo events, at least as many as both samples together.</param>
    /// <param name="first">Size of the first sample.</param>
    /// <param name="second">Size of the second sample.</param>
    /// <param name="observables">What to compare.</param>
    /// <param name="resamplings">How often to draw, at least 2.</param>
    /// <param name="seed">The seed of the drawing.</param>
    /// <param name="progress">Told the fraction done.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="ArgumentException">The pool is too small.</exception>
    public static MonteCarloFloor Draw(
        EventSample pool, int first, int second, IReadOnlyList<Observable> observables, int resamplings, ulong seed, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(resamplings, 2);
        if (pool.Count < first + second)
        {
            throw new ArgumentException($"The floor needs {first} + {second} disjoint Monte Carlo events, found {pool.Count}. Compare fewer events.");
        }

        var table = ObservableTable.Compute(pool, observables, cancellation);
        var memberships = DrawMemberships(pool.Count, first, second, resamplings, seed);
        var floors = new (double, double)[observables.Count][];
        var done = 0;
        Parallel.For(0, observables.Count, new ParallelOptions { CancellationToken = cancellation }, c =>
        {
            floors[c] = FloorsOf(table.Columns[c], memberships);
            table.Columns[c] = [];
            progress?.Report(Interlocked.Increment(ref done) / (double)observables.Count);
        });
        return new MonteCarloFloor(observables, floors, resamplings, pool.Count, first, second);
    }

    private static (double Mean, double Spread)[] FloorsOf(double[] pool, byte[][] memberships)
    {
        // The pool is sorted once; each resampling then takes its two samples out of it in order.
        var order = Enumerable.Range(0, pool.Length).Where(k => double.IsFinite(pool[k])).ToArray();
        var values = Array.ConvertAll(order, k => pool[k]);
        Array.Sort(values, order);
        var (first, second) = (new double[values.Length], new double[values.Length]);
        var found = new double[ObservableComparison.Metrics.Length][];
        for (var metric = 0; metric < found.Length; metric++)
        {
            found[metric] = new double[memberships.Length];
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

            for (var metric = 0; metric < found.Length; metric++)
            {
                found[metric][r] = ObservableComparison.Metrics[metric](first.AsSpan(0, n), second.AsSpan(0, m));
            }
        }

        return Array.ConvertAll(found, f => (Moments.Mean(f), Moments.StandardDeviation(f)));
    }

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
}
