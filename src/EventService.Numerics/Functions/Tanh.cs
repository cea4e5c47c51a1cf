using System.Runtime.CompilerServices;

using EventService.Numerics.Simd;

namespace EventService.Numerics.Functions;

/// <summary>The hyperbolic tangent, (e^2x - 1) / (e^2x + 1) through e^2x - 1 so that it is accurate near zero.</summary>
public static class Tanh
{
    /// <summary>
    /// tanh x for every float; keeps the sign of zero. Largest error 2.5 ulp, measured by <c>Tanh_AgainstDoublePrecision</c>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Of<S, V, I>(V x)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        // Above 9.02 the result rounds to 1. NaN passes the clamp.
        var a = S.Min(S.Broadcast(10f), S.Abs(x));
        var half = Expm1.Half<S, V, I>(S.Add(a, a));
        var y = S.Divide(half, S.Add(half, S.Broadcast(1f)));

        // Below 2^-13 the result is x: halves of subnormals would round.
        y = S.Select(S.LessThan(a, S.Broadcast(1.22070312e-4f)), a, y);
        return S.Or(y, S.And(x, S.Broadcast(-0f)));
    }

    /// <summary>One lane of <see cref="Of{S, V, I}(V)"/>.</summary>
    public static float Of(float x) => Of<Simd1, float, int>(x);

    /// <summary>
    /// tanh x for every double; keeps the sign of zero. Largest error 1.6 ulp, measured by <c>Tanh_Double_AgainstReferenceTable</c>.
    /// </summary>
    public static double Of(double x)
    {
        var a = Math.Abs(x);
        if (!(a < 22))
        {
            return double.IsNaN(x) ? double.NaN : x > 0 ? 1 : -1;
        }

        double y;
        if (a >= 1)
        {
            y = 1 - (2 / (Expm1.Of(2 * a) + 2));
        }
        else
        {
            var e = Expm1.Of(-2 * a);
            y = -e / (e + 2);
        }

        return x < 0 || BitConverter.DoubleToInt64Bits(x) < 0 ? -y : y;
    }
}
