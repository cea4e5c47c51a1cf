using System.Runtime.CompilerServices;

using EventService.Numerics.Simd;

namespace EventService.Numerics.Functions;

/// <summary>
/// Sine and cosine together. Reduction x = n pi/2 + r (Cody and Waite 1980, with fused multiply-add) and minimax polynomials on
/// |r| &lt;= pi/4 (tools/fit_polynomials.py).
/// </summary>
public static class SinCos
{
    /// <summary>Largest |x| of the float version; beyond it, at infinities and for NaN both results are NaN.</summary>
    public const float LargestFloat = 131072f;

    /// <summary>Largest |x| of the double version; beyond it, at infinities and for NaN both results are NaN.</summary>
    public const double LargestDouble = 1073741824.0;

    /// <summary>
    /// sin x and cos x for |x| &lt;= 131072; sin keeps the sign of zero. Largest error 1.6 ulp each, measured by
    /// <c>SinCos_AgainstDoublePrecision</c>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (V Sin, V Cos) Of<S, V, I>(V x)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        // Adding 1.5 * 2^23 rounds to an integer n and leaves it in the low bits.
        var magic = S.Broadcast(12582912f);
        var t = S.Fma(x, S.Broadcast(0.636619747f), magic);
        var n = S.Subtract(t, magic);
        var quadrant = S.AsInt(t);

        // pi/2 in three parts rounded towards zero: all products n * part are subtracted, so that x = -0 stays -0.
        var r = S.FmaNegated(n, S.Broadcast(1.57079625f), x);
        r = S.FmaNegated(n, S.Broadcast(7.54978942e-08f), r);
        r = S.FmaNegated(n, S.Broadcast(5.39030253e-15f), r);

        var one = S.Broadcast(1f);
        var z = S.Multiply(r, r);
        var sine = S.Fma(z, S.Broadcast(-0.000195108398f), S.Broadcast(0.00833213143f));
        sine = S.Fma(z, sine, S.Broadcast(-0.166666538f));
        sine = S.Fma(S.Multiply(z, r), sine, r);
        var cosine = S.Fma(z, S.Broadcast(2.4431205e-05f), S.Broadcast(-0.0013887306f));
        cosine = S.Fma(z, cosine, S.Broadcast(0.0416666456f));
        cosine = S.Fma(S.Multiply(z, z), cosine, S.Fma(S.Broadcast(-0.5f), z, one));

        // Odd quadrants exchange the two; bit 1 of n (of n + 1) is the sign of the sine (cosine).
        var odd = S.AsFloat(S.ShiftRight(S.ShiftLeft(quadrant, 31), 31));
        var two = S.BroadcastInt(2);
        var sineSign = S.AsFloat(S.ShiftLeft(S.AndInt(quadrant, two), 30));
        var cosineSign = S.AsFloat(S.ShiftLeft(S.AndInt(S.AddInt(quadrant, S.BroadcastInt(1)), two), 30));
        var inside = S.LessOrEqual(S.Abs(x), S.Broadcast(LargestFloat));
        var nan = S.Broadcast(float.NaN);
        sine = S.Select(S.Equal(x, S.Broadcast(0f)), x, sine); // r + r^3 s(r^2) is +0 for either zero
        return (
            S.Select(inside, S.Xor(S.Select(odd, cosine, sine), sineSign), nan),
            S.Select(inside, S.Xor(S.Select(odd, sine, cosine), cosineSign), nan));
    }

    /// <summary>One lane of <see cref="Of{S, V, I}(V)"/>.</summary>
    public static (float Sin, float Cos) Of(float x) => Of<Simd1, float, int>(x);

    /// <summary>
    /// sin x and cos x for |x| &lt;= 2^30; sin keeps the sign of zero. Largest error 0.7 ulp each, measured by
    /// <c>SinCos_Double_AgainstReferenceTable</c>.
    /// </summary>
    public static (double Sin, double Cos) Of(double x)
    {
        if (!(Math.Abs(x) <= LargestDouble))
        {
            return (double.NaN, double.NaN);
        }

        const double magic = 6755399441055744.0; // 1.5 * 2^52
        const double part1 = 1.5707963267948966;
        const double part2 = 6.123233995736765e-17;
        const double part3 = 1.0828566739219139e-32;
        var n = Math.FusedMultiplyAdd(x, 0.6366197723675814, magic) - magic;

        // r + low = x - n (part1 + part2 + part3): the first difference is exact, the others keep their rounding errors.
        var a = Math.FusedMultiplyAdd(-n, part1, x);
        var b = n * part2;
        var bLow = Math.FusedMultiplyAdd(n, part2, -b);
        var r = a - b;
        var rounded = a - r;
        var low = (a - (r + rounded)) + (rounded - b) - bLow - (n * part3);
        var high = r + low;
        low = r - high + low;
        r = high;

        var z = r * r;
        var s = 1.5893583571674296e-10;
        s = Math.FusedMultiplyAdd(s, z, -2.505070403350501e-08);
        s = Math.FusedMultiplyAdd(s, z, 2.7557313355973793e-06);
        s = Math.FusedMultiplyAdd(s, z, -0.00019841269828870003);
        s = Math.FusedMultiplyAdd(s, z, 0.008333333333321286);
        s = Math.FusedMultiplyAdd(s, z, -0.16666666666666627);
        var half = 0.5 * z;
        var sine = n == 0 ? Math.FusedMultiplyAdd(z * r, s, r) : r + Math.FusedMultiplyAdd(z * r, s, low * (1 - half));

        var c = -1.1357447801713555e-11;
        c = Math.FusedMultiplyAdd(c, z, 2.087568186229059e-09);
        c = Math.FusedMultiplyAdd(c, z, -2.7557314056444145e-07);
        c = Math.FusedMultiplyAdd(c, z, 2.4801587288491613e-05);
        c = Math.FusedMultiplyAdd(c, z, -0.0013888888888872598);
        c = Math.FusedMultiplyAdd(c, z, 0.04166666666666659);
        var w = 1 - half;
        var cosine = w + (1 - w - half + ((z * z * c) - (r * low)));

        return ((long)n & 3) switch
        {
            0 => (x == 0 ? x : sine, cosine),
            1 => (cosine, -sine),
            2 => (-sine, -cosine),
            _ => (-cosine, sine),
        };
    }
}
