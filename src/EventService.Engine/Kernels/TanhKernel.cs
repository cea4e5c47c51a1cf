using System.Runtime.CompilerServices;

using EventService.Numerics.Functions;
using EventService.Numerics.Simd;

namespace EventService.Engine.Kernels;

/// <summary>tanh x element by element; accuracy and special values as <see cref="Tanh"/> states.</summary>
public static class TanhKernel
{
    /// <summary>y = tanh x. y may be x.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Forward(ReadOnlySpan<float> x, Span<float> y) => ElementwiseLoop.Forward(default(Operation), x, y);

    /// <summary>dx += dy (1 - y^2).</summary>
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
            => Tanh.Of<S, V, I>(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V Derivative<S, V, I>(V x, V y)
            where S : struct, ISimd<V, I>
            where V : struct
            where I : struct
            => S.FmaNegated(y, y, S.Broadcast(1f));
    }
}
