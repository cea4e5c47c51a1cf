using EventService.Models.Sampling;

namespace EventService.Evaluation;

/// <summary>Counts of Monte Carlo and generated events in equal bins from <paramref name="Low"/> to <paramref name="High"/>.</summary>
/// <param name="Low">Lower end of the first bin.</param>
/// <param name="High">Upper end of the last bin.</param>
/// <param name="MonteCarlo">Counts by bin.</param>
/// <param name="Generated">Counts by bin.</param>
/// <param name="MonteCarloOutside">Events below the first or above the last bin.</param>
/// <param name="GeneratedOutside">Events below the first or above the last bin.</param>
public sealed record HistogramPair(double Low, double High, double[] MonteCarlo, double[] Generated, double MonteCarloOutside, double GeneratedOutside)
{
    /// <summary>
    /// Histograms over the range that holds all but about 0.5 % of the Monte Carlo events, widened to round numbers but not beyond the
    /// range of possible values; counts get a bin each. Samples are sorted upwards.
    /// </summary>
    public static HistogramPair FromSorted(ReadOnlySpan<double> monteCarlo, ReadOnlySpan<double> generated, double minimum, double maximum, bool isInteger, int bins = 40)
    {
        var (low, high) = (minimum, maximum);
        if (isInteger)
        {
            low = -0.5;
            high = (monteCarlo.IsEmpty ? 0 : Quantile(monteCarlo, 0.9999)) + 0.5;
            bins = (int)Math.Round(high - low);
        }
        else if (monteCarlo.Length > 0 && (double.IsInfinity(low) || double.IsInfinity(high)))
        {
            var step = RoundStep((Quantile(monteCarlo, 0.9975) - Quantile(monteCarlo, 0.0025)) / bins);
            low = Math.Max(minimum, step * Math.Floor(Quantile(monteCarlo, 0.0025) / step));
            high = Math.Min(maximum, low + bins * step);
        }

        if (!(high > low))
        {
            (low, high) = (low - 0.5, low + 0.5);
        }

        var (mc, mcOutside) = Count(monteCarlo, low, high, bins);
        var (generatedCounts, generatedOutside) = Count(generated, low, high, bins);
        return new HistogramPair(low, high, mc, generatedCounts, mcOutside, generatedOutside);
    }

    private static (double[] Counts, double Outside) Count(ReadOnlySpan<double> sorted, double low, double high, int bins)
    {
        var counts = new double[bins];
        var begin = QuantileBins.LowerBound(sorted, low);
        double outside = begin;
        for (var b = 0; b < bins; b++)
        {
            // The last bin includes its upper edge: pi belongs to an angle's range.
            var edge = b == bins - 1 ? Math.BitIncrement(high) : low + (high - low) * (b + 1) / bins;
            var end = begin + QuantileBins.LowerBound(sorted[begin..], edge);
            counts[b] = end - begin;
            begin = end;
        }

        outside += sorted.Length - begin;
        return (counts, outside);
    }

    private static double Quantile(ReadOnlySpan<double> sorted, double q) => sorted[(int)Math.Min(sorted.Length - 1, q * sorted.Length)];

    /// <summary>The next of 1, 1.25, 2, 2.5, 4, 5, 8 times a power of ten.</summary>
    private static double RoundStep(double step)
    {
        if (!(step > 0))
        {
            return 1;
        }

        var power = Math.Pow(10, Math.Floor(Math.Log10(step)));
        foreach (var factor in (ReadOnlySpan<double>)[1, 1.25, 2, 2.5, 4, 5, 8])
        {
            if (factor * power >= step * (1 - 1e-9))
            {
                return factor * power;
            }
        }

        return 10 * power;
    }
}
