using EventService.Models.Columns;
using EventService.Models.Flows.Networks;
using EventService.Models.Sampling;
using EventService.Numerics.Functions;

namespace EventService.Models.ObjectFlow;

/// <summary>
/// A smooth, strictly rising map from an observable t to y in (0, 1) that makes its marginal distribution nearly
/// uniform: a rational-quadratic spline through quantiles, with exponential tails where t has no limit. Double precision.
/// </summary>
/// <remarks>
/// Inside [knot 0, knot K] the piece is that of Gregory and Delbourgo, IMA J. Numer. Anal. 2 (1982) 123, as in neural spline
/// flows. A lower tail is y = y0 exp(d0 (t - t0) / y0), an upper one 1 - y = (1 - yK) exp(-dK (t - tK) / (1 - yK)): both
/// continue value and slope, so that values beyond all training data keep a finite density.
/// </remarks>
public sealed class MarginalMap
{
    private readonly double[] _t;
    private readonly double[] _y;
    private readonly double[] _d;

    private readonly Piece[] _pieces;

    // The bin in which each cell of the interval from the first to the last value begins, and cells in 1.
    private const int Cells = 64;
    private readonly short[] _binOfCell;
    private readonly double _cells;

    /// <param name="t">Knots, rising strictly.</param>
    /// <param name="y">Values in [0, 1], rising strictly; 0 or 1 at an end makes it a hard limit.</param>
    /// <param name="d">Derivatives at the knots, positive.</param>
    /// <exception cref="ArgumentException">The knots do not describe a rising map.</exception>
    public MarginalMap(double[] t, double[] y, double[] d)
    {
        ArgumentNullException.ThrowIfNull(t);
        ArgumentNullException.ThrowIfNull(y);
        ArgumentNullException.ThrowIfNull(d);
        if (t.Length < 2 || t.Length != y.Length || t.Length != d.Length)
        {
            throw new ArgumentException($"A marginal map has equally many knots, values and derivatives, at least two; found {t.Length}, {y.Length} and {d.Length}.");
        }

        for (var k = 0; k < t.Length; k++)
        {
            if (!double.IsFinite(t[k]) || !(y[k] is >= 0 and <= 1) || !(d[k] > 0) || !double.IsFinite(d[k]) || (k > 0 && (t[k] <= t[k - 1] || y[k] <= y[k - 1])))
            {
                throw new ArgumentException($"Knot {k} of a marginal map, (t = {t[k]}, y = {y[k]}, slope {d[k]}), does not continue a rising map.");
            }
        }

        (_t, _y, _d) = (t, y, d);
        _pieces = [.. Enumerable.Range(0, t.Length - 1).Select(k => new Piece(t[k], y[k], t[k + 1] - t[k], y[k + 1] - y[k], d[k], d[k + 1]))];
        _cells = Cells / (y[^1] - y[0]);
        _binOfCell = [.. Enumerable.Range(0, Cells + 1).Select(cell => (short)KnotCells.CellOf(y, y[0] + (cell / _cells)))];
    }

    public IReadOnlyList<double> Knots => _t;

    public IReadOnlyList<double> Values => _y;

    public IReadOnlyList<double> Derivatives => _d;

    /// <summary>Smallest t with a density: the first knot if its value is 0.</summary>
    public double Minimum => _y[0] == 0 ? _t[0] : double.NegativeInfinity;

    /// <summary>Largest t with a density: the last knot if its value is 1.</summary>
    public double Maximum => _y[^1] == 1 ? _t[^1] : double.PositiveInfinity;

