using EventService.Engine.Random;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Numerics.Functions;

namespace EventService.Models.WholeEvents;

/// <summary>How often an event has which numbers of objects, as seen in data.</summary>
/// <param name="Vectors">Distinct count vectors, most frequent first.</param>
/// <param name="Occurrences">Events with each vector.</param>
public sealed record CountTable(IReadOnlyList<int[]> Vectors, IReadOnlyList<long> Occurrences);

/// <summary>
/// The distribution of the seven object counts of an event: two alias tables over the vectors seen in data (the frequent
/// ones that make up 80 % of events, and the rest), and a remainder for vectors never seen.
/// </summary>
/// <remarks>
/// The probability of all unseen vectors together is N1 / N, the share of vectors seen once (I. J. Good, Biometrika 40 (1953)
/// 237; Turing's estimate). Within the unseen ones the counts are taken as independent, each with the smoothed marginal
/// of the data and a geometric tail, so that no combination of counts is impossible. An event without any object cannot
/// pass the event selection and is left out.
/// </remarks>
public sealed class CountDistribution
{
    // Each further object beyond the greatest count seen is this much rarer: the fall from 13 to 14 jets in top pairs.
    private const double TailRatio = 0.1;
    private const double FrequentShare = 0.8;

    // Tries for an unseen vector; the product of the marginals misses this often with probability below 1e-30.
    private const int MaximumTries = 100_000;

    // Far more events than anyone has, and few enough that no sum over a table leaves 64 bits.
    private const long LargestOccurrence = 1_000_000_000_000;

    private readonly CountVector[] _vectors;
    private readonly double[] _probabilities;
    private readonly Dictionary<CountVector, int> _index = [];
    private readonly AliasTable _levels;
    private readonly AliasTable _frequent;
    private readonly AliasTable? _rare;
    private readonly int _frequentCount;
    private readonly double[][] _marginals;
    private readonly AliasTable[] _marginalTables;
    private readonly double _unseenInProduct;

    /// <exception cref="ArgumentException">The table is empty or not consistent.</exception>
    public CountDistribution(CountTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        if (table.Vectors.Count == 0 || table.Vectors.Count != table.Occurrences.Count || table.Occurrences.Any(n => n <= 0))
        {
            throw new ArgumentException($"A count table has as many positive occurrences as vectors, at least one; found {table.Vectors.Count} vectors and {table.Occurrences.Count} occurrences.", nameof(table));
        }

        if (table.Vectors.Any(v => v.Length != EventSlots.TypeCount || v.Any(n => n is < 0 or > 200)))
        {
            throw new ArgumentException($"A count vector has {EventSlots.TypeCount} numbers from 0 to 200.", nameof(table));
        }

        if (table.Vectors.Select((v, k) => v.All(n => n == 0) ? k : -1).Max() is >= 0 and var empty)
        {
            throw new ArgumentException($"Count vector {empty} (occurrences: {table.Occurrences[empty]}) has no object of any type, expected at least one: no such event passes the event selection. Leave these events out.");
        }

        if (table.Occurrences.Any(n => n > LargestOccurrence))
        {
            throw new ArgumentException($"A count vector occurs {table.Occurrences.Max()} times, expected at most {LargestOccurrence}.", nameof(table));
        }

        Table = table;
        _vectors = [.. table.Vectors.Select(v => new CountVector(v))];
        double total = table.Occurrences.Sum();
        var singletons = table.Occurrences.Count(n => n == 1);
        UnseenProbability = Math.Max(singletons, 1) / (total + 1);
        _probabilities = [.. table.Occurrences.Select(n => (1 - UnseenProbability) * n / total)];
        for (var k = 0; k < _vectors.Length; k++)
        {
            if (!_index.TryAdd(_vectors[k], k))
            {
                throw new ArgumentException($"Count vector {_vectors[k]} stands twice in the table.", nameof(table));
            }
        }

        double sum = 0;
        while (_frequentCount < _vectors.Length && sum < FrequentShare)
        {
            sum += table.Occurrences[_frequentCount++] / total;
        }

        _frequent = new AliasTable([.. _probabilities.Take(_frequentCount)]);
        _rare = _frequentCount < _vectors.Length ? new AliasTable([.. _probabilities.Skip(_frequentCount)]) : null;
        _levels = new AliasTable([_probabilities.Take(_frequentCount).Sum(), _probabilities.Skip(_frequentCount).Sum(), UnseenProbability]);
        _marginals = [.. Enumerable.Range(0, EventSlots.TypeCount).Select(t => Marginal(table, t, total))];
        _marginalTables = [.. _marginals.Select(m => new AliasTable([.. m, TailOf(m)]))];
        _unseenInProduct = 1 - Product(default) - _vectors.Sum(Product);
    }

