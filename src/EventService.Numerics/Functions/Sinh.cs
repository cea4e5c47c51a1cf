using System.Runtime.CompilerServices;

using EventService.Numerics.Simd;

namespace EventService.Numerics.Functions;

/// <summary>The hyperbolic sine, (E + E / (E + 1)) / 2 with E = e^|x| - 1, so that it is accurate near zero.</summary>
public static class Sinh
{
    private const float RoundToExponent = 12582912f + 125f;

    /// <summary>
    /// sinh x for every float: infinite beyond 89.41599, keeps the sign of zero. Largest error 2.2 ulp, measured by
    /// <c>Sinh_AgainstDoublePrecision</c>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Of<S, V, I>(V x)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        var a = S.Min(S.Broadcast(89.5f), S.Abs(x)); // NaN passes

        // quarter = (e^a - 1) / 4, which does not overflow before sinh does.
        var magic = S.Broadcast(RoundToExponent);
        var t = S.Fma(a, S.Broadcast(1.44269502f), magic);
        var r = Exp.Reduce<S, V, I>(a, S.Subtract(t, magic));
        var q = S.Fma(S.Multiply(r, r), Exp.Tail<S, V, I>(r), r);
        var s = S.AsFloat(S.ShiftLeft(S.AsInt(t), 23)); // 2^(n - 2)
        var quarter = S.Fma(s, q, S.Subtract(s, S.Broadcast(0.25f)));
        var two = S.Broadcast(2f);
        var rest = S.Divide(quarter, S.Fma(S.Broadcast(4f), quarter, S.Broadcast(1f)));
        var y = S.Fma(two, rest, S.Multiply(two, quarter));

        // Below 2^-12 the result is x: quarters of subnormals would round.
        y = S.Select(S.LessThan(a, S.Broadcast(2.44140625e-4f)), a, y);
        return S.Or(y, S.And(x, S.Broadcast(-0f)));
    }

    /// <summary>One lane of <see cref="Of{S, V, I}(V)"/>.</summary>
    public static float Of(float x) => Of<Simd1, float, int>(x);

    /// <summary>
    /// sinh x for every double: infinite beyond 710.4758, keeps the sign of zero. Largest error 1.4 ulp, measured by
    /// <c>Sinh_Double_AgainstReferenceTable</c>.
    /// </summary>
    public static double Of(double x)
    {
        var a = Math.Abs(x);
        if (a < 1e-9 || double.IsNaN(x))
        {
            return x;
        }

        double y;
        if (a < 22)
        {
            var e = Expm1.Of(a);
            y = 0.5 * (e + (e / (e + 1)));
        }
        else
        {
            y = Exp.Scaled(a, -1);
        }

        return x < 0 ? -y : y;
    }
}
