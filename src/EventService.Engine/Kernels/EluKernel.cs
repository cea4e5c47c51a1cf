using System.Runtime.CompilerServices;

using EventService.Numerics.Functions;
using EventService.Numerics.Simd;

namespace EventService.Engine.Kernels;

/// <summary>x above zero, else alpha (e^x - 1), element by element; accuracy and special values as <see cref="Elu"/> states.</summary>
public static class EluKernel
{
    /// <summary>y = x above zero, else alpha (e^x - 1). y may be x.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Forward(ReadOnlySpan<float> x, Span<float> y, float alpha = 1f) => ElementwiseLoop.Forward(new Operation(alpha), x, y);

    /// <summary>dx += dy above zero, else alpha e^x dy.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Backward(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx, float alpha = 1f) =>
        ElementwiseLoop.Backward(new Operation(alpha), x, y, dy, dx);

    private readonly struct Operation(float alpha) : IElementwise
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V Value<S, V, I>(V x)
            where S : struct, ISimd<V, I>
            where V : struct
            where I : struct
            => Elu.Of<S, V, I>(x, S.Broadcast(alpha));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V Derivative<S, V, I>(V x, V y)
            where S : struct, ISimd<V, I>
            where V : struct
            where I : struct
            => Elu.Derivative<S, V, I>(x, S.Broadcast(alpha));
    }
}
