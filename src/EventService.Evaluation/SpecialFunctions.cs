using EventService.Numerics.Functions;

namespace EventService.Evaluation;

/// <summary>
/// Tail probabilities for significances, in double precision with the platform's exp and log: they stand in reports,
/// never on the path of an event or a density.
/// </summary>
public static class SpecialFunctions
{
    /// <summary>Chance that a chi-squared variable of k degrees of freedom exceeds x: Q(k/2, x/2). Relative error below 1e-10.</summary>
    public static double ChiSquaredSurvival(double x, int degreesOfFreedom) => UpperGamma(degreesOfFreedom / 2.0, x / 2);

    /// <summary>Chance that a standard normal variable exceeds z; 2 Q(1/2, z^2/2) is both tails.</summary>
    public static double NormalSurvival(double z)
    {
        var tail = UpperGamma(0.5, z * z / 2) / 2;
        return z >= 0 ? tail : 1 - tail;
    }

    /// <summary>
    /// The z with NormalSurvival(z) = p: a p-value as "sigmas", one-sided, at most 38 where p is zero to double precision.
    /// </summary>
    public static double Significance(double p) => -NormalQuantile.Of(Math.Max(p, 3e-316));

    /// <summary>
    /// Regularised upper incomplete gamma function Q(a, x) for a &gt; 0, x &gt;= 0: the series of P below x = a + 1, the continued fraction
    /// of Q above (Press et al., Numerical Recipes, sec. 6.2).
    /// </summary>
    public static double UpperGamma(double a, double x)
    {
        if (double.IsNaN(x) || x < 0)
        {
            return double.NaN;
        }

        if (x == 0)
        {
            return 1;
        }

        var front = Math.Exp(a * Math.Log(x) - x - LogGamma(a));
        if (x < a + 1)
        {
            double term = 1 / a, sum = term;
            for (var n = 1; n < 100_000 && term > sum * 1e-17; n++)
            {
                term *= x / (a + n);
                sum += term;
            }

            return 1 - front * sum;
        }

        // Modified Lentz.
        const double tiny = 1e-300;
        var b = x + 1 - a;
        var c = 1 / tiny;
        var d = 1 / b;
        var h = d;
        for (var n = 1; n < 100_000; n++)
        {
            var an = -n * (n - a);
            b += 2;
            d = an * d + b;
            d = 1 / (Math.Abs(d) < tiny ? tiny : d);
            c = b + an / c;
            c = Math.Abs(c) < tiny ? tiny : c;
            var delta = d * c;
            h *= delta;
            if (Math.Abs(delta - 1) < 1e-16)
            {
                break;
            }
        }

        return front * h;
    }

    /// <summary>ln Gamma(x) for x &gt; 0 by Lanczos' approximation (g = 7, nine terms), relative error below 1e-14.</summary>
    public static double LogGamma(double x)
    {
        ReadOnlySpan<double> c =
        [
            676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
            12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
        ];
        if (x < 0.5)
        {
            return Math.Log(Math.PI / Math.Sin(Math.PI * x)) - LogGamma(1 - x);
        }

        x -= 1;
        var a = 0.99999999999980993;
        for (var i = 0; i < c.Length; i++)
        {
            a += c[i] / (x + i + 1);
        }

        var t = x + 7.5;
        return 0.5 * Math.Log(2 * Math.PI) + (x + 0.5) * Math.Log(t) - t + Math.Log(a);
    }
}
