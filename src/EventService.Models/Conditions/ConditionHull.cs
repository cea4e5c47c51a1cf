using EventService.Models.Sampling;

namespace EventService.Models.Conditions;

/// <summary>
/// Convex hull of the trained points. A place in it is the weighted mean of the corners of one simplex of points; of the simplices that
/// hold it the one with the least mean squared distance of its corners is taken, which is that of the Delaunay triangulation (lifting to
/// the paraboloid: Brown 1979, Inf. Proc. Lett. 9, 223): along a line the two neighbours.
/// </summary>
/// <remarks>
/// All simplices are tried: grids of masses have a few dozen points in one to three dimensions. Lines and points in several dimensions need
/// no case of their own. Distances are in shares of each parameter's range, of its value where all points have the same.
/// </remarks>
public sealed class ConditionHull
{
    /// <summary>What is nearer than this share of the ranges is the same.</summary>
    public const double Rounding = 1e-6;

    private const int MostDimensions = 3;
    private const long MostSimplices = 100_000;
    private const double SmallestPivot = 1e-12;

    private readonly double[] _origin;
    private readonly double[] _scale;
    private readonly double[][] _points;
    private readonly int[] _order;

    /// <param name="points">Values of the parameters at each point.</param>
    public ConditionHull(IReadOnlyList<IReadOnlyList<double>> points)
    {
        ArgumentNullException.ThrowIfNull(points);
        var dimensions = points[0].Count;
        (_origin, _scale) = (new double[dimensions], new double[dimensions]);
        for (var d = 0; d < dimensions; d++)
        {
            var (low, high) = (points.Min(p => p[d]), points.Max(p => p[d]));
            (_origin[d], _scale[d]) = (low, high > low ? high - low : low != 0 ? Math.Abs(low) : 1);
        }

        _points = [.. points.Select(p => Scaled(p))];
        _order = dimensions == 1 ? [.. Enumerable.Range(0, points.Count).OrderBy(k => points[k][0])] : [];
        Rank = Enumerable.Range(1, Math.Min(dimensions, points.Count - 1)).LastOrDefault(HasSimplex);
    }

    /// <summary>Dimension of the hull itself: 0 a point, 1 a line, 2 an area.</summary>
    public int Rank { get; }

    /// <summary>Places of the points that are corners of the hull.</summary>
    public IEnumerable<int> Corners => Enumerable.Range(0, _points.Length).Where(k =>
        _points.Length == 1 || new ConditionHull([.. _points.Where((_, other) => other != k)]).Locate(_points[k]).Distance > Rounding);

    /// <summary>What is wrong with this number of points and parameters; null if nothing is.</summary>
    public static string? Fault(int dimensions, int points)
    {
        if (dimensions == 1)
        {
            return null;
        }

        var simplices = 1.0;
        for (var k = 0; k <= dimensions; k++)
        {
            simplices *= (points - k) / (k + 1.0);
        }

        return dimensions > MostDimensions ? $"it has {dimensions} parameters, expected at most {MostDimensions} with trained points"
            : simplices > MostSimplices ? $"it has {points} trained points of {dimensions} parameters, expected so few that they have at most {MostSimplices} simplices"
            : null;
    }

    /// <summary>Where these values are.</summary>
    public HullPlace Locate(IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var x = Scaled(values);
        var found = x.Length == 1 ? LocateOnLine(x[0]) : LocateAnywhere(x);
        var nearest = new double[x.Length];
        foreach (var (point, weight) in found.Weights)
        {
            for (var d = 0; d < nearest.Length; d++)
            {
                nearest[d] += weight * _points[point][d];
            }
        }

        for (var d = 0; d < nearest.Length; d++)
        {
            nearest[d] = _origin[d] + (_scale[d] * nearest[d]);
        }

        return found with { Nearest = found.Distance <= Rounding ? [.. values] : nearest };
    }

    private HullPlace LocateOnLine(double x)
    {
        var next = Array.FindIndex(_order, k => _points[k][0] >= x);
        if (next <= 0)
        {
            var end = next < 0 ? _order[^1] : _order[0];
            return new HullPlace(Math.Abs(x - _points[end][0]), [], [(end, 1)]);
        }

        var (below, above) = (_order[next - 1], _order[next]);
        var share = (x - _points[below][0]) / (_points[above][0] - _points[below][0]);
        return new HullPlace(0, [], share == 1 ? [(above, 1)] : [(below, 1 - share), (above, share)]);
    }

