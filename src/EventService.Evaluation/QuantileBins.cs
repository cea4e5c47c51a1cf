using EventService.Models.Sampling;

namespace EventService.Evaluation;

/// <summary>
/// Bins that hold about equal numbers of reference events, so that no binned metric is ruled by empty bins in a tail. The
/// outer bins are open; a value that many events share (a count, say) has a bin of its own or shares one, but is never split.
/// </summary>
public sealed class QuantileBins
{
    private readonly double[] _edges;

    private QuantileBins(double[] edges) => _edges = edges;

    public int Count => _edges.Length + 1;

    /// <summary>Bin b holds Edges[b - 1] &lt;= x &lt; Edges[b]; the first and the last bin are open.</summary>
    public ReadOnlySpan<double> Edges => _edges;

    /// <summary>At most <paramref name="bins"/> bins by the quantiles of a sample that is sorted upwards.</summary>
    public static QuantileBins FromSorted(ReadOnlySpan<double> reference, int bins)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bins);
        var edges = new List<double>(bins - 1);
        for (var b = 1; b < bins && !reference.IsEmpty; b++)
        {
            // A value that fills whole bins has one of its own: the next bin begins at the next larger value.
            var last = edges.Count == 0 ? reference[0] : edges[^1];
            var edge = reference[(int)((long)reference.Length * b / bins)];
            var next = edge > last ? reference.Length : LowerBound(reference, Math.BitIncrement(edge));
            edge = next < reference.Length ? reference[next] : edge;
            if (edge > last)
            {
                edges.Add(edge);
            }
        }

        return new QuantileBins([.. edges]);
    }

    /// <summary>Number of values in each bin; the values are sorted upwards.</summary>
    public double[] CountSorted(ReadOnlySpan<double> x)
    {
        var counts = new double[Count];
        var begin = 0;
        for (var b = 0; b < _edges.Length; b++)
        {
            var end = begin + LowerBound(x[begin..], _edges[b]);
            counts[b] = end - begin;
            begin = end;
        }

        counts[^1] = x.Length - begin;
        return counts;
    }

    /// <summary>Number of values below <paramref name="edge"/> in values that are sorted upwards.</summary>
    internal static int LowerBound(ReadOnlySpan<double> x, double edge)
    {
        int low = 0, high = x.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (x[middle] < edge)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
