using System.Runtime.CompilerServices;

using EventService.Numerics.Functions;
using EventService.Numerics.Simd;

namespace EventService.Engine.Kernels;

/// <summary>A function of one element and its derivative, written once for all vector widths.</summary>
/// <remarks>A struct, so that the loop over the elements is compiled for each function by itself.</remarks>
internal interface IElementwiseFunction
{
    V Value<S, V, I>(V x)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct;

    /// <summary>d value / d x, from x or from the value y, whichever is cheaper.</summary>
    V Derivative<S, V, I>(V x, V y)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct;
}

internal readonly struct ExpFunction : IElementwiseFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    V IElementwiseFunction.Value<S, V, I>(V x) => Exp.Of<S, V, I>(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    V IElementwiseFunction.Derivative<S, V, I>(V x, V y) => y;
}

internal readonly struct LogFunction : IElementwiseFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    V IElementwiseFunction.Value<S, V, I>(V x) => Log.Of<S, V, I>(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    V IElementwiseFunction.Derivative<S, V, I>(V x, V y) => S.Divide(S.Broadcast(1f), x);
}

internal readonly struct SoftplusFunction : IElementwiseFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    V IElementwiseFunction.Value<S, V, I>(V x) => Softplus.Of<S, V, I>(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    V IElementwiseFunction.Derivative<S, V, I>(V x, V y) => Sigmoid.Of<S, V, I>(x);
}

internal readonly struct SigmoidFunction : IElementwiseFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    V IElementwiseFunction.Value<S, V, I>(V x) => Sigmoid.Of<S, V, I>(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    V IElementwiseFunction.Derivative<S, V, I>(V x, V y) => S.FmaNegated(y, y, y);
}

internal readonly struct TanhFunction : IElementwiseFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    V IElementwiseFunction.Value<S, V, I>(V x) => Tanh.Of<S, V, I>(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    V IElementwiseFunction.Derivative<S, V, I>(V x, V y) => S.FmaNegated(y, y, S.Broadcast(1f));
}

internal readonly struct GeluFunction : IElementwiseFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    V IElementwiseFunction.Value<S, V, I>(V x) => Gelu.Of<S, V, I>(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    V IElementwiseFunction.Derivative<S, V, I>(V x, V y) => Gelu.Derivative<S, V, I>(x);
}

internal readonly struct ReluFunction : IElementwiseFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    V IElementwiseFunction.Value<S, V, I>(V x) => S.Max(S.Broadcast(0f), x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    V IElementwiseFunction.Derivative<S, V, I>(V x, V y) => S.And(S.LessThan(S.Broadcast(0f), x), S.Broadcast(1f));
}

internal readonly struct LeakyReluFunction(float slope) : IElementwiseFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    V IElementwiseFunction.Value<S, V, I>(V x) => S.Select(S.LessThan(S.Broadcast(0f), x), x, S.Multiply(S.Broadcast(slope), x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    V IElementwiseFunction.Derivative<S, V, I>(V x, V y) => S.Select(S.LessThan(S.Broadcast(0f), x), S.Broadcast(1f), S.Broadcast(slope));
}

internal readonly struct EluFunction(float alpha) : IElementwiseFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    V IElementwiseFunction.Value<S, V, I>(V x) => Elu.Of<S, V, I>(x, S.Broadcast(alpha));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    V IElementwiseFunction.Derivative<S, V, I>(V x, V y) => Elu.Derivative<S, V, I>(x, S.Broadcast(alpha));
}

internal readonly struct SoftClipFunction(float overLimit) : IElementwiseFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    V IElementwiseFunction.Value<S, V, I>(V x) => S.Divide(x, S.Fma(S.Abs(x), S.Broadcast(overLimit), S.Broadcast(1)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    V IElementwiseFunction.Derivative<S, V, I>(V x, V y)
    {
        var q = S.Divide(S.Broadcast(1), S.Fma(S.Abs(x), S.Broadcast(overLimit), S.Broadcast(1)));
        return S.Multiply(q, q);
    }
}