    /// <summary>y(t) and log dy/dt; t is clamped to the limits.</summary>
    public (double Y, double LogDerivative) Forward(double t)
    {
        if (t < _t[0])
        {
            if (_y[0] == 0)
            {
                return (0, Log.Of(_d[0]));
            }

            var y = _y[0] * Exp.Of(_d[0] * (t - _t[0]) / _y[0]);
            return (y, Log.Of(_d[0]) + (_d[0] * (t - _t[0]) / _y[0]));
        }

        if (t > _t[^1])
        {
            var rest = 1 - _y[^1];
            if (rest == 0)
            {
                return (1, Log.Of(_d[^1]));
            }

            var exponent = -_d[^1] * (t - _t[^1]) / rest;
            return (1 - (rest * Exp.Of(exponent)), Log.Of(_d[^1]) + exponent);
        }

        ref readonly var piece = ref _pieces[KnotCells.CellOf(_t, t)];
        var xi = (t - piece.T) / piece.Width;
        return (piece.Y + piece.Rise(xi), piece.LogSlope(xi));
    }

    /// <summary>t with y(t) = y, and log dy/dt there.</summary>
    /// <param name="y">Between 0 and 1.</param>
    /// <param name="withSlope">False where nobody needs log dy/dt: it is 0 then.</param>
    public (double T, double LogDerivative) Inverse(double y, bool withSlope = true)
    {
        if (y < _y[0])
        {
            var exponent = Log.Of(y / _y[0]);
            return (_t[0] + (_y[0] * exponent / _d[0]), withSlope ? Log.Of(_d[0]) + exponent : 0);
        }

        if (y > _y[^1])
        {
            var rest = 1 - _y[^1];
            var exponent = Log.Of(Math.Max(1 - y, 1e-12) / rest);
            return (_t[^1] - (rest * exponent / _d[^1]), withSlope ? Log.Of(_d[^1]) + exponent : 0);
        }

        // Values are nearly evenly spaced: from a cell of the interval it is a step or none to the bin.
        int k = _binOfCell[(int)((y - _y[0]) * _cells)];
        while (k + 2 < _y.Length && _y[k + 1] <= y)
        {
            k++;
        }

        ref readonly var piece = ref _pieces[k];
        var xi = piece.At(y - piece.Y);
        return (piece.T + (xi * piece.Width), withSlope ? piece.LogSlope(xi) : 0);
    }

    /// <summary>
    /// Fits the map to a sample. Ends where a limit is given become hard limits; other ends get a tail whose slope follows from the
    /// mean excess of the outermost 0.2 % of the values.
    /// </summary>
    /// <param name="values">The sample; sorted in place.</param>
    /// <param name="minimum">Lower limit, or negative infinity.</param>
    /// <param name="maximum">Upper limit, or positive infinity.</param>
    /// <param name="bins">Number of quantile bins; fewer are used for small samples.</param>
    public static MarginalMap Fit(Span<double> values, double minimum, double maximum, int bins = 24)
    {
        values.Sort();
        var n = values.Length;
        bins = Math.Clamp(n / 50, 1, bins);
        var edge = Math.Max(0.002, 20.0 / (n + 1));
        List<double> t = [], y = [];
        if (n < 100)
        {
            // Too few values for quantiles: uniform between the limits, or around the values.
            double low = double.IsFinite(minimum) ? minimum : n > 0 ? values[0] - 1 : -3;
            double high = double.IsFinite(maximum) ? maximum : n > 0 ? values[^1] + 1 : 3;
            t = [low, high];
            y = [double.IsFinite(minimum) ? 0 : 0.02, double.IsFinite(maximum) ? 1 : 0.98];
        }
        else
        {
            for (var k = 0; k <= bins; k++)
            {
                var p = (double)k / bins;
                if (k == 0)
                {
                    (double at, p) = double.IsFinite(minimum) ? (minimum, 0) : (Quantile(values, edge), edge);
                    t.Add(at);
                    y.Add(p);
                }
                else if (k == bins)
                {
                    (double at, p) = double.IsFinite(maximum) ? (maximum, 1) : (Quantile(values, 1 - edge), 1 - edge);
                    Push(t, y, at, p);
                }
                else if (p > edge && p < 1 - edge)
                {
                    Push(t, y, Quantile(values, p), p);
                }
            }
        }

        if (t.Count < 2)
        {
            // No limits, and all quantiles on one value.
            (t, y) = ([values[0] - 1, values[^1] + 1], [0.02, 0.98]);
        }

        var d = Slopes(t, y);
        if (y[0] > 0 && n >= 100)
        {
            d[0] = Math.Clamp(y[0] / MeanExcess(values, t[0], below: true), 0.1 * d[0], 10 * d[0]);
        }

        if (y[^1] < 1 && n >= 100)
        {
            d[^1] = Math.Clamp((1 - y[^1]) / MeanExcess(values, t[^1], below: false), 0.1 * d[^1], 10 * d[^1]);
        }

        return new MarginalMap([.. t], [.. y], d);
    }

