using System.Runtime.CompilerServices;

using EventService.Numerics.Simd;

namespace EventService.Engine.Kernels;

/// <summary>
/// x / (1 + |x| / limit), element by element: the identity near zero, bent so that it stays between -limit and limit. The error is that
/// of a fused multiply-add and a quotient. NaN where x is infinite.
/// </summary>
public static class SoftClipKernel
{
    /// <summary>y = x / (1 + |x| / limit). y may be x.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Forward(ReadOnlySpan<float> x, Span<float> y, float limit) => ElementwiseLoop.Forward(new Operation(1 / limit), x, y);

    /// <summary>dx += dy / (1 + |x| / limit)^2.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Backward(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx, float limit) =>
        ElementwiseLoop.Backward(new Operation(1 / limit), x, y, dy, dx);

    private readonly struct Operation(float overLimit) : IElementwise
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V Value<S, V, I>(V x)
            where S : struct, ISimd<V, I>
            where V : struct
            where I : struct
            => S.Divide(x, Denominator<S, V, I>(x));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V Derivative<S, V, I>(V x, V y)
            where S : struct, ISimd<V, I>
            where V : struct
            where I : struct
        {
            var q = S.Divide(S.Broadcast(1), Denominator<S, V, I>(x));
            return S.Multiply(q, q);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private V Denominator<S, V, I>(V x)
            where S : struct, ISimd<V, I>
            where V : struct
            where I : struct
            => S.Fma(S.Abs(x), S.Broadcast(overLimit), S.Broadcast(1));
    }
}
