using System.Runtime.CompilerServices;

using EventService.Numerics.Simd;

namespace EventService.Numerics.Functions;

/// <summary>
/// The exponential linear unit, Clevert, Unterthiner and Hochreiter 2015 (arXiv:1511.07289, eq. 15): x above zero, else alpha (e^x - 1).
/// </summary>
public static class Elu
{
    /// <summary>For every float and alpha > 0; keeps the sign of zero. The error is that of <see cref="Expm1"/> and one product.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Of<S, V, I>(V x, V alpha)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
        => S.Select(S.LessThan(S.Broadcast(0f), x), x, S.Multiply(alpha, Expm1.Of<S, V, I>(x)));

    /// <summary>d/dx: 1 above zero, else alpha e^x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Derivative<S, V, I>(V x, V alpha)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
        => S.Select(S.LessThan(S.Broadcast(0f), x), S.Broadcast(1f), S.Multiply(alpha, Exp.Of<S, V, I>(x)));

    /// <summary>One lane of <see cref="Of{S, V, I}(V, V)"/>.</summary>
    public static float Of(float x, float alpha = 1) => Of<Simd1, float, int>(x, alpha);

    /// <summary>One lane of <see cref="Derivative{S, V, I}(V, V)"/>.</summary>
    public static float Derivative(float x, float alpha = 1) => Derivative<Simd1, float, int>(x, alpha);

    public static double Of(double x, double alpha = 1) => x > 0 ? x : alpha * Expm1.Of(x);

    public static double Derivative(double x, double alpha = 1) => x > 0 ? 1 : alpha * Exp.Of(x);
}
