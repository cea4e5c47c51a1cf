using System.Globalization;

using EventService.Generation.Requests;
using EventService.Models.Contracts;
using EventService.Models.Sampling;

namespace EventService.Server.Histograms;

/// <summary>Bins of one width, with what lies beside them.</summary>
internal sealed class HistogramAxis
{
    /// <summary>Share of the values on either side that a range found by itself may leave out, where that makes it much shorter.</summary>
    private const double Tail = 0.01;

    private readonly double _low;
    private readonly double _width;

    private HistogramAxis(double low, double width, int bins)
    {
        (_low, _width, Counts) = (low, width, new long[bins]);
    }

    public long[] Counts { get; }

    public long Underflow { get; private set; }

    public long Overflow { get; private set; }

    public double[] Edges => [.. Enumerable.Range(0, Counts.Length + 1).Select(k => Edge(k))];

    /// <summary>So many bins from one end to the other.</summary>
    public static HistogramAxis Of(double low, double high, int bins) => new(low, (high - low) / bins, bins);

    /// <summary>20,500 as an axis.</summary>
    /// <exception cref="RequestException">The text cannot be read as one.</exception>
    public static HistogramAxis Parse(string range, int bins)
    {
        var ends = range.Split(',');
        return ends.Length == 2 && End(ends[0]) is { } low && End(ends[1]) is { } high && low < high && double.IsFinite(high - low)
            ? Of(low, high, bins)
            : throw new RequestException(RequestFault.BadValue, $"range is '{range}', expected two numbers, the lower one first, such as 20,500.");
    }

    /// <summary>
    /// Round numbers that hold these values, but for tails that would squeeze the rest into less than two thirds of the axis.
    /// </summary>
    public static HistogramAxis Around(List<float> values, int bins, bool whole)
    {
        if (values.Count == 0)
        {
            return Of(0, 1, whole ? 1 : bins);
        }

        values.Sort();
        double low = values[0], high = values[^1];
        if (whole)
        {
            return Of(low - 0.5, high + 0.5, (int)(high - low) + 1);
        }

        double inner = values[(int)(Tail * (values.Count - 1))], outer = values[(int)((1 - Tail) * (values.Count - 1))];
        high = high - outer > (outer - inner) / 3 ? outer : high;
        low = inner - low > (outer - inner) / 3 ? inner : low;
        if (high <= low)
        {
            return Of(low - 0.5, low + 0.5, bins); // all are the same
        }

        var width = Round((high - low) / bins);
        var first = Math.Floor(low / width);
        return new HistogramAxis(first * width, width, Math.Max(1, (int)(Math.Floor(high / width) - first) + 1));
    }

    public void Fill(ReadOnlySpan<float> values)
    {
        foreach (var value in values)
        {
            // In float64, edges as they are reported: a value on an edge belongs to the bin above it.
            var bin = Math.Floor((value - _low) / _width);
            bin = bin >= 0 && bin < Counts.Length ? value < Edge((int)bin) ? bin - 1 : value >= Edge((int)bin + 1) ? bin + 1 : bin : bin;
            if (bin < 0)
            {
                Underflow++;
            }
            else if (bin < Counts.Length)
            {
                Counts[(int)bin]++;
            }
            else
            {
                Overflow++;
            }
        }
    }

    private double Edge(int k) => _low + (k * _width);

    /// <summary>The nearest of 1, 2, 2.5, 5 times a power of ten.</summary>
    private static double Round(double width)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(width)));
        return power * new[] { 1, 2, 2.5, 5, 10 }.MinBy(step => Math.Abs(Math.Log(step * power / width)));
    }

    private static double? End(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var end) && double.IsFinite(end) ? end : null;
}
