using EventService.Numerics.Statistics;

namespace EventService.Evaluation;

/// <summary>
/// The divergence of Lin, IEEE Trans. Inf. Theory 37 (1991) 145: JS = (KL(p || m) + KL(q || m)) / 2 with m = (p + q) / 2,
/// between 0 and ln 2 [nat]. Its square root is a metric (Endres and Schindelin, ibid. 49 (2003) 1858) and is
/// what is reported as the JS distance.
/// </summary>
public static class JensenShannon
{
    /// <summary>Divergence of two histograms on the same bins, each relative to its sum.</summary>
    /// <exception cref="ArgumentException">The histograms differ in length.</exception>
    public static double Divergence(ReadOnlySpan<double> p, ReadOnlySpan<double> q)
    {
        if (p.Length != q.Length)
        {
            throw new ArgumentException($"Found histograms of {p.Length} and {q.Length} bins, expected the same bins.");
        }

        double pSum = Moments.Sum(p), qSum = Moments.Sum(q), sum = 0;
        for (var b = 0; b < p.Length; b++)
        {
            var (x, y) = (p[b] / pSum, q[b] / qSum);
            var m = (x + y) / 2;
            sum += (x > 0 ? x * Math.Log(x / m) : 0) + (y > 0 ? y * Math.Log(y / m) : 0);
        }

        return Math.Max(0, sum / 2);   // rounding may leave -1e-17 for equal histograms
    }

    /// <summary>Square root of the divergence.</summary>
    public static double Distance(ReadOnlySpan<double> p, ReadOnlySpan<double> q) => Math.Sqrt(Divergence(p, q));

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
