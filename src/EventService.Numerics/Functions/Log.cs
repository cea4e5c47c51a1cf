using System.Runtime.CompilerServices;

using EventService.Numerics.Simd;

namespace EventService.Numerics.Functions;

/// <summary>
/// The natural logarithm. Reduction x = 2^n (1 + f); in float f - f^2/2 + f^3 p(f), p minimax; in double through
/// 2 atanh(f / (2 + f)) (tools/fit_polynomials.py).
/// </summary>
public static class Log
{
    private const float Ln2 = 0.693147182f;
    private const int TwoThirds = 0x3F2AAAAB;
    private const float SmallestNormal = 1.17549435e-38f;

    /// <summary>
    /// ln x for every float, subnormal arguments included: -inf at either zero, NaN below zero, +inf at +inf. Largest error
    /// 1 ulp, measured by <c>Log_AgainstDoublePrecision</c>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Of<S, V, I>(V x)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        var tiny = S.LessThan(x, S.Broadcast(SmallestNormal));
        var scaled = S.Select(tiny, S.Multiply(x, S.Broadcast(8388608f)), x);
        var offset = S.And(tiny, S.Broadcast(-23f));

        // 1 + f in [2/3, 4/3)
        var bits = S.SubtractInt(S.AsInt(scaled), S.BroadcastInt(TwoThirds));
        var n = S.Add(S.ToFloat(S.ShiftRight(bits, 23)), offset);
        var m = S.AsFloat(S.AddInt(S.AndInt(bits, S.BroadcastInt(0x007FFFFF)), S.BroadcastInt(TwoThirds)));
        var f = S.Subtract(m, S.Broadcast(1f));
        var y = S.Fma(n, S.Broadcast(Ln2), OfOnePlus<S, V, I>(f));

        y = S.Select(S.LessThan(S.Broadcast(float.MaxValue), x), x, y);
        y = S.Select(S.Equal(x, S.Broadcast(0f)), S.Broadcast(float.NegativeInfinity), y);
        return S.Select(S.LessOrEqual(S.Broadcast(0f), x), y, S.Broadcast(float.NaN));
    }

    /// <summary>ln(1 + f) on |f| &lt;= 1/3; relative error 2^-25.9 before rounding.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static V OfOnePlus<S, V, I>(V f)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        var p = S.Broadcast(-0.127425924f);
        p = S.Fma(p, f, S.Broadcast(0.134343684f));
        p = S.Fma(p, f, S.Broadcast(-0.122264341f));
        p = S.Fma(p, f, S.Broadcast(0.141168937f));
        p = S.Fma(p, f, S.Broadcast(-0.166767761f));
        p = S.Fma(p, f, S.Broadcast(0.200038388f));
        p = S.Fma(p, f, S.Broadcast(-0.249998957f));
        p = S.Fma(p, f, S.Broadcast(0.333333194f));
        p = S.Fma(p, f, S.Broadcast(-0.5f));
        return S.Fma(S.Multiply(f, f), p, f);
    }

    /// <summary>One lane of <see cref="Of{S, V, I}(V)"/>.</summary>
    public static float Of(float x) => Of<Simd1, float, int>(x);

    /// <summary>
    /// ln x for every double, with the same special values. Largest error 0.8 ulp, measured by
    /// <c>Log_Double_AgainstReferenceTable</c>.
    /// </summary>
    public static double Of(double x)
    {
        if (!(x > 0) || x > double.MaxValue)
        {
            return x == 0 ? double.NegativeInfinity : x > 0 ? x : double.NaN;
        }

        var n = 0;
        if (x < 2.2250738585072014e-308)
        {
            x *= 18014398509481984.0; // 2^54
            n = -54;
        }

        // 1 + f in [sqrt(1/2), sqrt(2))
        const long rootHalf = 0x3FE6A09E667F3BCD;
        var bits = BitConverter.DoubleToInt64Bits(x) - rootHalf;
        n += (int)(bits >> 52);
        var f = BitConverter.Int64BitsToDouble((bits & 0x000FFFFFFFFFFFFF) + rootHalf) - 1;
        return OfOnePlus(f, n, 0);
    }

    /// <summary>n ln 2 + ln(1 + f) + low for 1 + f in [sqrt(1/2), sqrt(2)).</summary>
    internal static double OfOnePlus(double f, int n, double low)
    {
        const double ln2High = 0.693147180559663; // 41 bits: n ln2High is exact
        const double ln2Low = 2.8235290563031577e-13;

        // ln(1 + f) = 2 atanh(s) = 2 s + s R, and 2 s = f - f^2/2 + s f^2/2
        var s = f / (2 + f);
        var z = s * s;
        var half = 0.5 * f * f;
        var a = Math.FusedMultiplyAdd(n, ln2Low, low) + (s * (half + (z * AtanhTail(z))));
        return (n * ln2High) - (half - a - f);
    }

    /// <summary>2 (atanh(s)/s - 1) / s^2 in z = s^2 on |s| &lt;= 3 - 2 sqrt(2); error relative to ln(1 + f) 2^-66.</summary>
    private static double AtanhTail(double z)
    {
        var r = 0.13252755096677124;
        r = Math.FusedMultiplyAdd(r, z, 0.13249962005511343);
        r = Math.FusedMultiplyAdd(r, z, 0.15387097651286527);
        r = Math.FusedMultiplyAdd(r, z, 0.18181775508529804);
        r = Math.FusedMultiplyAdd(r, z, 0.22222222648750203);
        r = Math.FusedMultiplyAdd(r, z, 0.28571428569072965);
        r = Math.FusedMultiplyAdd(r, z, 0.40000000000006286);
        return Math.FusedMultiplyAdd(r, z, 0.6666666666666666);
    }
}
