using EventService.Numerics.Functions;

namespace EventService.Models.Columns;

public abstract partial record ObservableMap
{
    /// <summary>
    /// Gauss-rank: a smooth rising map through (x_k, z_k), where a share Phi(z_k) of the training values lies below x_k. Between the knots
    /// it is the rational quadratic of Gregory and Delbourgo, IMA J. Numer. Anal. 2 (1982) 123, with the given slopes at the knots, so that
    /// the density is continuous. Beyond the last knot z^2 = z_K^2 + 2 z_K d_K (x - x_K), and likewise below the first, which continues
    /// value and slope: a normal z then is an exponential tail of x, in the scale that the maps before this one leave, and values beyond
    /// all training values keep a finite density.
    /// </summary>
    /// <param name="Knots">x_k, rising strictly.</param>
    /// <param name="Values">z_k, rising strictly, the first below zero and the last above.</param>
    /// <param name="Slopes">dz/dx at the knots, above zero.</param>
    public sealed record GaussRank(double[] Knots, double[] Values, double[] Slopes) : ObservableMap
    {
        public override string? Fault()
        {
            if (Knots is null || Values is null || Slopes is null || Knots.Length < 2 || Knots.Length != Values.Length || Knots.Length != Slopes.Length)
            {
                return "gauss-rank has differing numbers of knots, values and slopes, expected as many, at least two of each";
            }

            for (var k = 0; k < Knots.Length; k++)
            {
                if (!double.IsFinite(Knots[k]) || !double.IsFinite(Values[k]) || !(Slopes[k] > 0) || !double.IsFinite(Slopes[k]) || (k > 0 && (Knots[k] <= Knots[k - 1] || Values[k] <= Values[k - 1])))
                {
                    return $"gauss-rank has the knot {Knots[k]}, {Values[k]} with the slope {Slopes[k]} at place {k}, expected finite numbers that rise and a slope above 0";
                }
            }

            return Values[0] < 0 && Values[^1] > 0 ? null : $"gauss-rank reaches from {Values[0]} to {Values[^1]}, expected from below to above 0";
        }

        public override (double T, double LogDerivative) Forward(double x)
        {
            var (first, last) = (Values[0], Values[^1]);
            if (!double.IsFinite(x))
            {
                return (double.NaN, double.NaN);
            }

            if (x < Knots[0] || x > Knots[^1])
            {
                var (z, d, distance) = x < Knots[0] ? (first, Slopes[0], x - Knots[0]) : (last, Slopes[^1], x - Knots[^1]);
                var square = (z * z) + (2 * z * d * distance);
                var t = Math.CopySign(Math.Sqrt(square), z);
                return (t, Log.Of(z * d / t));
            }

            var k = KnotCells.CellOf(Knots, x);
            double w = Knots[k + 1] - Knots[k], h = Values[k + 1] - Values[k], s = h / w, xi = (x - Knots[k]) / w;
            var theta = xi * (1 - xi);
            var denominator = s + ((Slopes[k + 1] + Slopes[k] - (2 * s)) * theta);
            var ratio = s / denominator;
            return (
                Values[k] + (h * ((s * xi * xi) + (Slopes[k] * theta)) / denominator),
                Log.Of(ratio * ratio * ((Slopes[k + 1] * xi * xi) + (2 * s * theta) + (Slopes[k] * (1 - xi) * (1 - xi)))));
        }

        public override double Inverse(double t)
        {
            var (first, last) = (Values[0], Values[^1]);
            if (t < first)
            {
                return Knots[0] + (((t * t) - (first * first)) / (2 * first * Slopes[0]));
            }

            if (t > last)
            {
                return Knots[^1] + (((t * t) - (last * last)) / (2 * last * Slopes[^1]));
            }

            if (!double.IsFinite(t))
            {
                return double.NaN;
            }

            var k = KnotCells.CellOf(Values, t);
            double w = Knots[k + 1] - Knots[k], h = Values[k + 1] - Values[k], s = h / w, rise = t - Values[k];
            var bend = rise * (Slopes[k] + Slopes[k + 1] - (2 * s));

            // The form of the root of a xi^2 + b xi + c that adds numbers of one sign; a + b = h s.
            double b = (h * Slopes[k]) - bend, a = (h * s) - b, c = -s * rise;
            var sum = Math.Abs(b) + Math.Sqrt(Math.Max((b * b) - (4 * a * c), 0));
            return Knots[k] + (w * Math.Clamp(b < 0 ? sum / (2 * a) : -2 * c / sum, 0, 1));
        }
    }
}
