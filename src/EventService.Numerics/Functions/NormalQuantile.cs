using System.Runtime.CompilerServices;

using EventService.Numerics.Simd;

namespace EventService.Numerics.Functions;

/// <summary>
/// The z for which a standard normal variable is below z with probability p. In double M. J. Wichura, Algorithm AS 241, Applied
/// Statistics 37 (1988) 477-484, routine PPND16, with our logarithm; in float our own fits (tools/fit_polynomials.py), which are
/// nearer than that paper's PPND7.
/// </summary>
public static class NormalQuantile
{
    /// <summary>
    /// For p in (0, 1); -inf at 0, +inf at 1, NaN outside. Largest error 3.5 ulp, measured by
    /// <c>NormalQuantile_AgainstDoublePrecision</c>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Of<S, V, I>(V p)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        var one = S.Broadcast(1f);
        var half = S.Broadcast(0.5f);
        var q = S.Subtract(p, half);

        // |q| <= 0.35: z = q (sqrt(2 pi) + r c(r)) with r = q^2, relative error 2^-27.1 before rounding
        var r = S.Multiply(q, q);
        var c = S.Broadcast(68272.4609f);
        c = S.Fma(c, r, S.Broadcast(-19027.9297f));
        c = S.Fma(c, r, S.Broadcast(3582.20044f));
        c = S.Fma(c, r, S.Broadcast(-99.1426315f));
        c = S.Fma(c, r, S.Broadcast(58.3517647f));
        c = S.Fma(c, r, S.Broadcast(15.3883581f));
        c = S.Fma(c, r, S.Broadcast(5.77583075f));
        c = S.Fma(c, r, S.Broadcast(2.6249218f));
        var centre = S.Fma(S.Multiply(q, r), c, S.Multiply(q, S.Broadcast(2.50662827f)));

        // Tails: t = sqrt(-2 ln p) with the distance p to the nearer end, which is exact; |z| = t - n(t) / d(t), relative error 2^-26.4
        var end = S.Select(S.LessThan(p, half), p, S.Subtract(one, p));
        var t = S.Sqrt(S.Multiply(S.Broadcast(-2f), Log.Of<S, V, I>(end)));
        var n = S.Broadcast(0.0270984787f);
        n = S.Fma(n, t, S.Broadcast(1.1582768f));
        n = S.Fma(n, t, S.Broadcast(5.79480791f));
        n = S.Fma(n, t, S.Broadcast(2.99994922f));
        var d = S.Broadcast(0.00409614574f);
        d = S.Fma(d, t, S.Broadcast(0.288351029f));
        d = S.Fma(d, t, S.Broadcast(2.56672335f));
        d = S.Fma(d, t, S.Broadcast(3.99834585f));
        d = S.Fma(d, t, one);
        var tail = S.Or(S.Subtract(t, S.Divide(n, d)), S.And(q, S.Broadcast(-0f)));

        var z = S.Select(S.LessOrEqual(S.Abs(q), S.Broadcast(0.35f)), centre, tail);
        z = S.Select(S.Equal(p, S.Broadcast(0f)), S.Broadcast(float.NegativeInfinity), z);
        z = S.Select(S.Equal(p, one), S.Broadcast(float.PositiveInfinity), z);
        var inside = S.And(S.LessOrEqual(S.Broadcast(0f), p), S.LessOrEqual(p, one));
        return S.Select(inside, z, S.Broadcast(float.NaN));
    }

    /// <summary>One lane of <see cref="Of{S, V, I}(V)"/>.</summary>
    public static float Of(float p) => Of<Simd1, float, int>(p);

    /// <summary>
    /// For p in (0, 1), with the same special values. Largest error 4 ulp, measured by
    /// <c>NormalQuantile_Double_AgainstReferenceTable</c>.
    /// </summary>
    public static double Of(double p)
    {
        if (!(p > 0 && p < 1))
        {
            return p == 0 ? double.NegativeInfinity : p == 1 ? double.PositiveInfinity : double.NaN;
        }

        var q = p - 0.5;
        if (Math.Abs(q) <= 0.425)
        {
            return q * Ratio(Math.FusedMultiplyAdd(-q, q, 0.180625), Centre);
        }

        var r = Math.Sqrt(-Log.Of(q < 0 ? p : 1 - p));
        var z = r <= 5 ? Ratio(r - 1.6, NearTail) : Ratio(r - 5, FarTail);
        return q < 0 ? -z : z;
    }

    /// <summary>Eight coefficients of the numerator, then eight of the denominator, lowest power first.</summary>
    private static double Ratio(double r, ReadOnlySpan<double> c)
    {
        var n = c[7];
        var d = c[15];
        for (var k = 6; k >= 0; k--)
        {
            n = Math.FusedMultiplyAdd(n, r, c[k]);
            d = Math.FusedMultiplyAdd(d, r, c[8 + k]);
        }

        return n / d;
    }

    private static ReadOnlySpan<double> Centre =>
    [
        3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
        4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3,
        1, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
        2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3,
    ];

    private static ReadOnlySpan<double> NearTail =>
    [
        1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
        1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4,
        1, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
        1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9,
    ];

    private static ReadOnlySpan<double> FarTail =>
    [
        6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
        2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
        1, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
        7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15,
    ];
}
