using EventService.Models.Sampling;
using EventService.Physics.Observables;

namespace EventService.Evaluation;

/// <summary>
/// Features cut into at most 255 bins by the quantiles of both samples together, finer towards both ends; bin 0 holds missing values.
/// </summary>
internal static class FeatureBins
{
    private const int Most = 254;

    private static readonly double[] Levels =
        [.. Standardiser.TailLevels(), .. Enumerable.Range(1, Most - 18).Select(k => k / (Most - 17.0)).Where(p => p is > 0.005 and < 0.995), .. Standardiser.TailLevels().Reverse().Select(p => 1 - p)];

    /// <summary>Bins [feature][row] of the rows of the first sample, then of the second; edges are quantiles of the given rows.</summary>
    public static byte[][] Of(FeatureMatrix first, ReadOnlyMemory<int> firstRows, FeatureMatrix second, ReadOnlyMemory<int> secondRows)
    {
        var bins = new byte[first.Columns][];
        Parallel.For(0, first.Columns, c =>
        {
            var edges = Edges(Standardiser.SortedValues(c, first, firstRows, second, secondRows));
            var column = bins[c] = new byte[first.Rows + second.Rows];
            for (var k = 0; k < column.Length; k++)
            {
                var x = k < first.Rows ? first.Row(k)[c] : second.Row(k - first.Rows)[c];
                column[k] = float.IsNaN(x) ? (byte)0 : (byte)(1 + UpperBound(edges, x));
            }
        });
        return bins;
    }

    private static float[] Edges(List<float> sorted)
    {
        var edges = new List<float>();
        if (sorted.Count > 0)
        {
            foreach (var level in Levels)
            {
                var edge = sorted[(int)(level * sorted.Count)];
                if (edges.Count == 0 ? edge > sorted[0] : edge > edges[^1])
                {
                    edges.Add(edge);
                }
            }
        }

        return [.. edges];
    }

    /// <summary>Number of edges at or below x.</summary>
    private static int UpperBound(float[] edges, float x)
    {
        int low = 0, high = edges.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = edges[middle] <= x ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
