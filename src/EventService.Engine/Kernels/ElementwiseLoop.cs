using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

using EventService.Numerics.Simd;

namespace EventService.Engine.Kernels;

/// <summary>
/// Applies a function to spans in the chosen vector width. What remains at the end is done in narrower vectors and finally lane by lane,
/// with the same bits.
/// </summary>
internal static class ElementwiseLoop
{
    /// <summary>y = f(x). y may be x.</summary>
    public static void Forward<TFunction>(TFunction f, ReadOnlySpan<float> x, Span<float> y)
        where TFunction : struct, IElementwiseFunction
    {
        Check(x, y.Length, nameof(y));
        int path = (int)KernelSet.Path, done = 0;
        if (path >= (int)VectorPath.V512 && x.Length >= Simd512.Width)
        {
            done = Forward<TFunction, Simd512, Vector512<float>, Vector512<int>>(f, x, y, done);
        }

        if (path >= (int)VectorPath.V256 && x.Length - done >= Simd256.Width)
        {
            done = Forward<TFunction, Simd256, Vector256<float>, Vector256<int>>(f, x, y, done);
        }

        if (path >= (int)VectorPath.V128 && x.Length - done >= Simd128.Width)
        {
            done = Forward<TFunction, Simd128, Vector128<float>, Vector128<int>>(f, x, y, done);
        }

        if (done < x.Length)
        {
            Forward<TFunction, Simd1, float, int>(f, x, y, done);
        }
    }

    /// <summary>dx += dy f'(x), with one rounding for product and sum.</summary>
    public static void Backward<TFunction>(
        TFunction f, ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx)
        where TFunction : struct, IElementwiseFunction
    {
        Check(x, y.Length, nameof(y));
        Check(x, dy.Length, nameof(dy));
        Check(x, dx.Length, nameof(dx));
        int path = (int)KernelSet.Path, done = 0;
        if (path >= (int)VectorPath.V512 && x.Length >= Simd512.Width)
        {
            done = Backward<TFunction, Simd512, Vector512<float>, Vector512<int>>(f, x, y, dy, dx, done);
        }

        if (path >= (int)VectorPath.V256 && x.Length - done >= Simd256.Width)
        {
            done = Backward<TFunction, Simd256, Vector256<float>, Vector256<int>>(f, x, y, dy, dx, done);
        }

        if (path >= (int)VectorPath.V128 && x.Length - done >= Simd128.Width)
        {
            done = Backward<TFunction, Simd128, Vector128<float>, Vector128<int>>(f, x, y, dy, dx, done);
        }

        if (done < x.Length)
        {
            Backward<TFunction, Simd1, float, int>(f, x, y, dy, dx, done);
        }
    }

    // Never inlined: with the loops of all widths in one method the JIT gives up optimising, and softplus takes up to six times as long.

    /// <summary>From element <paramref name="i"/> on, as long as whole vectors remain; returns the first element not done.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Forward<TFunction, S, V, I>(TFunction f, ReadOnlySpan<float> x, Span<float> y, int i)
        where TFunction : struct, IElementwiseFunction
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        ref var x0 = ref MemoryMarshal.GetReference(x);
        ref var y0 = ref MemoryMarshal.GetReference(y);
        for (; i <= x.Length - S.Width; i += S.Width)
        {
            S.Store(f.Value<S, V, I>(S.Load(in Unsafe.Add(ref x0, i))), ref Unsafe.Add(ref y0, i));
        }

        return i;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Backward<TFunction, S, V, I>(
        TFunction f, ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx, int i)
        where TFunction : struct, IElementwiseFunction
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        ref var x0 = ref MemoryMarshal.GetReference(x);
        ref var y0 = ref MemoryMarshal.GetReference(y);
        ref var dy0 = ref MemoryMarshal.GetReference(dy);
        ref var dx0 = ref MemoryMarshal.GetReference(dx);
        for (; i <= x.Length - S.Width; i += S.Width)
        {
            var derivative = f.Derivative<S, V, I>(S.Load(in Unsafe.Add(ref x0, i)), S.Load(in Unsafe.Add(ref y0, i)));
            ref var target = ref Unsafe.Add(ref dx0, i);
            S.Store(S.Fma(S.Load(in Unsafe.Add(ref dy0, i)), derivative, S.Load(in target)), ref target);
        }

        return i;
    }

    private static void Check(ReadOnlySpan<float> x, int length, string name)
    {
        if (length != x.Length)
        {
            throw new ArgumentException($"{name} has {length} elements, expected {x.Length}, as many as x.", name);
        }
    }
}
