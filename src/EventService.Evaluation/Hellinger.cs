using EventService.Numerics.Statistics;

namespace EventService.Evaluation;

/// <summary>
/// The Hellinger distance of two histograms, sqrt(1 - sum over bins of sqrt(p q)), between 0 and 1 (Le Cam and Yang, "Asymptotics in
/// statistics", 2nd ed. 2000, sec. 3.1).
/// </summary>
public static class Hellinger
{
    /// <summary>Distance of two histograms on the same bins, each relative to its sum.</summary>
    /// <exception cref="ArgumentException">The histograms differ in length.</exception>
    public static double Distance(ReadOnlySpan<double> p, ReadOnlySpan<double> q)
    {
        if (p.Length != q.Length)
        {
            throw new ArgumentException($"Found histograms of {p.Length} and {q.Length} bins, expected the same bins.");
        }

        // (sqrt p - sqrt q)^2 / 2 summed is the same and does not cancel.
        double pSum = Moments.Sum(p), qSum = Moments.Sum(q), sum = 0;
        for (var b = 0; b < p.Length; b++)
        {
            var difference = Math.Sqrt(p[b] / pSum) - Math.Sqrt(q[b] / qSum);
            sum += difference * difference;
        }

        return Math.Sqrt(sum / 2);
    }

    /// <summary>Distance of two samples that are sorted upwards, in bins by the quantiles of the reference.</summary>
    public static double OfSamples(ReadOnlySpan<double> reference, ReadOnlySpan<double> other, int bins = 50)
    {
        if (reference.IsEmpty || other.IsEmpty)
        {
            return double.NaN;
        }

        var edges = QuantileBins.FromSorted(reference, bins);
        return Distance(edges.CountSorted(reference), edges.CountSorted(other));
    }
}
