using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

using EventService.Numerics.Functions;
using EventService.Numerics.Simd;

namespace EventService.Engine.Kernels;

/// <summary>
/// The inverse of y = scale(a) x + b: x = (y - b) / scale(a), one map per lane, in float32. Lanes go through the same
/// operations on every vector path.
/// </summary>
/// <param name="minimum">Smallest scale.</param>
/// <param name="clip">0 for scale(a) = minimum + softplus(a); else scale(a) = exp(a / (1 + |a| clip)).</param>
public sealed unsafe class AffineInverse(double minimum, double clip)
{
    private readonly float _minimum = (float)minimum;
    private readonly float _clip = (float)clip;

    /// <summary>y becomes x.</summary>
    /// <param name="parameters">Panels of [2, 16 lanes]: a, then b.</param>
    /// <param name="stride">Distance of rows in floats.</param>
    /// <param name="panelStride">Distance of panels in floats; 16 for rows of all lanes.</param>
    /// <param name="y">One number per lane, replaced.</param>
    /// <exception cref="ArgumentException">The parameters do not hold as many lanes.</exception>
    public void Run(ReadOnlySpan<float> parameters, int stride, int panelStride, Span<float> y)
    {
        LanePanels.Require(parameters.Length, 2, stride, panelStride, y.Length);
        fixed (float* p = parameters, v = y)
        {
            var done = KernelSet.Path switch
            {
                VectorPath.V512 => Run<Simd512, Vector512<float>, Vector512<int>>(p, stride, panelStride, v, 0, y.Length),
                VectorPath.V256 => Run<Simd256, Vector256<float>, Vector256<int>>(p, stride, panelStride, v, 0, y.Length),
                VectorPath.V128 => Run<Simd128, Vector128<float>, Vector128<int>>(p, stride, panelStride, v, 0, y.Length),
                _ => 0,
            };
            Run<Simd1, float, int>(p, stride, panelStride, v, done, y.Length);
        }
    }

    private int Run<S, V, I>(float* parameters, nint stride, nint panelStride, float* y, int i, int lanes)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        for (; i + S.Width <= lanes; i += S.Width)
        {
            var a = parameters + LanePanels.Offset(i, panelStride);
            S.Store(S.Divide(S.Subtract(S.Load(in y[i]), S.Load(in a[stride])), Scale<S, V, I>(S.Load(in a[0]))), ref y[i]);
        }

        return i;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private V Scale<S, V, I>(V a)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct =>
        _clip == 0
            ? S.Add(Softplus.Of<S, V, I>(a), S.Broadcast(_minimum))
            : Exp.Of<S, V, I>(S.Divide(a, S.Fma(S.Abs(a), S.Broadcast(_clip), S.Broadcast(1))));
}
