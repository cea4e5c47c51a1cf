using System.Runtime.CompilerServices;

using EventService.Numerics.Functions;
using EventService.Numerics.Simd;

namespace EventService.Engine.Kernels;

/// <summary>Gaussian error linear unit, tanh form, element by element; accuracy and special values as <see cref="Gelu"/> states.</summary>
public static class GeluKernel
{
    /// <summary>y = x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). y may be x.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Forward(ReadOnlySpan<float> x, Span<float> y) => ElementwiseLoop.Forward(default(Operation), x, y);

    /// <summary>dx += dy times the derivative of that.</summary>
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
            => Gelu.Of<S, V, I>(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V Derivative<S, V, I>(V x, V y)
            where S : struct, ISimd<V, I>
            where V : struct
            where I : struct
            => Gelu.Derivative<S, V, I>(x);
    }
}