    private HullPlace LocateAnywhere(double[] x)
    {
        var (best, bestSpread) = (new HullPlace(double.PositiveInfinity, [], []), double.PositiveInfinity);
        for (var size = 1; size <= Math.Min(x.Length + 1, _points.Length); size++)
        {
            var corners = Enumerable.Range(0, size).ToArray();
            do
            {
                if (!TryWeigh(x, corners, out var weights))
                {
                    continue;
                }

                var (distance, spread) = (0.0, 0.0);
                for (var d = 0; d < x.Length; d++)
                {
                    var away = x[d];
                    for (var k = 0; k < size; k++)
                    {
                        var corner = _points[corners[k]][d];
                        away -= weights[k] * corner;
                        spread += weights[k] * (corner - x[d]) * (corner - x[d]);
                    }

                    distance += away * away;
                }

                distance = Math.Sqrt(distance);
                if (distance < best.Distance - Rounding || (distance <= best.Distance + Rounding && spread < bestSpread - (Rounding * Rounding)))
                {
                    (best, bestSpread) = (new HullPlace(distance, [], [.. corners.Select((c, k) => (c, weights[k])).Where(p => p.Item2 > 0)]), spread);
                }
            }
            while (Next(corners, _points.Length));
        }

        return best;
    }

    /// <summary>
    /// Weights, not negative, of the point of a simplex that is nearest in its plane; false where that is outside, or the corners are no
    /// simplex.
    /// </summary>
    private bool TryWeigh(double[] x, int[] corners, out double[] weights)
    {
        // With p0 the first corner and e_k = p_k - p0: G w = r, G_kl = e_k e_l, r_k = e_k (x - p0), the normal equations.
        var m = corners.Length - 1;
        var p0 = _points[corners[0]];
        Span<double> g = stackalloc double[m * (m + 1)];
        for (var k = 0; k < m; k++)
        {
            for (var d = 0; d < x.Length; d++)
            {
                var e = _points[corners[k + 1]][d] - p0[d];
                for (var l = 0; l < m; l++)
                {
                    g[(k * (m + 1)) + l] += e * (_points[corners[l + 1]][d] - p0[d]);
                }

                g[(k * (m + 1)) + m] += e * (x[d] - p0[d]);
            }
        }

        weights = new double[m + 1];
        if (!TrySolve(g, m, weights.AsSpan(1)))
        {
            return false;
        }

        weights[0] = 1;
        for (var k = 1; k <= m; k++)
        {
            weights[0] -= weights[k];
        }

        var sum = 0.0;
        foreach (ref var weight in weights.AsSpan())
        {
            if (weight < -Rounding)
            {
                return false;
            }

            sum += weight = Math.Max(weight, 0);
        }

        foreach (ref var weight in weights.AsSpan())
        {
            weight /= sum;
        }

        return true;
    }

    /// <summary>Elimination without exchange of rows: the matrix is positive semi-definite.</summary>
    private static bool TrySolve(Span<double> g, int m, Span<double> solution)
    {
        var width = m + 1;
        for (var k = 0; k < m; k++)
        {
            if (!(g[(k * width) + k] > SmallestPivot))
            {
                return false;
            }

            for (var row = k + 1; row < m; row++)
            {
                var factor = g[(row * width) + k] / g[(k * width) + k];
                for (var column = k; column <= m; column++)
                {
                    g[(row * width) + column] -= factor * g[(k * width) + column];
                }
            }
        }

        for (var k = m - 1; k >= 0; k--)
        {
            solution[k] = g[(k * width) + m];
            for (var column = k + 1; column < m; column++)
            {
                solution[k] -= g[(k * width) + column] * solution[column];
            }

            solution[k] /= g[(k * width) + k];
        }

        return true;
    }

    private bool HasSimplex(int rank)
    {
        var corners = Enumerable.Range(0, rank + 1).ToArray();
        do
        {
            if (TryWeigh(_points[corners[0]], corners, out _))
            {
                return true;
            }
        }
        while (Next(corners, _points.Length));

        return false;
    }

    /// <summary>The next choice of rising places below a bound; false after the last.</summary>
    private static bool Next(int[] places, int bound)
    {
        var k = places.Length - 1;
        while (k >= 0 && places[k] == bound - places.Length + k)
        {
            k--;
        }

        if (k < 0)
        {
            return false;
        }

        places[k]++;
        for (k++; k < places.Length; k++)
        {
            places[k] = places[k - 1] + 1;
        }

        return true;
    }

    private double[] Scaled(IReadOnlyList<double> values)
    {
        var scaled = new double[_scale.Length];
        for (var d = 0; d < scaled.Length; d++)
        {
            scaled[d] = (values[d] - _origin[d]) / _scale[d];
        }

        return scaled;
    }
}
