using System.Runtime.CompilerServices;

using EventService.Numerics.Simd;

namespace EventService.Numerics.Functions;

/// <summary>ln(1 + e^x), computed as max(x, 0) + ln(1 + e^-|x|). Its derivative is <see cref="Sigmoid"/>.</summary>
public static class Softplus
{
    /// <summary>
    /// ln(1 + e^x) for every float; flushed to 0 below -87.68, where the result is subnormal. Largest error 2.1 ulp, measured by
    /// <c>Softplus_AgainstDoublePrecision</c>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Of<S, V, I>(V x)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        var e = Exp.Bounded<S, V, I>(S.Max(S.Broadcast(-88f), S.Negate(S.Abs(x))));

        // ln(1 + e) / e on [0, 1], minimax (tools/fit_polynomials.py), error 2^-27.7
        var p = S.Broadcast(-0.00324402447f);
        p = S.Fma(p, e, S.Broadcast(0.0198514592f));
        p = S.Fma(p, e, S.Broadcast(-0.0569595322f));
        p = S.Fma(p, e, S.Broadcast(0.106036544f));
        p = S.Fma(p, e, S.Broadcast(-0.153055921f));
        p = S.Fma(p, e, S.Broadcast(0.196759388f));
        p = S.Fma(p, e, S.Broadcast(-0.249541342f));
        p = S.Fma(p, e, S.Broadcast(0.333299637f));
        p = S.Fma(p, e, S.Broadcast(-0.499999017f));
        p = S.Fma(p, e, S.Broadcast(1f));
        return S.Fma(e, p, S.Max(S.Broadcast(0f), x));
    }

    /// <summary>One lane of <see cref="Of{S, V, I}(V)"/>.</summary>
    public static float Of(float x) => Of<Simd1, float, int>(x);

    /// <summary>
    /// ln(1 + e^x) for every double, subnormal results included. Largest error 1 ulp, measured by
    /// <c>Softplus_Double_AgainstReferenceTable</c>.
    /// </summary>
    public static double Of(double x) => x > 0 ? x + Log1p.Of(Exp.Of(-x)) : Log1p.Of(Exp.Of(x));
}
