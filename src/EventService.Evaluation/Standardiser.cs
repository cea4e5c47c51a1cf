using EventService.Models.Flows.Networks;
using EventService.Models.Sampling;
using EventService.Numerics.Functions;
using EventService.Physics.Observables;

namespace EventService.Evaluation;

/// <summary>
/// Brings each feature to a normal distribution over the rows that have it ("Gauss rank"): the quantile function of both samples
/// together, in steps that are finer towards both ends, followed by the normal quantile. So a threshold or a tail that holds
/// one event in a thousand lies as far out as it is rare, whatever the feature's scale. Features of few values
/// are only shifted and scaled. Missing values (NaN) become 0, the median.
/// </summary>
public sealed class Standardiser
{
    private static readonly double[] Levels = [.. TailLevels(), .. Enumerable.Range(1, 99).Select(k => k / 100.0), .. TailLevels().Reverse().Select(p => 1 - p)];

    private readonly (float[] Knots, float[] Values)[] _maps;

    private Standardiser((float[] Knots, float[] Values)[] maps) => _maps = maps;

    /// <summary>Quantiles over the given rows of both samples together.</summary>
    public static Standardiser Fit(FeatureMatrix first, ReadOnlyMemory<int> firstRows, FeatureMatrix second, ReadOnlyMemory<int> secondRows)
    {
        var maps = new (float[], float[])[first.Columns];
        Parallel.For(0, first.Columns, c => maps[c] = Map(SortedValues(c, first, firstRows, second, secondRows)));
        return new Standardiser(maps);
    }

    /// <summary>The values of a feature in the given rows of both samples, upwards, without missing ones.</summary>
    internal static List<float> SortedValues(int column, FeatureMatrix first, ReadOnlyMemory<int> firstRows, FeatureMatrix second, ReadOnlyMemory<int> secondRows)
    {
        var values = new List<float>(firstRows.Length + secondRows.Length);
        foreach (var k in firstRows.Span)
        {
            values.Add(first.Row(k)[column]);
        }

        foreach (var k in secondRows.Span)
        {
            values.Add(second.Row(k)[column]);
        }

        values.RemoveAll(float.IsNaN);
        values.Sort();
        return values;
    }

    /// <summary>Standardised rows of a sample, row-major.</summary>
    public float[] Apply(FeatureMatrix matrix)
    {
        var columns = matrix.Columns;
        var result = new float[matrix.Values.Length];
        Parallel.For(0, matrix.Rows, k =>
        {
            var row = matrix.Row(k);
            for (var c = 0; c < columns; c++)
            {
                result[k * columns + c] = float.IsNaN(row[c]) ? 0 : Interpolate(_maps[c].Knots, _maps[c].Values, row[c]);
            }
        });
        return result;
    }

    private static (float[], float[]) Map(List<float> sorted)
    {
        const int few = 32;
        if (sorted.Count == 0)
        {
            return ([0], [0]);
        }

        var distinct = 1;
        for (var k = 1; k < sorted.Count && distinct <= few; k++)
        {
            distinct += sorted[k] != sorted[k - 1] ? 1 : 0;
        }

        if (distinct <= few)
        {
            double mean = sorted.Average(x => (double)x), deviation = Math.Sqrt(sorted.Average(x => (x - mean) * (x - mean)));
            return distinct == 1 ? ([0], [0]) : ([sorted[0], sorted[^1]], [(float)((sorted[0] - mean) / deviation), (float)((sorted[^1] - mean) / deviation)]);
        }

        var (knots, values) = (new List<float>(), new List<float>());
        foreach (var level in Levels)
        {
            var x = sorted[(int)Math.Min(sorted.Count - 1, level * sorted.Count)];
            if (knots.Count == 0 || x > knots[^1])
            {
                knots.Add(x);
                values.Add((float)NormalQuantile.Of(level));
            }
        }

        return ([.. knots], [.. values]);
    }

    private static float Interpolate(float[] knots, float[] values, float x)
    {
        if (x <= knots[0])
        {
            return values[0];
        }

        if (x >= knots[^1])
        {
            return values[^1];
        }

        int low = 0, high = knots.Length - 1;
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            (low, high) = knots[middle] <= x ? (middle, high) : (low, middle);
        }

        var share = (x - knots[low]) / (knots[high] - knots[low]);
        return values[low] + share * (values[high] - values[low]);
    }

    /// <summary>1, 2 and 5 times 1e-5, 1e-4 and 1e-3.</summary>
    internal static IEnumerable<double> TailLevels()
    {
        for (var power = 1e-5; power < 5e-3; power *= 10)
        {
            yield return power;
            yield return 2 * power;
            yield return 5 * power;
        }
    }
}
