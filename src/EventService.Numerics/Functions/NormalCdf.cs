namespace EventService.Numerics.Functions;

/// <summary>
/// The chance Phi(x) that a standard normal variable is below x, in double. W. J. Cody, "Rational Chebyshev approximations for the error
/// function", Math. Comp. 23 (1969) 631-637, as in his routine CALERF, with our exponential.
/// </summary>
public static class NormalCdf
{
    private const double OverRootTwo = 0.70710678118654752440;
    private const double OverRootPi = 0.56418958354775628695;
    private const double HalfLogTwoPi = 0.91893853320467274178;

    private static ReadOnlySpan<double> A =>
        [3.16112374387056560e0, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3, 1.85777706184603153e-1];

    private static ReadOnlySpan<double> B => [2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3];

    private static ReadOnlySpan<double> C =>
        [
            5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1, 2.98635138197400131e2, 8.81952221241769090e2,
            1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3, 2.15311535474403846e-8,
        ];

    private static ReadOnlySpan<double> D =>
        [
            1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3, 3.29079923573345963e3,
            4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
        ];

    private static ReadOnlySpan<double> P =>
        [
            3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4,
            1.63153871373020978e-2,
        ];

    private static ReadOnlySpan<double> Q =>
        [2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1, 6.05183413124413191e-2, 2.33520497626869185e-3];

    /// <summary>
    /// Phi(x) for every double; accurate in the lower tail, for the upper one ask for -x. Relative error below 1e-14 where the result is
    /// normal, measured by <c>NormalCdf_AgainstReference</c>.
    /// </summary>
    public static double Of(double x)
    {
        var t = -x * OverRootTwo;
        return x < -0.66 ? Exp.Of(-x * x / 2) * Scaled(t) / 2
            : x <= 0.66 ? (1 - Erf(t)) / 2
            : 1 - (Exp.Of(-x * x / 2) * Scaled(-t) / 2);
    }

    /// <summary>log Phi(x) for every double, also where Phi underflows: -x^2 / 2 - log(-x) - ... far below zero.</summary>
    public static double LogOf(double x) =>
        x < -0.66 ? Log.Of(Scaled(-x * OverRootTwo) / 2) - (x * x / 2)
        : x <= 0.66 ? Log.Of((1 - Erf(-x * OverRootTwo)) / 2)
        : Log1p.Of(-Exp.Of(-x * x / 2) * Scaled(x * OverRootTwo) / 2);

    /// <summary>The x with log Phi(x) = logP, for logP below 0; also where the probability itself underflows.</summary>
    public static double QuantileOfLog(double logP)
    {
        if (logP > -690)
        {
            return NormalQuantile.Of(Exp.Of(logP));
        }

        // log Phi is nearly -x^2 / 2 - log(-x) - log(2 pi) / 2, and concave: Newton's steps converge from there.
        var x = -Math.Sqrt(-2 * logP);
        x = -Math.Sqrt(-2 * (logP + Log.Of(-x) + HalfLogTwoPi));
        for (var i = 0; i < 3; i++)
        {
            var log = LogOf(x);
            x -= (log - logP) * Exp.Of(log + (x * x / 2) + HalfLogTwoPi);
        }

        return x;
    }

    /// <summary>erf(t) for |t| up to 0.46875.</summary>
    private static double Erf(double t)
    {
        var square = t * t;
        double top = A[4] * square, bottom = square;
        for (var i = 0; i < 3; i++)
        {
            top = (top + A[i]) * square;
            bottom = (bottom + B[i]) * square;
        }

        return t * (top + A[3]) / (bottom + B[3]);
    }

    /// <summary>e^(t^2) erfc(t) for t of at least 0.46.</summary>
    private static double Scaled(double t)
    {
        if (t <= 4)
        {
            double top = C[8] * t, bottom = t;
            for (var i = 0; i < 7; i++)
            {
                top = (top + C[i]) * t;
                bottom = (bottom + D[i]) * t;
            }

            return (top + C[7]) / (bottom + D[7]);
        }

        var over = 1 / (t * t);
        double numerator = P[5] * over, denominator = over;
        for (var i = 0; i < 4; i++)
        {
            numerator = (numerator + P[i]) * over;
            denominator = (denominator + Q[i]) * over;
        }

        return (OverRootPi - (over * (numerator + P[4]) / (denominator + Q[4]))) / t;
    }
}
