using EventService.Engine.Kernels;
using EventService.Models.Flows.Networks;
using EventService.Numerics.Functions;

namespace EventService.Models.Flows.Layers;

/// <summary>How the numbers of a network become the bins and derivatives of a spline.</summary>
public enum SplineForm
{
    /// <summary>Sizes minimum + (1 - K minimum) softmax, derivatives minimum + softplus, as in nflows.</summary>
    Softplus,

    /// <summary>Sizes softmax(a / (1 + |2 a / ln slope|)), derivatives exp(a / (1 + |a / ln slope|)), as in zuko.</summary>
    SoftClip,
}

/// <summary>What a spline does outside its interval.</summary>
public enum SplineTails
{
    /// <summary>The identity; the derivatives at both ends are one.</summary>
    Linear,

    /// <summary>Nothing: the density is zero there, and the derivatives at the ends are parameters too.</summary>
    None,
}

/// <summary>
/// A monotonic rational-quadratic spline of K bins from [Low, High] onto itself: Durkan, Bekasov, Murray and Papamakarios, "Neural spline
/// flows", NeurIPS 2019, arXiv:1906.04032, eqs. 4-8. theta is K widths, K heights, then K - 1 derivatives (K + 1 without tails).
/// </summary>
/// <remarks>The inverse is <see cref="SplineInverse"/>, in float32.</remarks>
public sealed record SplineScalarMap : ScalarMap
{
    // A number this far outside, as a share of the interval, is the rounding of a float32 and counts as the edge.
    private const double EdgeTolerance = 1e-6;

    public required SplineForm Form { get; init; }

    /// <summary>K.</summary>
    public required int Bins { get; init; }

    public required double Low { get; init; }

    public required double High { get; init; }

    public required SplineTails Tails { get; init; }

    /// <summary>Factor of the width and height parameters; nflows has 1 / sqrt(hidden features) in couplings.</summary>
    public double LogitScale { get; init; } = 1;

    /// <summary>Smallest width of a bin as a share of the interval.</summary>
    public double MinimumWidth { get; init; }

    /// <summary>Smallest height of a bin as a share of the interval.</summary>
    public double MinimumHeight { get; init; }

    /// <summary>Smallest derivative at a knot.</summary>
    public double MinimumDerivative { get; init; }

    /// <summary>Slope of the soft clip.</summary>
    public double Slope { get; init; } = 1e-3;

    public override int ParameterCount => (3 * Bins) + (Tails == SplineTails.Linear ? -1 : 1);

    public override IReadOnlyList<ParameterRow> KernelRows =>
        [.. Enumerable.Range(0, ParameterCount).Select(r => new ParameterRow(r, r < 2 * Bins ? LogitScale : 1, 0))];

    public override void Forward(ReadOnlySpan<double> theta, int stride, Span<double> x, Span<double> logDensity)
    {
        Span<double> widths = stackalloc double[Bins], heights = stackalloc double[Bins];
        for (var i = 0; i < x.Length; i++)
        {
            var u = (x[i] - Low) / (High - Low);
            if (!(u >= 0 && u <= 1))
            {
                if (Tails == SplineTails.Linear)
                {
                    continue;
                }

                if (!(u >= -EdgeTolerance && u <= 1 + EdgeTolerance))
                {
                    (x[i], logDensity[i]) = (Low, double.NegativeInfinity);
                    continue;
                }

                u = u < 0 ? 0 : 1;
            }

            Exponentials(theta[i..], stride, widths);
            Exponentials(theta[(i + (Bins * stride))..], stride, heights);
            Normalise(widths, MinimumWidth);
            Normalise(heights, MinimumHeight);
            var bin = Find(widths, heights, u);
            var (d0, d1) = (Derivative(Parameter(theta, stride, i, bin.Index)), Derivative(Parameter(theta, stride, i, bin.Index + 1)));
            var (value, logDerivative) = bin.Value(u, d0, d1);
            x[i] = Low + ((High - Low) * value);
            logDensity[i] += logDerivative;
        }
    }

    public override ScalarInverse Inverse()
    {
        var slope = Log.Of(Slope);
        var spline = new SplineInverse(
            Bins, Low, High, Tails == SplineTails.Linear, MinimumWidth, MinimumHeight, MinimumDerivative, Form == SplineForm.SoftClip ? new SplineSoftClip(-2 / slope, -1 / slope) : null);
        return (rows, stride, panelStride, y) => spline.Run(rows, stride, panelStride, y);
    }

    /// <summary>A bin of the unit square: number, left knot, size.</summary>
    private readonly record struct Bin(int Index, double X, double Y, double W, double H)
    {
        /// <summary>
        /// Eqs. 4 and 5 with xi the position in the bin, s its slope, d0 and d1 the derivatives at its ends: value and log-derivative.
        /// </summary>
        public (double Value, double LogDerivative) Value(double u, double d0, double d1)
        {
            var xi = Math.Min(1, (u - X) / W);
            var (theta, s) = (xi * (1 - xi), H / W);
            var denominator = s + ((d1 + d0 - (2 * s)) * theta);
            var slope = s * s * ((d1 * xi * xi) + (2 * s * theta) + (d0 * (1 - xi) * (1 - xi))) / (denominator * denominator);
            return (Y + (H * ((s * xi * xi) + (d0 * theta)) / denominator), Log.Of(slope));
        }
    }

    /// <summary>The last bin whose left edge is not above the point.</summary>
    private static Bin Find(ReadOnlySpan<double> widths, ReadOnlySpan<double> heights, double point)
    {
        var (k, x, y) = (0, 0.0, 0.0);
        while (k < widths.Length - 1 && point >= x + widths[k])
        {
            x += widths[k];
            y += heights[k++];
        }

        return new Bin(k, x, y, widths[k], heights[k]);
    }

    /// <summary>exp of the bounded logits, relative to the greatest.</summary>
    private void Exponentials(ReadOnlySpan<double> logits, int stride, Span<double> sizes)
    {
        var greatest = double.NegativeInfinity;
        for (var k = 0; k < sizes.Length; k++)
        {
            var a = logits[k * stride] * LogitScale;
            sizes[k] = Form == SplineForm.Softplus ? a : a / (1 + Math.Abs(2 * a / Log.Of(Slope)));
            greatest = Math.Max(greatest, sizes[k]);
        }

        foreach (ref var size in sizes)
        {
            size = Exp.Of(size - greatest);
        }
    }

    /// <summary>Exponentials to shares of the interval: minimum + (1 - K minimum) e / sum of e.</summary>
    private static void Normalise(Span<double> sizes, double minimum)
    {
        var sum = 0.0;
        foreach (var e in sizes)
        {
            sum += e;
        }

        var share = (1 - (minimum * sizes.Length)) / sum;
        foreach (ref var size in sizes)
        {
            size = minimum + (share * size);
        }
    }

    /// <summary>The parameter of a knot's derivative; null at the ends where those are one.</summary>
    private double? Parameter(ReadOnlySpan<double> theta, int stride, int lane, int knot) => RowOf(knot) is { } row ? theta[(row * stride) + lane] : null;

    private int? RowOf(int knot) => Tails == SplineTails.None ? (2 * Bins) + knot : knot == 0 || knot == Bins ? null : (2 * Bins) + knot - 1;

    private double Derivative(double? a) => a is not { } given ? 1
        : Form == SplineForm.Softplus ? MinimumDerivative + Softplus.Of(given)
        : Exp.Of(given / (1 + Math.Abs(given / Log.Of(Slope))));
}
