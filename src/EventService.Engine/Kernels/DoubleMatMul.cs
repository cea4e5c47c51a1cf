using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EventService.Engine.Kernels;

/// <summary>
/// C = bias + A B in double precision, for what has to be exact rather than fast. Every element of C starts from its row's bias and
/// accumulates over k = 0, 1, 2, ... with one fused multiply-add a term, so that its bits do not depend on the width of a vector.
/// </summary>
public static class DoubleMatMul
{
    /// <summary>C[r, c] = bias[r] + sum over k of A[r, k] B[k, c].</summary>
    /// <param name="a">[rows, inner], without gaps.</param>
    /// <param name="bias">[rows].</param>
    /// <param name="b">[inner, columns], rows <paramref name="stride"/> apart.</param>
    /// <param name="c">[rows, columns], rows <paramref name="stride"/> apart; must not overlap <paramref name="b"/>.</param>
    /// <param name="stride">Distance of the rows of B and of C in doubles.</param>
    /// <param name="inner">Number of terms.</param>
    /// <param name="columns">Number of columns.</param>
    /// <exception cref="ArgumentException">A span is too short.</exception>
    public static void Multiply(
        ReadOnlySpan<double> a, ReadOnlySpan<double> bias, ReadOnlySpan<double> b, Span<double> c, int stride, int inner, int columns)
    {
        var rows = bias.Length;
        Check(a.Length, (long)rows * inner, "A");
        Check(stride, columns, "Stride");
        Check(b.Length, Needed(inner, stride, columns), "B");
        Check(c.Length, Needed(rows, stride, columns), "C");
        for (var r = 0; r < rows; r++)
        {
            Row(a.Slice(r * inner, inner), bias[r], b, c.Slice(r * stride, columns), stride);
        }
    }

    private static void Row(ReadOnlySpan<double> a, double bias, ReadOnlySpan<double> b, Span<double> c, int stride)
    {
        ref var b0 = ref MemoryMarshal.GetReference(b);
        ref var c0 = ref MemoryMarshal.GetReference(c);
        var width = Vector<double>.Count;
        var j = 0;
        for (; j + (4 * width) <= c.Length; j += 4 * width)
        {
            Vector<double> s0 = new(bias), s1 = s0, s2 = s0, s3 = s0;
            for (var k = 0; k < a.Length; k++)
            {
                var x = new Vector<double>(a[k]);
                ref var at = ref Unsafe.Add(ref b0, (k * stride) + j);
                s0 = Vector.FusedMultiplyAdd(x, Vector.LoadUnsafe(ref at), s0);
                s1 = Vector.FusedMultiplyAdd(x, Vector.LoadUnsafe(ref Unsafe.Add(ref at, width)), s1);
                s2 = Vector.FusedMultiplyAdd(x, Vector.LoadUnsafe(ref Unsafe.Add(ref at, 2 * width)), s2);
                s3 = Vector.FusedMultiplyAdd(x, Vector.LoadUnsafe(ref Unsafe.Add(ref at, 3 * width)), s3);
            }

            s0.StoreUnsafe(ref Unsafe.Add(ref c0, j));
            s1.StoreUnsafe(ref Unsafe.Add(ref c0, j + width));
            s2.StoreUnsafe(ref Unsafe.Add(ref c0, j + (2 * width)));
            s3.StoreUnsafe(ref Unsafe.Add(ref c0, j + (3 * width)));
        }

        for (; j < c.Length; j++)
        {
            var sum = bias;
            for (var k = 0; k < a.Length; k++)
            {
                sum = Math.FusedMultiplyAdd(a[k], b[(k * stride) + j], sum);
            }

            c[j] = sum;
        }
    }

    private static long Needed(int rows, int stride, int columns) => rows == 0 ? 0 : ((long)(rows - 1) * stride) + columns;

    private static void Check(long length, long needed, string name)
    {
        if (length < needed)
        {
            throw new ArgumentException($"{name} holds {length} doubles, expected at least {needed}.");
        }
    }
}
