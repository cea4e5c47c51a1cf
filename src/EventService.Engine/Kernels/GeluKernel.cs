using System.Runtime.Intrinsics;

using EventService.Numerics.Functions;
using EventService.Numerics.Simd;

namespace EventService.Engine.Kernels;

/// <summary>temp</summary>
public static class GeluKernel
{
    public static void Forward(ReadOnlySpan<float> x, Span<float> y)
    {
        switch (KernelSet.Path)
        {
            case VectorPath.V512: F<Simd512, Vector512<float>, Vector512<int>>(x, y); break;
            case VectorPath.V256: F<Simd256, Vector256<float>, Vector256<int>>(x, y); break;
            case VectorPath.V128: F<Simd128, Vector128<float>, Vector128<int>>(x, y); break;
            default: F<Simd1, float, int>(x, y); break;
        }
    }

    public static void Backward(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx)
    {
        switch (KernelSet.Path)
        {
            case VectorPath.V512: B<Simd512, Vector512<float>, Vector512<int>>(x, dy, dx); break;
            case VectorPath.V256: B<Simd256, Vector256<float>, Vector256<int>>(x, dy, dx); break;
            case VectorPath.V128: B<Simd128, Vector128<float>, Vector128<int>>(x, dy, dx); break;
            default: B<Simd1, float, int>(x, dy, dx); break;
        }
    }

    private static void F<S, V, I>(ReadOnlySpan<float> x, Span<float> y) where S : struct, ISimd<V, I> where V : struct where I : struct
    {
        var i = 0;
        for (; i + S.Width <= x.Length; i += S.Width) { S.Store(Gelu.Of<S, V, I>(S.Load(in x[i])), ref y[i]); }
        for (; i < x.Length; i++) { y[i] = Gelu.Of(x[i]); }
    }

    private static void B<S, V, I>(ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> dx) where S : struct, ISimd<V, I> where V : struct where I : struct
    {
        var i = 0;
        for (; i + S.Width <= x.Length; i += S.Width) { S.Store(S.Fma(S.Load(in dy[i]), Gelu.Derivative<S, V, I>(S.Load(in x[i])), S.Load(in dx[i])), ref dx[i]); }
        for (; i < x.Length; i++) { dx[i] = MathF.FusedMultiplyAdd(dy[i], Gelu.Derivative(x[i]), dx[i]); }
    }
}
