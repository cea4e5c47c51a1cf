using EventService.Models.Columns;

namespace EventService.Models.Tables;

/// <summary>
/// Weights of events that are products of one function of each column: log w = sum of h_f(t_f), every h_f linear between its knots and
/// constant beyond them. Among all changes of a density that give chosen mean values of functions of single columns, such weights are the
/// one of least relative entropy (I. Csiszar, Ann. Probab. 3 (1975) 146, theorem 3.1).
/// </summary>
public sealed class MarginalWeights
{
    private readonly double[][] _knots;
    private readonly double[][] _values;

    /// <param name="knots">The knots of each column in the flow's numbers, rising strictly; as many for all, at least two.</param>
    /// <param name="values">h at the knots.</param>
    /// <exception cref="ArgumentException">The numbers do not make such functions.</exception>
    public MarginalWeights(IReadOnlyList<double[]> knots, IReadOnlyList<double[]> values)
    {
        ArgumentNullException.ThrowIfNull(knots);
        ArgumentNullException.ThrowIfNull(values);
        (_knots, _values) = ([.. knots], [.. values]);
        if (_knots.Length != _values.Length || _knots.Length == 0)
        {
            throw new ArgumentException($"There are knots of {_knots.Length} columns and values of {_values.Length}, expected as many of each.");
        }

        for (var f = 0; f < _knots.Length; f++)
        {
            var (x, h) = (_knots[f], _values[f]);
            if (x.Length < 2 || x.Length != _knots[0].Length || h.Length != x.Length || !x.All(double.IsFinite) || !h.All(double.IsFinite) || x.Zip(x.Skip(1)).Any(p => p.First >= p.Second))
            {
                throw new ArgumentException($"Marginal weights of column {f} have {x.Length} knots and {h.Length} values, expected {Math.Max(2, _knots[0].Length)} of each, finite, and knots that rise.");
            }
        }
    }

    /// <summary>Knots of each column.</summary>
    public IReadOnlyList<double[]> Knots => _knots;

    /// <summary>h at the knots.</summary>
    public IReadOnlyList<double[]> Values => _values;

    /// <summary>Of events.</summary>
    /// <param name="t">Columns after their maps, rows <paramref name="stride"/> apart.</param>
    /// <param name="stride">Distance of rows.</param>
    /// <param name="logWeights">Receives the sum of h added to what is there, one number an event.</param>
    internal void Add(ReadOnlySpan<float> t, int stride, Span<float> logWeights)
    {
        for (var f = 0; f < _knots.Length; f++)
        {
            var row = t.Slice(f * stride, logWeights.Length);
            for (var i = 0; i < row.Length; i++)
            {
                logWeights[i] += (float)At(f, row[i]);
            }
        }
    }

    /// <summary>Of one event.</summary>
    /// <param name="t">Columns after their maps, rows <paramref name="stride"/> apart.</param>
    /// <param name="stride">Distance of rows.</param>
    /// <param name="lane">The event.</param>
    internal double Of(ReadOnlySpan<double> t, int stride, int lane)
    {
        double sum = 0;
        for (var f = 0; f < _knots.Length; f++)
        {
            sum += At(f, t[(f * stride) + lane]);
        }

        return sum;
    }

    private double At(int f, double t)
    {
        var (cell, share) = Place(_knots[f], t);
        var h = _values[f];
        return h[cell] + (share * (h[cell + 1] - h[cell]));
    }

    /// <summary>The interval of the knots that holds a number, and the share of it below: 0 or 1 beyond the knots.</summary>
    internal static (int Cell, double Share) Place(double[] knots, double t)
    {
        var low = KnotCells.CellOf(knots, t);
        return (low, Math.Clamp((t - knots[low]) / (knots[low + 1] - knots[low]), 0, 1));
    }
}
