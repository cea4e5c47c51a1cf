using EventService.Numerics.Statistics;

namespace EventService.Evaluation;

/// <summary>
/// The 1-Wasserstein or earth mover's distance of two one-dimensional samples, exact:
/// W1 = integral |F(x) - G(x)| dx of the empirical distribution functions.
/// Villani, Optimal Transport, Old and New (2009), ch. 6; in one dimension Vallender, Theory Probab. Appl. 18 (1974) 784.
/// It has the unit of x; divided by the standard deviation of the reference it has none.
/// </summary>
public static class Wasserstein1
{
    /// <summary>Distance of two samples of equal weights, each sorted upwards. NaN where one is empty.</summary>
    public static double Distance(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        if (x.IsEmpty || y.IsEmpty)
        {
            return double.NaN;
        }

        var sum = 0.0;
        if (x.Length == y.Length)
        {
            // Equal numbers: the k-th smallest goes to the k-th smallest.
            for (var k = 0; k < x.Length; k++)
            {
                sum += Math.Abs(x[k] - y[k]);
            }

            return sum / x.Length;
        }

        // Walk along both staircases at once; F - G = i / n - k / m is kept as the integer i m - k n.
        long i = 0, j = 0, n = x.Length, m = y.Length;
        var at = Math.Min(x[0], y[0]);
        while (i < n || j < m)
        {
            var next = j == m || (i < n && x[(int)i] <= y[(int)j]) ? x[(int)i] : y[(int)j];
            sum += Math.Abs(i * m - j * n) * (next - at);
            at = next;
            while (i < n && x[(int)i] == at)
            {
                i++;
            }

            while (j < m && y[(int)j] == at)
            {
                j++;
            }
        }

        return sum / ((double)n * m);
    }

    /// <summary>
    /// Distance of two samples with weights, each sorted upwards by value, weights in the order of the values.
    /// Weights are not negative and count relative to their sum.
    /// </summary>
    /// <exception cref="ArgumentException">Values and weights differ in number.</exception>
    public static double Distance(ReadOnlySpan<double> x, ReadOnlySpan<double> xWeights, ReadOnlySpan<double> y, ReadOnlySpan<double> yWeights)
    {
        if (x.Length != xWeights.Length || y.Length != yWeights.Length)
        {
            throw new ArgumentException($"Found {x.Length} and {y.Length} values with {xWeights.Length} and {yWeights.Length} weights; each value has one weight.");
        }

        if (x.IsEmpty || y.IsEmpty)
        {
            return double.NaN;
        }

        double xSum = Moments.Sum(xWeights), ySum = Moments.Sum(yWeights);
        double sum = 0, f = 0, g = 0;
        int i = 0, j = 0;
        var at = Math.Min(x[0], y[0]);
        while (i < x.Length || j < y.Length)
        {
            var next = j == y.Length || (i < x.Length && x[i] <= y[j]) ? x[i] : y[j];
            sum += Math.Abs(f / xSum - g / ySum) * (next - at);
            at = next;
            for (; i < x.Length && x[i] == at; i++)
            {
                f += xWeights[i];
            }

            for (; j < y.Length && y[j] == at; j++)
            {
                g += yWeights[j];
            }
        }

        return sum;
    }

    /// <summary>Distance in standard deviations of the first sample, the reference. NaN where that is zero or undefined.</summary>
    public static double Normalised(ReadOnlySpan<double> reference, ReadOnlySpan<double> other)
    {
        var sigma = Moments.StandardDeviation(reference);
        return sigma > 0 ? Distance(reference, other) / sigma : double.NaN;
    }
}
