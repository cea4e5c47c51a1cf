using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

using EventService.Numerics.Functions;
using EventService.Numerics.Simd;

namespace EventService.Engine.Kernels;

/// <summary>
/// Softmax over the rows of a [rows, lanes] matrix: every lane (column) is a distribution of its own. Rows are visited in order,
/// so that a lane's result depends neither on the vector width nor on its neighbours.
/// </summary>
public static class SoftmaxKernel
{
    /// <summary>
    /// y[r, l] = e^(x[r, l] - m[l]) / sum over r, m the largest of the lane. y may be x. A NaN makes its lane NaN, as do only -inf.
    /// </summary>
    /// <exception cref="ArgumentException">A span does not hold rows * lanes elements.</exception>
    public static void Forward(ReadOnlySpan<float> x, Span<float> y, int rows, int lanes)
    {
        Check(x.Length, rows, lanes, nameof(x));
        Check(y.Length, rows, lanes, nameof(y));
        if (rows == 0)
        {
            return;
        }

        var done = KernelSet.Path switch
        {
            VectorPath.V512 => Forward<Simd512, Vector512<float>, Vector512<int>>(x, y, rows, lanes, 0),
            VectorPath.V256 => Forward<Simd256, Vector256<float>, Vector256<int>>(x, y, rows, lanes, 0),
            VectorPath.V128 => Forward<Simd128, Vector128<float>, Vector128<int>>(x, y, rows, lanes, 0),
            _ => 0,
        };
        Forward<Simd1, float, int>(x, y, rows, lanes, done);
    }

    /// <summary>dx[r, l] += y[r, l] (dy[r, l] - sum over k of y[k, l] dy[k, l]).</summary>
    /// <exception cref="ArgumentException">A span does not hold rows * lanes elements.</exception>
    public static void Backward(ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx, int rows, int lanes)
    {
        Check(y.Length, rows, lanes, nameof(y));
        Check(dy.Length, rows, lanes, nameof(dy));
        Check(dx.Length, rows, lanes, nameof(dx));
        var done = KernelSet.Path switch
        {
            VectorPath.V512 => Backward<Simd512, Vector512<float>, Vector512<int>>(y, dy, dx, rows, lanes, 0),
            VectorPath.V256 => Backward<Simd256, Vector256<float>, Vector256<int>>(y, dy, dx, rows, lanes, 0),
            VectorPath.V128 => Backward<Simd128, Vector128<float>, Vector128<int>>(y, dy, dx, rows, lanes, 0),
            _ => 0,
        };
        Backward<Simd1, float, int>(y, dy, dx, rows, lanes, done);
    }

    private static int Forward<S, V, I>(ReadOnlySpan<float> x, Span<float> y, int rows, int lanes, int lane)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        for (; lane <= lanes - S.Width; lane += S.Width)
        {
            ref var x0 = ref Unsafe.Add(ref MemoryMarshal.GetReference(x), lane);
            ref var y0 = ref Unsafe.Add(ref MemoryMarshal.GetReference(y), lane);
            var largest = S.Load(in x0);
            for (var r = 1; r < rows; r++)
            {
                largest = S.Max(S.Load(in Unsafe.Add(ref x0, (nint)r * lanes)), largest);
            }

            var sum = S.Broadcast(0f);
            for (var r = 0; r < rows; r++)
            {
                var e = Exp.Of<S, V, I>(S.Subtract(S.Load(in Unsafe.Add(ref x0, (nint)r * lanes)), largest));
                S.Store(e, ref Unsafe.Add(ref y0, (nint)r * lanes));
                sum = S.Add(sum, e);
            }

            for (var r = 0; r < rows; r++)
            {
                ref var target = ref Unsafe.Add(ref y0, (nint)r * lanes);
                S.Store(S.Divide(S.Load(in target), sum), ref target);
            }
        }

        return lane;
    }

    private static int Backward<S, V, I>(ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx, int rows, int lanes, int lane)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        for (; lane <= lanes - S.Width; lane += S.Width)
        {
            ref var y0 = ref Unsafe.Add(ref MemoryMarshal.GetReference(y), lane);
            ref var dy0 = ref Unsafe.Add(ref MemoryMarshal.GetReference(dy), lane);
            ref var dx0 = ref Unsafe.Add(ref MemoryMarshal.GetReference(dx), lane);
            var dot = S.Broadcast(0f);
            for (var r = 0; r < rows; r++)
            {
                var at = (nint)r * lanes;
                dot = S.Fma(S.Load(in Unsafe.Add(ref y0, at)), S.Load(in Unsafe.Add(ref dy0, at)), dot);
            }

            for (var r = 0; r < rows; r++)
            {
                var at = (nint)r * lanes;
                ref var target = ref Unsafe.Add(ref dx0, at);
                var difference = S.Subtract(S.Load(in Unsafe.Add(ref dy0, at)), dot);
                S.Store(S.Fma(S.Load(in Unsafe.Add(ref y0, at)), difference, S.Load(in target)), ref target);
            }
        }

        return lane;
    }

    private static void Check(int length, int rows, int lanes, string name)
    {
        if (rows < 0 || lanes < 0 || length != (long)rows * lanes)
        {
            throw new ArgumentException($"{name} has {length} elements, expected {rows} rows of {lanes} lanes.", name);
        }
    }
}
