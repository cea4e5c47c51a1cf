using EventService.Numerics.Statistics;

namespace EventService.Evaluation;

/// <summary>
/// The two-sample chi-squared test of homogeneity for histograms of counts (Pearson, Phil. Mag. 50 (1900) 157; in this form
/// Press et al., Numerical Recipes, sec. 14.3): chi2 = sum (sqrt(M/N) n - sqrt(N/M) m)^2 / (n + m), with one degree of freedom
/// less than there are bins, since both totals are taken as given.
/// </summary>
public static class ChiSquared
{
    /// <param name="Chi2">Sum over the bins that are not empty in both histograms.</param>
    /// <param name="DegreesOfFreedom">Those bins, less one.</param>
    /// <param name="PValue">Chance of a larger value where both samples come from one distribution.</param>
    public readonly record struct Result(double Chi2, int DegreesOfFreedom, double PValue)
    {
        /// <summary>About 1 where both samples come from one distribution; NaN where there is a single bin.</summary>
        public double PerDegreeOfFreedom => Chi2 / DegreesOfFreedom;
    }

    /// <exception cref="ArgumentException">The histograms differ in length.</exception>
    public static Result Test(ReadOnlySpan<double> n, ReadOnlySpan<double> m)
    {
        if (n.Length != m.Length)
        {
            throw new ArgumentException($"Found histograms of {n.Length} and {m.Length} bins, expected the same bins.");
        }

        double nSum = Moments.Sum(n), mSum = Moments.Sum(m), chi2 = 0;
        var bins = 0;
        for (var b = 0; b < n.Length; b++)
        {
            if (n[b] + m[b] > 0)
            {
                var d = Math.Sqrt(mSum / nSum) * n[b] - Math.Sqrt(nSum / mSum) * m[b];
                chi2 += d * d / (n[b] + m[b]);
                bins++;
            }
        }

        return bins < 2 ? new Result(0, 0, 1) : new Result(chi2, bins - 1, SpecialFunctions.ChiSquaredSurvival(chi2, bins - 1));
    }

    /// <summary>The test for two samples that are sorted upwards, in bins by the quantiles of the reference.</summary>
    public static Result OfSamples(ReadOnlySpan<double> reference, ReadOnlySpan<double> other, int bins = 50)
    {
        if (reference.IsEmpty || other.IsEmpty)
        {
            return new Result(double.NaN, 0, double.NaN);
        }

        var edges = QuantileBins.FromSorted(reference, bins);
        return Test(edges.CountSorted(reference), edges.CountSorted(other));
    }
}
