using System.Runtime.CompilerServices;

using EventService.Numerics.Simd;

namespace EventService.Numerics.Functions;

/// <summary>e^x - 1, accurate near zero: 2^n (e^r - 1) + (2^n - 1) with the reduction of <see cref="Exp"/>.</summary>
public static class Expm1
{
    private const float Log2E = 1.44269502f;
    private const float RoundToExponent = 12582912f + 126f;

    /// <summary>
    /// e^x - 1 for every float: -1 at -inf, +inf above 88.72284, keeps the sign of zero. Largest error 1.7 ulp, measured by
    /// <c>Expm1_AgainstDoublePrecision</c>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Of<S, V, I>(V x)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        // At -18 the result rounds to -1. NaN passes the clamps.
        var half = Half<S, V, I>(S.Max(S.Broadcast(-18f), S.Min(S.Broadcast(89f), x)));

        // Below 2^-25 the result is x; doubling a half would round subnormals and lose the sign of zero.
        return S.Select(S.LessThan(S.Abs(x), S.Broadcast(2.98023224e-8f)), x, S.Add(half, half));
    }

    /// <summary>(e^x - 1) / 2 for x in [-86, 89], so that it overflows no earlier than e^x / 2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static V Half<S, V, I>(V x)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        var magic = S.Broadcast(RoundToExponent);
        var t = S.Fma(x, S.Broadcast(Log2E), magic);
        var r = Exp.Reduce<S, V, I>(x, S.Subtract(t, magic));
        var q = S.Fma(S.Multiply(r, r), Exp.Tail<S, V, I>(r), r);
        var s = S.AsFloat(S.ShiftLeft(S.AsInt(t), 23)); // 2^(n - 1)
        return S.Fma(s, q, S.Subtract(s, S.Broadcast(0.5f)));
    }

    /// <summary>One lane of <see cref="Of{S, V, I}(V)"/>.</summary>
    public static float Of(float x) => Of<Simd1, float, int>(x);

    /// <summary>
    /// e^x - 1 for every double, with the same special values. Largest error 0.7 ulp, measured by
    /// <c>Expm1_Double_AgainstReferenceTable</c>.
    /// </summary>
    public static double Of(double x)
    {
        if (double.IsNaN(x))
        {
            return double.NaN;
        }

        if (x > 710)
        {
            return double.PositiveInfinity;
        }

        if (x < -40)
        {
            return -1;
        }

        if (Math.Abs(x) < 1e-17)
        {
            return x;
        }

        const double magic = 6755399441055744.0; // 1.5 * 2^52: adding it rounds to an integer
        var n = Math.FusedMultiplyAdd(x, 1.4426950408889634, magic) - magic;
        var (r, low) = Exp.Reduce(x, n);
        var tail = Math.FusedMultiplyAdd(r * r, Exp.Tail(r), low * (1 + r)); // e^r - 1 = r + tail
        if (n == 0)
        {
            return r + tail;
        }

        // 2 (2^(n-1) (e^r - 1) + (2^(n-1) - 1/2)); the larger two terms are added first and their rounding error is kept.
        var s = Exp.PowerOfTwo((int)n - 1);
        var a = s - 0.5;
        var b = s * r;
        var sum = a + b;
        var rest = Math.Abs(a) > Math.Abs(b) ? b - (sum - a) : a - (sum - b);
        return 2 * (sum + Math.FusedMultiplyAdd(s, tail, rest));
    }
}
