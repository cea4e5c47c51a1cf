using System.Runtime.CompilerServices;

using EventService.Numerics.Simd;

namespace EventService.Engine.Kernels;

/// <summary>x above zero, else slope x, element by element (Maas, Hannun and Ng, ICML 2013 workshop); NaN passes.</summary>
public static class LeakyReluKernel
{
    /// <summary>y = x above zero, else slope x. y may be x.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Forward(ReadOnlySpan<float> x, Span<float> y, float slope = 0.01f) => ElementwiseLoop.Forward(new Operation(slope), x, y);

    /// <summary>dx += dy above zero, else slope dy.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Backward(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx, float slope = 0.01f) =>
        ElementwiseLoop.Backward(new Operation(slope), x, y, dy, dx);

    private readonly struct Operation(float slope) : IElementwise
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V Value<S, V, I>(V x)
            where S : struct, ISimd<V, I>
            where V : struct
            where I : struct
            => S.Select(S.LessThan(S.Broadcast(0f), x), x, S.Multiply(S.Broadcast(slope), x));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V Derivative<S, V, I>(V x, V y)
            where S : struct, ISimd<V, I>
            where V : struct
            where I : struct
            => S.Select(S.LessThan(S.Broadcast(0f), x), S.Broadcast(1f), S.Broadcast(slope));
    }
}
