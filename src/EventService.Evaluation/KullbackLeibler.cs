using EventService.Numerics.Statistics;

namespace EventService.Evaluation;

/// <summary>
/// The divergence of Kullback and Leibler, Ann. Math. Statist. 22 (1951) 79, KL(p || q) = sum p ln(p / q) [nat]:
/// the mean log-likelihood ratio by which an event of p speaks against q.
/// </summary>
public static class KullbackLeibler
{
    /// <summary>
    /// Divergence of two histograms on the same bins, each relative to its sum. A bin with p = 0 adds nothing; a bin with q = 0
    /// where p &gt; 0 makes it infinite.
    /// </summary>
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
            if (p[b] > 0)
            {
                sum += p[b] / pSum * Math.Log(p[b] / pSum / (q[b] / qSum));
            }
        }

        return sum;
    }

    /// <summary>
    /// KL(reference || other) of two samples that are sorted upwards, in bins by the quantiles of the reference. Half an event is added to
    /// every bin (Krichevsky and Trofimov 1981), so that an empty bin costs much but not everything.
    /// </summary>
    public static double OfSamples(ReadOnlySpan<double> reference, ReadOnlySpan<double> other, int bins = 50)
    {
        if (reference.IsEmpty || other.IsEmpty)
        {
            return double.NaN;
        }

        var edges = QuantileBins.FromSorted(reference, bins);
        var p = edges.CountSorted(reference);
        var q = edges.CountSorted(other);
        for (var b = 0; b < p.Length; b++)
        {
            p[b] += 0.5;
            q[b] += 0.5;
        }

        return Divergence(p, q);
    }
}
