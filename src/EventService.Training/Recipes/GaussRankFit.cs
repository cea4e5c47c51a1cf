using EventService.Models.Columns;
using EventService.Models.Flows.Networks;
using EventService.Models.ObjectFlow;
using EventService.Models.Sampling;
using EventService.Numerics.Functions;

namespace EventService.Training.Recipes;

/// <summary>Fits a <see cref="ObservableMap.GaussRank"/> to values: knots at quantiles, slopes that keep it rising.</summary>
internal static class GaussRankFit
{
    // Fewer values between two knots than this tell more of chance than of the density.
    private const int LeastValues = 20;

    /// <param name="sorted">The values, sorted upwards.</param>
    /// <param name="quantiles">Intervals of equal share between the knots.</param>
    /// <exception cref="ArgumentException">There are too few different values.</exception>
    public static ObservableMap.GaussRank Of(ReadOnlySpan<double> sorted, int quantiles)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(quantiles, 2);
        var n = sorted.Length;
        List<double> x = [], z = [];
        foreach (var rank in Ranks(n, quantiles))
        {
            var at = sorted[rank];
            if (x.Count > 0 && at <= x[^1])
            {
                continue;
            }

            // The middle of the run of equal values: ties put several ranks on one value.
            var share = (FirstAt(sorted, at) + FirstAbove(sorted, at)) / (2.0 * n);
            x.Add(at);
            z.Add(NormalQuantile.Of(share));
        }

        if (x.Count < 2 || z[0] >= 0 || z[^1] <= 0)
        {
            throw new ArgumentException($"Gauss-rank finds {x.Count} different quantiles in {n} values from {sorted[0]} to {sorted[^1]}, expected some on both sides of the median. Dequantise the column, or take another map.");
        }

        return new ObservableMap.GaussRank([.. x], [.. z], Slopes(x, z));
    }

    /// <summary>0, 1/q, 2/q, ... 1 of the values, and between the outermost of them ranks that halve the distance to the end.</summary>
    private static SortedSet<int> Ranks(int n, int quantiles)
    {
        quantiles = Math.Clamp(n / LeastValues, 2, quantiles);
        var ranks = new SortedSet<int> { 0, n - 1 };
        for (var k = 1; k < quantiles; k++)
        {
            ranks.Add((int)((long)k * n / quantiles));
        }

        for (var rank = n / quantiles / 2; rank >= LeastValues; rank /= 2)
        {
            ranks.Add(rank);
            ranks.Add(n - 1 - rank);
        }

        return ranks;
    }

    /// <summary>
    /// Harmonic means of the slopes on both sides, as in the marginal maps of the object flow; the ends take their interval's.
    /// </summary>
    private static double[] Slopes(List<double> x, List<double> z)
    {
        double Slope(int k) => (z[k + 1] - z[k]) / (x[k + 1] - x[k]);
        var slopes = new double[x.Count];
        for (var k = 0; k < slopes.Length; k++)
        {
            slopes[k] = k == 0 ? Slope(0) : k == slopes.Length - 1 ? Slope(k - 1) : 2 / ((1 / Slope(k - 1)) + (1 / Slope(k)));
        }

        return slopes;
    }

    private static int FirstAt(ReadOnlySpan<double> sorted, double value)
    {
        int low = 0, high = sorted.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = sorted[middle] < value ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private static int FirstAbove(ReadOnlySpan<double> sorted, double value)
    {
        int low = 0, high = sorted.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = sorted[middle] <= value ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