    private static void Push(List<double> t, List<double> y, double at, double p)
    {
        // Ties (printed values) may put two quantiles on one value: keep the later one only.
        if (at <= t[^1] + 1e-9)
        {
            if (p < 1)
            {
                return;
            }

            t.RemoveAt(t.Count - 1);
            y.RemoveAt(y.Count - 1);
        }

        t.Add(at);
        y.Add(p);
    }

    private static double Quantile(ReadOnlySpan<double> sorted, double p)
    {
        var at = p * (sorted.Length - 1);
        var k = Math.Min((int)at, sorted.Length - 2);
        return sorted[k] + ((at - k) * (sorted[k + 1] - sorted[k]));
    }

    private static double MeanExcess(ReadOnlySpan<double> sorted, double edge, bool below)
    {
        double sum = 0;
        var count = 0;
        foreach (var value in sorted)
        {
            if (below ? value < edge : value > edge)
            {
                sum += Math.Abs(value - edge);
                count++;
            }
        }

        return count == 0 ? 1 : Math.Max(sum / count, 1e-6);
    }

    // Derivatives by the harmonic mean of neighbouring slopes (keeps the map smooth and rising); the ends take their bin's slope.
    private static double[] Slopes(List<double> t, List<double> y)
    {
        var d = new double[t.Count];
        double Slope(int k) => (y[k + 1] - y[k]) / (t[k + 1] - t[k]);
        for (var k = 0; k < d.Length; k++)
        {
            d[k] = k == 0 ? Slope(0) : k == d.Length - 1 ? Slope(k - 1) : 2 * Slope(k - 1) * Slope(k) / (Slope(k - 1) + Slope(k));
        }

        return d;
    }

    /// <summary>
    /// The map between two knots: left knot (T, Y), size, derivatives at both ends. Its argument is xi = (t - T) / width, from 0 to 1.
    /// </summary>
    private readonly record struct Piece(double T, double Y, double Width, double Height, double D0, double D1)
    {
        private readonly double _slope = Height / Width, _bend = D0 + D1 - (2 * (Height / Width));

        /// <summary>y - Y.</summary>
        public double Rise(double xi)
        {
            var theta = xi * (1 - xi);
            return Height * ((_slope * xi * xi) + (D0 * theta)) / (_slope + (_bend * theta));
        }

        /// <summary>log dy/dt.</summary>
        public double LogSlope(double xi)
        {
            var theta = xi * (1 - xi);
            var ratio = _slope / (_slope + (_bend * theta));
            return Log.Of(ratio * ratio * ((D1 * xi * xi) + (2 * _slope * theta) + (D0 * (1 - xi) * (1 - xi))));
        }

        /// <summary>xi at which the map has risen so far.</summary>
        public double At(double rise)
        {
            // The form of the root of a xi^2 + b xi + c that adds numbers of one sign; a + b = height * slope.
            double b = (Height * D0) - (rise * _bend), a = (Height * _slope) - b, c = -_slope * rise;
            var sum = Math.Abs(b) + Math.Sqrt(Math.Max((b * b) - (4 * a * c), 0));
            return Math.Clamp(b < 0 ? sum / (2 * a) : -2 * c / sum, 0, 1);
        }
    }
}
