using EventService.Models.Sampling;

namespace EventService.Evaluation;

/// <summary>
/// Area under the receiver operating characteristic of a score that should be high for positives: the chance that a positive scores above
/// a negative, ties counting half (Mann and Whitney, Ann. Math. Statist. 18 (1947) 50).
/// </summary>
/// <param name="Auc">The area.</param>
/// <param name="Error">
/// Standard error by DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988) 837, in the O(n log n) form of Sun and Xu, IEEE SPL 21 (2014)
/// 1389.
/// </param>
/// <param name="NullError">Standard error of the area where scores tell nothing: sqrt((n + m + 1) / (12 n m)).</param>
/// <param name="Positives">Number of positives.</param>
/// <param name="Negatives">Number of negatives.</param>
/// <param name="FalsePositiveRate">The false positive rate of the curve, from 0 to 1, thinned to at most 200 steps.</param>
/// <param name="TruePositiveRate">The true positive rate of the curve, at the same thresholds.</param>
public sealed record RocCurve(
    double Auc, double Error, double NullError, int Positives, int Negatives, double[] FalsePositiveRate, double[] TruePositiveRate)
{
    private const int Steps = 200;

    /// <summary>Standard errors of the null by which the area differs from 1/2; negative below.</summary>
    public double Significance => (Auc - 0.5) / NullError;

    /// <summary>
    /// Error by Hanley and McNeil, Radiology 143 (1982) 29, who know only the area and the numbers; for comparison with papers.
    /// </summary>
    public double HanleyMcNeilError
    {
        get
        {
            var (q1, q2) = (Auc / (2 - Auc), 2 * Auc * Auc / (1 + Auc));
            var variance = Auc * (1 - Auc) + (Positives - 1) * (q1 - Auc * Auc) + (Negatives - 1) * (q2 - Auc * Auc);
            return Math.Sqrt(variance / ((double)Positives * Negatives));
        }
    }

    /// <exception cref="ArgumentException">One of the classes is empty, or lengths differ.</exception>
    public static RocCurve Of(ReadOnlySpan<double> scores, ReadOnlySpan<bool> isPositive)
    {
        if (scores.Length != isPositive.Length)
        {
            throw new ArgumentException($"Found {scores.Length} scores and {isPositive.Length} labels.");
        }

        var positives = isPositive.Count(true);
        var negatives = scores.Length - positives;
        if (positives == 0 || negatives == 0)
        {
            throw new ArgumentException($"Found {positives} positives and {negatives} negatives; a curve needs both.");
        }

        var keys = scores.ToArray();
        var labels = isPositive.ToArray();
        Array.Sort(keys, labels);

        // By falling score. Placements: for a positive, the share of negatives below it; for a negative, of positives above it; ties half.
        double sumPositive = 0, squarePositive = 0, sumNegative = 0, squareNegative = 0;
        double positivesAbove = 0, negativesAbove = 0;
        var (fpr, tpr) = (new List<double> { 0 }, new List<double> { 0 });
        for (var end = keys.Length; end > 0;)
        {
            var begin = end - 1;
            while (begin > 0 && keys[begin - 1] == keys[end - 1])
            {
                begin--;
            }

            double tiedPositives = labels.AsSpan(begin, end - begin).Count(true);
            var tiedNegatives = end - begin - tiedPositives;
            var below = (negatives - negativesAbove - tiedNegatives / 2) / negatives;
            var above = (positivesAbove + tiedPositives / 2) / positives;
            sumPositive += tiedPositives * below;
            squarePositive += tiedPositives * below * below;
            sumNegative += tiedNegatives * above;
            squareNegative += tiedNegatives * above * above;
            positivesAbove += tiedPositives;
            negativesAbove += tiedNegatives;
            if (positivesAbove / positives - tpr[^1] + negativesAbove / negatives - fpr[^1] >= 2.0 / Steps || begin == 0)
            {
                fpr.Add(negativesAbove / negatives);
                tpr.Add(positivesAbove / positives);
            }

            end = begin;
        }

        var auc = sumPositive / positives;
        var variancePositive = (squarePositive - positives * auc * auc) / Math.Max(1, positives - 1);
        var varianceNegative = (squareNegative - sumNegative * sumNegative / negatives) / Math.Max(1, negatives - 1);
        var error = Math.Sqrt(Math.Max(0, variancePositive / positives + varianceNegative / negatives));
        var nullError = Math.Sqrt((positives + negatives + 1) / (12.0 * positives * negatives));
        return new RocCurve(auc, error, nullError, positives, negatives, [.. fpr], [.. tpr]);
    }
}
