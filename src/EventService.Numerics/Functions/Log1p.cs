using System.Runtime.CompilerServices;

using EventService.Numerics.Simd;

namespace EventService.Numerics.Functions;

/// <summary>
/// ln(1 + x), accurate near zero. With 2^n near 1 + x it is n ln 2 + ln(1 + f), f = x 2^-n + (2^-n - 1), so that 1 + x is never rounded.
/// </summary>
public static class Log1p
{
    private const int TwoThirds = 0x3F2AAAAB;

    /// <summary>
    /// ln(1 + x) for every float: -inf at -1, NaN below, +inf at +inf, keeps the sign of zero. Largest error 1.7 ulp, measured by
    /// <c>Log1p_AgainstDoublePrecision</c>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Of<S, V, I>(V x)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        var one = S.Broadcast(1f);

        // n such that (1 + x) 2^-n is in [2/3, 4/3): the bits of n are the exponent field, here still in place.
        var u = S.Add(x, one);
        var exponent = S.AndInt(S.SubtractInt(S.AsInt(u), S.BroadcastInt(TwoThirds)), S.BroadcastInt(unchecked((int)0xFF800000)));
        var n = S.ToFloat(S.ShiftRight(exponent, 23));

        // x 2^-n by exponent arithmetic (n is 0 where x is small or subnormal), then 2^-n - 1 from 4 * 2^-n, which never underflows.
        var scaled = S.AsFloat(S.SubtractInt(S.AsInt(x), exponent));
        var fourth = S.AsFloat(S.SubtractInt(S.BroadcastInt(0x40800000), exponent));
        var f = S.Add(scaled, S.Fma(S.Broadcast(0.25f), fourth, S.Broadcast(-1f)));
        var y = S.Fma(n, S.Broadcast(0.693147182f), Log.OfOnePlus<S, V, I>(f));

        y = S.Select(S.LessThan(S.Broadcast(float.MaxValue), x), x, y);
        y = S.Select(S.Equal(x, S.Broadcast(0f)), x, y);
        y = S.Select(S.Equal(x, S.Broadcast(-1f)), S.Broadcast(float.NegativeInfinity), y);
        return S.Select(S.LessOrEqual(S.Broadcast(-1f), x), y, S.Broadcast(float.NaN));
    }

    /// <summary>One lane of <see cref="Of{S, V, I}(V)"/>.</summary>
    public static float Of(float x) => Of<Simd1, float, int>(x);

    /// <summary>
    /// ln(1 + x) for every double, with the same special values. Largest error 0.8 ulp, measured by
    /// <c>Log1p_Double_AgainstReferenceTable</c>.
    /// </summary>
    public static double Of(double x)
    {
        if (!(x > -1) || x > double.MaxValue)
        {
            return x == -1 ? double.NegativeInfinity : x > 0 ? x : double.NaN;
        }

        if (Math.Abs(x) < 1e-17)
        {
            return x; // keeps the sign of zero and subnormals
        }

        // 1 + x = u + rest exactly; 1 + f = 2^-n u, and rest / u is the first-order correction.
        var u = 1 + x;
        var rest = x < 1 ? x - (u - 1) : 1 - (u - x);
        const long rootHalf = 0x3FE6A09E667F3BCD;
        var bits = BitConverter.DoubleToInt64Bits(u) - rootHalf;
        var n = (int)(bits >> 52);
        var f = n == 0 ? x : BitConverter.Int64BitsToDouble((bits & 0x000FFFFFFFFFFFFF) + rootHalf) - 1;
        return Log.OfOnePlus(f, n, n == 0 ? 0 : rest / u);
    }
}
