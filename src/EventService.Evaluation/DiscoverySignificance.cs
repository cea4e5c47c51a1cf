namespace EventService.Evaluation;

/// <summary>
/// Expected significance of a discovery from a histogram, without pseudo-experiments: the test statistic of the hypothesis "background
/// only" on the Asimov data set n_i = s_i + b_i (G. Cowan, K. Cranmer, E. Gross and O. Vitells, Eur. Phys. J. C 71 (2011) 1554,
/// arXiv:1007.1727), Z = sqrt(q0). One factor tau scales the background of all bins; its constraint is the one of M. Kaech's thesis, eqs.
/// 7.16 and 7.19, exp(-(tau B - B)^2 / sigma_b^2) as printed there, without the 1/2 of a normal distribution.
/// </summary>
public static class DiscoverySignificance
{
    /// <summary>
    /// q0 = 2 min over tau of { sum_i [n_i ln(n_i / (tau b_i)) + tau b_i - n_i] + (tau - 1)^2 B^2 / sigma_b^2 }, with B = sum_i b_i. Where
    /// sigma_b is zero, tau is 1: 2 sum_i [(s_i + b_i) ln(1 + s_i / b_i) - s_i], eq. 97 of Cowan et al. summed over bins.
    /// </summary>
    /// <param name="signal">Expected signal events s_i, at least 0.</param>
    /// <param name="background">Expected background events b_i, above 0.</param>
    /// <param name="backgroundError">sigma_b, standard deviation of B: the root of the sum of the squared weights of simulated
    /// events.</param>
    /// <exception cref="ArgumentException">Bins differ in number or are missing, or a bin has no background: its significance has no
    /// bound.</exception>
    public static double TestStatistic(ReadOnlySpan<double> signal, ReadOnlySpan<double> background, double backgroundError)
    {
        if (signal.Length != background.Length || signal.Length == 0 || background.IndexOfAnyExceptInRange(double.Epsilon, double.MaxValue) >= 0)
        {
            throw new ArgumentException($"There are {signal.Length} bins of signal and background [{string.Join(", ", background.ToArray())}], expected as many, each above 0.");
        }

        double all = 0, total = 0;
        for (var i = 0; i < signal.Length; i++)
        {
            (all, total) = (all + signal[i] + background[i], total + background[i]);
        }

        // N / tau - B - 2 (tau - 1) k = 0 with k = B^2 / sigma_b^2.
        var k = backgroundError > 0 ? total * total / (backgroundError * backgroundError) : double.PositiveInfinity;
        var tau = double.IsFinite(k) ? ((2 * k) - total + Math.Sqrt(((total - (2 * k)) * (total - (2 * k))) + (8 * k * all))) / (4 * k) : 1;
        var sum = (tau * total) - all;
        for (var i = 0; i < signal.Length; i++)
        {
            var n = signal[i] + background[i];
            sum += n * Math.Log(n / (tau * background[i]));
        }

        return 2 * (sum + (double.IsFinite(k) ? (tau - 1) * (tau - 1) * k : 0));
    }

    /// <summary>
    /// Luminosity at which Z has a value: q0 grows in proportion to it where the simulated events grow with the data, so that sigma_b / B
    /// falls as its root (thesis, sec. 7.2.4).
    /// </summary>
    /// <param name="testStatistic">q0 at a luminosity.</param>
    /// <param name="luminosity">That luminosity, in any unit.</param>
    /// <param name="significance">Z.</param>
    public static double LuminosityFor(double testStatistic, double luminosity, double significance) => luminosity * significance * significance / testStatistic;
}
