using System.Runtime.CompilerServices;

using EventService.Numerics.Simd;

namespace EventService.Numerics.Functions;

/// <summary>
/// The exponential e^x. Reduction x = n ln 2 + r with |r| &lt;= ln(2)/2 and 1 + r + r^2 q(r), q minimax (tools/fit_polynomials.py).
/// </summary>
public static class Exp
{
    private const float Log2E = 1.44269502f;
    private const float Ln2High = 0.693147182f;
    private const float Ln2Low = -1.90465421e-9f;
    private const float Tail1 = 0.166665763f, Tail2 = 0.0416663736f, Tail3 = 0.00836320501f, Tail4 = 0.00139411655f;

    // Adding 1.5 * 2^23 rounds to an integer n and leaves it in the low bits; the extra 127 makes those bits the exponent of 2^n.
    private const float RoundToExponent = 12582912f + 127f;

    // The extra 254 keeps the low bits positive for both halves of the exponent of 2^n, n in [-151, 130].
    private const float RoundToTwoExponents = 12582912f + 254f;

    /// <summary>
    /// e^x for every float, subnormal results included: +inf above 88.72284, 0 below -103.97. Largest error 1 ulp, measured by
    /// <c>Exp_AgainstDoublePrecision</c>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Of<S, V, I>(V x)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        // The constant comes first so that NaN passes the clamps.
        x = S.Max(S.Broadcast(-104f), S.Min(S.Broadcast(89f), x));
        return Scaled<S, V, I>(x, S.Broadcast(1f));
    }

    /// <summary>scale * e^x for x in [-104, 90]; <paramref name="scale"/> a power of two near one, which delays the overflow.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static V Scaled<S, V, I>(V x, V scale)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        var magic = S.Broadcast(RoundToTwoExponents);
        var t = S.Fma(x, S.Broadcast(Log2E), magic);
        var r = Reduce<S, V, I>(x, S.Subtract(t, magic));
        var p = S.Fma(r, S.Fma(r, Tail<S, V, I>(r), S.Broadcast(1f)), S.Broadcast(1f));

        // 2^n in two factors, neither of which over- or underflows.
        var both = S.AsInt(t);
        var half = S.ShiftRight(both, 1);
        var s1 = S.AsFloat(S.ShiftLeft(half, 23));
        var s2 = S.AsFloat(S.ShiftLeft(S.SubtractInt(both, half), 23));
        return S.Multiply(S.Multiply(S.Multiply(p, scale), s1), s2);
    }

    /// <summary>
    /// e^x for x in [-88.3, 89] only, in 12 operations: flushed to 0 below -87.68, +inf already above 88.376. Anything outside is
    /// meaningless. Largest error 1 ulp where the result is a normal number.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Bounded<S, V, I>(V x)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        var magic = S.Broadcast(RoundToExponent);
        var t = S.Fma(x, S.Broadcast(Log2E), magic);
        var r = Reduce<S, V, I>(x, S.Subtract(t, magic));
        var p = S.Fma(r, S.Fma(r, Tail<S, V, I>(r), S.Broadcast(1f)), S.Broadcast(1f));
        return S.Multiply(p, S.AsFloat(S.ShiftLeft(S.AsInt(t), 23)));
    }

    /// <summary>
    /// <see cref="Bounded{S, V, I}(V)"/> for four vectors, with the same bits: each is a chain of dependent operations, and four
    /// interleaved chains keep the processor busier.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (V Y0, V Y1, V Y2, V Y3) Bounded<S, V, I>(V x0, V x1, V x2, V x3)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        V magic = S.Broadcast(RoundToExponent), log2E = S.Broadcast(Log2E), c = S.Broadcast(Ln2High);
        V t0 = S.Fma(x0, log2E, magic), t1 = S.Fma(x1, log2E, magic), t2 = S.Fma(x2, log2E, magic), t3 = S.Fma(x3, log2E, magic);
        V n0 = S.Subtract(t0, magic), n1 = S.Subtract(t1, magic), n2 = S.Subtract(t2, magic), n3 = S.Subtract(t3, magic);
        V r0 = S.FmaNegated(n0, c, x0), r1 = S.FmaNegated(n1, c, x1), r2 = S.FmaNegated(n2, c, x2), r3 = S.FmaNegated(n3, c, x3);
        c = S.Broadcast(Ln2Low);
        (r0, r1, r2, r3) = (S.FmaNegated(n0, c, r0), S.FmaNegated(n1, c, r1), S.FmaNegated(n2, c, r2), S.FmaNegated(n3, c, r3));
        V q0 = S.Broadcast(Tail4), q1 = q0, q2 = q0, q3 = q0;
        c = S.Broadcast(Tail3);
        (q0, q1, q2, q3) = (S.Fma(q0, r0, c), S.Fma(q1, r1, c), S.Fma(q2, r2, c), S.Fma(q3, r3, c));
        c = S.Broadcast(Tail2);
        (q0, q1, q2, q3) = (S.Fma(q0, r0, c), S.Fma(q1, r1, c), S.Fma(q2, r2, c), S.Fma(q3, r3, c));
        c = S.Broadcast(Tail1);
        (q0, q1, q2, q3) = (S.Fma(q0, r0, c), S.Fma(q1, r1, c), S.Fma(q2, r2, c), S.Fma(q3, r3, c));
        c = S.Broadcast(0.5f);
        (q0, q1, q2, q3) = (S.Fma(q0, r0, c), S.Fma(q1, r1, c), S.Fma(q2, r2, c), S.Fma(q3, r3, c));
        c = S.Broadcast(1f);
        (q0, q1, q2, q3) = (S.Fma(r0, q0, c), S.Fma(r1, q1, c), S.Fma(r2, q2, c), S.Fma(r3, q3, c));
        (q0, q1, q2, q3) = (S.Fma(r0, q0, c), S.Fma(r1, q1, c), S.Fma(r2, q2, c), S.Fma(r3, q3, c));
        return (
            S.Multiply(q0, S.AsFloat(S.ShiftLeft(S.AsInt(t0), 23))),
            S.Multiply(q1, S.AsFloat(S.ShiftLeft(S.AsInt(t1), 23))),
            S.Multiply(q2, S.AsFloat(S.ShiftLeft(S.AsInt(t2), 23))),
            S.Multiply(q3, S.AsFloat(S.ShiftLeft(S.AsInt(t3), 23))));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static V Reduce<S, V, I>(V x, V n)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
        => S.FmaNegated(n, S.Broadcast(Ln2Low), S.FmaNegated(n, S.Broadcast(Ln2High), x));

    /// <summary>q(r) = (e^r - 1 - r) / r^2 on |r| &lt;= ln(2)/2; relative error of e^r 2^-25.4 before rounding.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static V Tail<S, V, I>(V r)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        var q = S.Broadcast(Tail4);
        q = S.Fma(q, r, S.Broadcast(Tail3));
        q = S.Fma(q, r, S.Broadcast(Tail2));
        q = S.Fma(q, r, S.Broadcast(Tail1));
        return S.Fma(q, r, S.Broadcast(0.5f));
    }

    /// <summary>One lane of <see cref="Of{S, V, I}(V)"/>.</summary>
    public static float Of(float x) => Of<Simd1, float, int>(x);

    /// <summary>
    /// e^x for every double, subnormal results included. Largest error 0.7 ulp where the result is normal, measured by
    /// <c>Exp_Double_AgainstReferenceTable</c>.
    /// </summary>
    public static double Of(double x) => Scaled(x, 0);

    /// <summary>2^k e^x, with one over- or underflow at the end.</summary>
    internal static double Scaled(double x, int k)
    {
        if (double.IsNaN(x))
        {
            return double.NaN;
        }

        if (x > 800)
        {
            return double.PositiveInfinity;
        }

        if (x < -800)
        {
            return 0;
        }

        const double magic = 6755399441055744.0; // 1.5 * 2^52: adding it rounds to an integer
        var t = Math.FusedMultiplyAdd(x, 1.4426950408889634, magic);
        var n = t - magic;
        var (r, low) = Reduce(x, n);
        var p = 1 + (r + Math.FusedMultiplyAdd(r * r, Tail(r), low));
        return ScaleByPowerOfTwo(p, (int)n + k);
    }

    /// <summary>x - n ln 2 as a sum of two doubles.</summary>
    internal static (double High, double Low) Reduce(double x, double n)
    {
        const double ln2High = 0.6931471805599453;
        const double ln2Low = 2.3190468138462996e-17;
        var a = Math.FusedMultiplyAdd(-n, ln2High, x); // exact
        var r = Math.FusedMultiplyAdd(-n, ln2Low, a);
        return (r, Math.FusedMultiplyAdd(-n, ln2Low, a - r));
    }

    /// <summary>q(r) = (e^r - 1 - r) / r^2 on |r| &lt;= ln(2)/2; relative error of e^r 2^-60.</summary>
    internal static double Tail(double r)
    {
        var q = 2.0921627107528686e-09;
        q = Math.FusedMultiplyAdd(q, r, 2.5105260229478966e-08);
        q = Math.FusedMultiplyAdd(q, r, 2.7557252801307097e-07);
        q = Math.FusedMultiplyAdd(q, r, 2.7557255296107255e-06);
        q = Math.FusedMultiplyAdd(q, r, 2.480158734745375e-05);
        q = Math.FusedMultiplyAdd(q, r, 0.00019841269874902926);
        q = Math.FusedMultiplyAdd(q, r, 0.001388888888887435);
        q = Math.FusedMultiplyAdd(q, r, 0.008333333333326112);
        q = Math.FusedMultiplyAdd(q, r, 0.041666666666666685);
        q = Math.FusedMultiplyAdd(q, r, 0.1666666666666667);
        return Math.FusedMultiplyAdd(q, r, 0.5);
    }

    /// <summary>p 2^n for |n| &lt;= 2000, rounded once.</summary>
    internal static double ScaleByPowerOfTwo(double p, int n)
    {
        var half = n >> 1;
        return p * PowerOfTwo(half) * PowerOfTwo(n - half);
    }

    /// <summary>2^n for n in [-1022, 1023].</summary>
    internal static double PowerOfTwo(int n) => BitConverter.Int64BitsToDouble((long)(n + 1023) << 52);
}
