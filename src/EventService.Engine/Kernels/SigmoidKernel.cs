using System.Runtime.CompilerServices;

using EventService.Numerics.Functions;
using EventService.Numerics.Simd;

namespace EventService.Engine.Kernels;

/// <summary>1 / (1 + e^-x) element by element; accuracy and special values as <see cref="Sigmoid"/> states.</summary>
public static class SigmoidKernel
{
    /// <summary>y = 1 / (1 + e^-x). y may be x.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Forward(ReadOnlySpan<float> x, Span<float> y) => ElementwiseLoop.Forward(default(Operation), x, y);

    /// <summary>dx += dy y (1 - y).</summary>
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
            => Sigmoid.Of<S, V, I>(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V Derivative<S, V, I>(V x, V y)
            where S : struct, ISimd<V, I>
            where V : struct
            where I : struct
            => S.FmaNegated(y, y, y);
    }
}
