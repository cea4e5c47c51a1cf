using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

using EventService.Engine.Tensors;

namespace EventService.Engine.Kernels;

/// <summary>The transpose of a matrix. Numbers are moved, not computed: the same bits on every path.</summary>
public static class Transpose
{
    private const int Side = 4;

    /// <summary>y becomes x^T.</summary>
    public static void Of(Tensor x, Tensor y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        y.Reshape(x.Columns, x.Rows);
        Of(x.Span, x.Rows, x.Columns, y.Span);
    }

    /// <summary>y [columns, rows] = x^T of x [rows, columns], both without gaps between their rows.</summary>
    /// <exception cref="ArgumentException">The spans are shorter than rows * columns.</exception>
    public static unsafe void Of(ReadOnlySpan<float> x, int rows, int columns, Span<float> y)
    {
        if (rows < 0 || columns < 0 || x.Length < (long)rows * columns || y.Length < (long)rows * columns)
        {
            throw new ArgumentException($"A matrix of {rows} x {columns} does not fit {x.Length} numbers and its transpose {y.Length}.");
        }

        int wholeRows = Sse.IsSupported ? rows - (rows % Side) : 0, wholeColumns = Sse.IsSupported ? columns - (columns % Side) : 0;
        fixed (float* from = x, to = y)
        {
            for (var r = 0; r < wholeRows; r += Side)
            {
                for (var c = 0; c < wholeColumns; c += Side)
                {
                    Block(from + ((nint)r * columns) + c, columns, to + ((nint)c * rows) + r, rows);
                }
            }

            Plain(from, rows, columns, to, 0, wholeRows, wholeColumns);
            Plain(from, rows, columns, to, wholeRows, rows, 0);
        }
    }

    /// <summary>The definition: some rows, from a column on.</summary>
    private static unsafe void Plain(float* x, int rows, int columns, float* y, int firstRow, int endRow, int firstColumn)
    {
        for (var c = firstColumn; c < columns; c++)
        {
            for (var r = firstRow; r < endRow; r++)
            {
                y[((nint)c * rows) + r] = x[((nint)r * columns) + c];
            }
        }
    }

    private static unsafe void Block(float* x, nint strideX, float* y, nint strideY)
    {
        Vector128<float> a = Vector128.Load(x), b = Vector128.Load(x + strideX), c = Vector128.Load(x + (2 * strideX)),
            d = Vector128.Load(x + (3 * strideX));
        Vector128<float> ab = Sse.UnpackLow(a, b), cd = Sse.UnpackLow(c, d), abHigh = Sse.UnpackHigh(a, b), cdHigh = Sse.UnpackHigh(c, d);
        Sse.MoveLowToHigh(ab, cd).Store(y);
        Sse.MoveHighToLow(cd, ab).Store(y + strideY);
        Sse.MoveLowToHigh(abHigh, cdHigh).Store(y + (2 * strideY));
        Sse.MoveHighToLow(cdHigh, abHigh).Store(y + (3 * strideY));
    }
}
