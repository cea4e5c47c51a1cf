using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

using EventService.Numerics.Functions;
using EventService.Numerics.Simd;

namespace EventService.Engine.Kernels;

/// <summary>
/// The inverse of y = scale(a) x + b: x = (y - b) / scale(a), one map a lane, in float32. Lanes go through the same operations on every vector path.
/// </summary>
/// <param name="minimum">Smallest scale.</param>
/// <param name="clip">0 for scale(a) = minimum + softplus(a); else scale(a) = exp(a / (1 + |a| clip)).</param>
public sealed unsafe class AffineInverse(double minimum, double clip)
{
    private readonly float _minimum = (float)minimum;
    private readonly float _clip = (float)clip;

    /// <summary>y becomes x.</summary>
    /// <param name="a">One number a lane.</param>
    /// <param name="b">One number a lane.</param>
    /// <param name="y">One number a lane, replaced.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public void Run(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> y)
    {
        if (a.Length != y.Length || b.Length != y.Length)
        {
            throw new ArgumentException($"An affine map has {a.Length} scales and {b.Length} shifts for {y.Length} numbers, expected as many.");
        }

        fixed (float* scale = a, shift = b, value = y)
        {
            var done = KernelSet.Path switch
            {
                VectorPath.V512 => Run<Simd512, Vector512<float>, Vector512<int>>(scale, shift, value, 0, y.Length),
                VectorPath.V256 => Run<Simd256, Vector256<float>, Vector256<int>>(scale, shift, value, 0, y.Length),
                VectorPath.V128 => Run<Simd128, Vector128<float>, Vector128<int>>(scale, shift, value, 0, y.Length),
                _ => 0,
            };
            Run<Simd1, float, int>(scale, shift, value, done, y.Length);
        }
    }

    private int Run<S, V, I>(float* a, float* b, float* y, int i, int lanes)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        for (; i + S.Width <= lanes; i += S.Width)
        {
            S.Store(S.Divide(S.Subtract(S.Load(in y[i]), S.Load(in b[i])), Scale<S, V, I>(S.Load(in a[i]))), ref y[i]);
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
