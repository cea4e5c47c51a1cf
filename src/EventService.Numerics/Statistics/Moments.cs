namespace EventService.Numerics.Statistics;

/// <summary>Sums, means and standard deviations, added in the order of the values.</summary>
public static class Moments
{
    public static double Sum(ReadOnlySpan<double> x)
    {
        var sum = 0.0;
        foreach (var value in x)
        {
            sum += value;
        }

        return sum;
    }

    public static double Mean(ReadOnlySpan<double> x) => Sum(x) / x.Length;

    /// <summary>sqrt(sum (x - mean)^2 / (n - 1)); NaN below two values.</summary>
    public static double StandardDeviation(ReadOnlySpan<double> x)
    {
        if (x.Length < 2)
        {
            return double.NaN;
        }

        var mean = Mean(x);
        var sum = 0.0;
        foreach (var value in x)
        {
            sum += (value - mean) * (value - mean);
        }

        return Math.Sqrt(sum / (x.Length - 1));
    }
}
