using System.Runtime.CompilerServices;

using EventService.Numerics.Simd;

namespace EventService.Engine.Kernels;

/// <summary>max(x, 0) element by element; NaN passes.</summary>
public static class ReluKernel
{
    /// <summary>y = max(x, 0). y may be x.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Forward(ReadOnlySpan<float> x, Span<float> y) => ElementwiseLoop.Forward(default(Operation), x, y);

    /// <summary>dx += dy where x is above zero.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Backward(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        ElementwiseLoop.Backward(default(Operation), x, y, dy, dx);

    private readonly struct Operation : IElementwise
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V Value<S, V, I>(V x)
            where S : struct, ISimd<V, I>
            where V : struct
            where I : struct
            => S.Max(S.Broadcast(0f), x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V Derivative<S, V, I>(V x, V y)
            where S : struct, ISimd<V, I>
            where V : struct
            where I : struct
            => S.And(S.LessThan(S.Broadcast(0f), x), S.Broadcast(1f));
    }
}
