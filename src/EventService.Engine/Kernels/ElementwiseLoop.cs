using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

using EventService.Numerics.Simd;

namespace EventService.Engine.Kernels;

/// <summary>An operation on one element: its value and its derivative, written once for all vector widths.</summary>
internal interface IElementwise
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

/// <summary>Runs an operation over spans in the chosen width; what is left over goes in narrower ones and at last one lane at a time, to the same bits.</summary>
internal static class ElementwiseLoop
{
    /// <summary>y = f(x). y may be x.</summary>
    public static void Forward<TOperation>(TOperation f, ReadOnlySpan<float> x, Span<float> y)
        where TOperation : struct, IElementwise
    {
        Check(x, y.Length, nameof(y));
        int path = (int)KernelSet.Path, done = 0;
        done = path >= (int)VectorPath.V512 ? Forward<TOperation, Simd512, Vector512<float>, Vector512<int>>(f, x, y, done) : done;
        done = path >= (int)VectorPath.V256 ? Forward<TOperation, Simd256, Vector256<float>, Vector256<int>>(f, x, y, done) : done;
        done = path >= (int)VectorPath.V128 ? Forward<TOperation, Simd128, Vector128<float>, Vector128<int>>(f, x, y, done) : done;
        Forward<TOperation, Simd1, float, int>(f, x, y, done);
    }

    /// <summary>dx += dy f'(x), with one rounding for product and sum.</summary>
    public static void Backward<TOperation>(TOperation f, ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx)
        where TOperation : struct, IElementwise
    {
        Check(x, y.Length, nameof(y));
        Check(x, dy.Length, nameof(dy));
        Check(x, dx.Length, nameof(dx));
        int path = (int)KernelSet.Path, done = 0;
        done = path >= (int)VectorPath.V512 ? Backward<TOperation, Simd512, Vector512<float>, Vector512<int>>(f, x, y, dy, dx, done) : done;
        done = path >= (int)VectorPath.V256 ? Backward<TOperation, Simd256, Vector256<float>, Vector256<int>>(f, x, y, dy, dx, done) : done;
        done = path >= (int)VectorPath.V128 ? Backward<TOperation, Simd128, Vector128<float>, Vector128<int>>(f, x, y, dy, dx, done) : done;
        Backward<TOperation, Simd1, float, int>(f, x, y, dy, dx, done);
    }

    /// <summary>From <paramref name="i"/> on, as far as whole vectors go; gives the first element not done.</summary>
    private static int Forward<TOperation, S, V, I>(TOperation f, ReadOnlySpan<float> x, Span<float> y, int i)
        where TOperation : struct, IElementwise
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

    private static int Backward<TOperation, S, V, I>(TOperation f, ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx, int i)
        where TOperation : struct, IElementwise
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