    public CountTable Table { get; }

    /// <summary>Probability that an event has counts never seen in the data.</summary>
    public double UnseenProbability { get; }

    /// <summary>Greatest count of each type in the data.</summary>
    public int[] GreatestCounts => [.. _marginals.Select(m => m.Length - 1)];

    /// <summary>Vectors seen, most frequent first.</summary>
    public IReadOnlyList<CountVector> Vectors => _vectors;

    /// <summary>Natural log of the probability; negative infinity only for an event without objects.</summary>
    public double LogProbability(CountVector counts) =>
        _index.TryGetValue(counts, out var k) ? Log.Of(_probabilities[k])
        : counts.Total == 0 ? double.NegativeInfinity
        : Log.Of(UnseenProbability) + LogProduct(counts) - Log.Of(_unseenInProduct);

    /// <summary>Place of the vector in <see cref="Vectors"/>, or -1.</summary>
    public int IndexOf(CountVector counts) => _index.GetValueOrDefault(counts, -1);

    /// <summary>Draws the counts of an event from its own stream of random numbers.</summary>
    public CountVector Draw(ref PhiloxStream random)
    {
        var level = _levels.Draw(random.NextDouble(), random.NextDouble());
        if (level == 0)
        {
            return _vectors[_frequent.Draw(random.NextDouble(), random.NextDouble())];
        }

        if (level == 1)
        {
            return _vectors[_frequentCount + _rare!.Draw(random.NextDouble(), random.NextDouble())];
        }

        Span<int> counts = stackalloc int[EventSlots.TypeCount];
        for (var attempt = 0; attempt < MaximumTries; attempt++)
        {
            for (var t = 0; t < counts.Length; t++)
            {
                counts[t] = _marginalTables[t].Draw(random.NextDouble(), random.NextDouble());
                while (counts[t] >= _marginals[t].Length && random.NextDouble() < TailRatio)
                {
                    counts[t]++;
                }
            }

            var vector = new CountVector(counts);
            if (vector.Total > 0 && !_index.ContainsKey(vector))
            {
                return vector;
            }
        }

        throw new AttemptsExhaustedException($"No count vector outside the data was found in {MaximumTries} tries.");
    }

    /// <summary>Counts the vectors of events.</summary>
    public static CountTable Count(IEnumerable<CountVector> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        var ordered = events.GroupBy(v => v).Select(g => (Vector: g.Key, Occurrences: g.LongCount()))
            .OrderByDescending(x => x.Occurrences).ThenBy(x => x.Vector.ToString(), StringComparer.Ordinal).ToList();
        return new CountTable([.. ordered.Select(x => x.Vector.ToArray())], [.. ordered.Select(x => x.Occurrences)]);
    }

    // Smoothed marginal up to the greatest count seen; the tail beyond has TailOf of the probability.
    private static double[] Marginal(CountTable table, int type, double total)
    {
        var seen = new double[table.Vectors.Max(v => v[type]) + 1];
        for (var k = 0; k < table.Vectors.Count; k++)
        {
            seen[table.Vectors[k][type]] += table.Occurrences[k];
        }

        var norm = total + (0.5 * seen.Length) + 1;
        return [.. seen.Select(n => (n + 0.5) / norm)];
    }

    private static double TailOf(double[] marginal) => 1 - marginal.Sum();

    private double Product(CountVector counts) => Exp.Of(LogProduct(counts));

    private double LogProduct(CountVector counts)
    {
        double sum = 0;
        for (var t = 0; t < EventSlots.TypeCount; t++)
        {
            var marginal = _marginals[t];
            var beyond = counts[t] - marginal.Length;
            sum += beyond < 0
                ? Log.Of(marginal[counts[t]])
                : Log.Of(TailOf(marginal)) + Log.Of(1 - TailRatio) + (beyond * Log.Of(TailRatio));
        }

        return sum;
    }
}
