using System.Numerics;
using System.Runtime.CompilerServices;

namespace EventService.Engine.Kernels;

/// <summary>
/// A matrix A in double precision, many of whose elements may be zero, packed once for many products C = bias + A B: rows with similar
/// numbers of non-zero elements share a tile, whose columns of zeros are left out. The bits are those of <see cref="DoubleMatMul"/> for
/// finite B: every element of C starts from its row's bias and accumulates over k = 0, 1, 2, ... with one fused multiply-add per term, and
/// adding zero times a finite number changes nothing.
/// </summary>
/// <remarks>A tile is six rows by two vectors: twelve sums hide the latency of the multiply-add.</remarks>
public sealed unsafe class MaskedDoubleMatrix
{
    private const int TileRows = 6;

    private readonly int _columns;
    private readonly double[] _bias;
    private readonly Tile[] _tiles;

    /// <summary>
    /// Rows of C (fewer than six in the last tile), the columns that are not zero in all of them, and their elements as [columns, 6].
    /// </summary>
    private sealed record Tile(int[] Rows, int[] Columns, double[] Values);

    /// <param name="a">[rows, columns], without gaps.</param>
    /// <param name="bias">[rows].</param>
    /// <param name="columns">Number of columns.</param>
    /// <exception cref="ArgumentException">The matrix and the bias have different numbers of rows.</exception>
    public MaskedDoubleMatrix(double[] a, double[] bias, int columns)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(bias);
        if (a.Length != (long)bias.Length * columns)
        {
            throw new ArgumentException($"A matrix of {a.Length} numbers has not {bias.Length} rows of {columns}.", nameof(a));
        }

        (_columns, _bias) = (columns, bias);
        int Filled(int row) => a.AsSpan(row * columns, columns).Length - a.AsSpan(row * columns, columns).Count(0.0);
        _tiles = [.. Enumerable.Range(0, bias.Length).OrderBy(Filled).Chunk(TileRows).Select(rows =>
        {
            int[] kept = [.. Enumerable.Range(0, columns).Where(k => rows.Any(r => a[(r * columns) + k] != 0))];
            return new Tile(
                rows,
                kept,
                [.. kept.SelectMany(k => Enumerable.Range(0, TileRows).Select(t => t < rows.Length ? a[(rows[t] * columns) + k] : 0))]);
        })];
    }

    public int Rows => _bias.Length;

    /// <summary>C[r, c] = bias[r] + sum over k of A[r, k] B[k, c]. Up to a multiple of 16 more columns of C are written.</summary>
    /// <param name="b">[columns of A, count], rows <paramref name="stride"/> apart.</param>
    /// <param name="c">[rows, count], rows <paramref name="stride"/> apart; must not overlap <paramref name="b"/>.</param>
    /// <param name="stride">Distance of the rows of B and of C, a multiple of 16.</param>
    /// <param name="count">Number of columns of B.</param>
    /// <exception cref="ArgumentException">A span is too short.</exception>
    public void Multiply(ReadOnlySpan<double> b, Span<double> c, int stride, int count)
    {
        if (stride % 16 != 0 || stride < count || b.Length < (long)_columns * stride || c.Length < (long)Rows * stride)
        {
            throw new ArgumentException(
                $"B holds {b.Length} and C {c.Length} doubles, expected {_columns} and {Rows} rows {stride} apart, "
                    + $"a multiple of 16 and at least {count}.");
        }

        var pair = 2 * Vector<double>.Count;
        fixed (double* pb = b, pc = c)
        {
            for (var j = 0; j < count; j += pair)
            {
                foreach (var tile in _tiles)
                {
                    fixed (double* a = tile.Values)
                    fixed (int* k = tile.Columns)
                    {
                        Run(a, k, tile, pb + j, pc + j, stride);
                    }
                }
            }
        }
    }

    /// <summary>
    /// C[r, c] = bias[r] g[r, c] + sum over k of (A[r, k] g[r, c]) B[k, c], with factors of its own for each column: the bits of
    /// <see cref="Multiply"/> with rows and bias scaled beforehand. Up to a multiple of 16 more columns of C are written.
    /// </summary>
    /// <param name="b">[columns of A, count], rows <paramref name="stride"/> apart.</param>
    /// <param name="g">[rows, count], rows <paramref name="stride"/> apart.</param>
    /// <param name="c">[rows, count], rows <paramref name="stride"/> apart; must not overlap the others.</param>
    /// <param name="stride">Distance of the rows of B, of the factors and of C, a multiple of 16.</param>
    /// <param name="count">Number of columns of B.</param>
    /// <exception cref="ArgumentException">A span is too short.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // vectors are slow in code that is compiled in haste
    public void MultiplyGated(ReadOnlySpan<double> b, ReadOnlySpan<double> g, Span<double> c, int stride, int count)
    {
        if (stride % 16 != 0 || stride < count || b.Length < (long)_columns * stride || g.Length < (long)Rows * stride
            || c.Length < (long)Rows * stride)
        {
            throw new ArgumentException(
                $"B holds {b.Length}, the factors {g.Length} and C {c.Length} doubles, expected {_columns}, "
                    + $"{Rows} and {Rows} rows {stride} apart, a multiple of 16 and at least {count}.");
        }

        var w = Vector<double>.Count;
        fixed (double* pb = b, pg = g, pc = c)
        {
            for (var j = 0; j < count; j += 2 * w)
            {
                foreach (var tile in _tiles)
                {
                    for (var t = 0; t < tile.Rows.Length; t++)
                    {
                        var at = (tile.Rows[t] * (nint)stride) + j;
                        Vector<double> g0 = Vector.Load(pg + at), g1 = Vector.Load(pg + at + w), x = new(_bias[tile.Rows[t]]);
                        Vector<double> s0 = x * g0, s1 = x * g1;
                        for (var k = 0; k < tile.Columns.Length; k++)
                        {
                            var y = pb + (tile.Columns[k] * (nint)stride) + j;
                            x = new(tile.Values[(k * TileRows) + t]);
                            s0 = Vector.FusedMultiplyAdd(x * g0, Vector.Load(y), s0);
                            s1 = Vector.FusedMultiplyAdd(x * g1, Vector.Load(y + w), s1);
                        }

                        s0.Store(pc + at);
                        s1.Store(pc + at + w);
                    }
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // vectors are slow in code that is compiled in haste
    private void Run(double* a, int* k, Tile tile, double* b, double* c, nint stride)
    {
        var w = Vector<double>.Count;
        var rows = tile.Rows;
        Vector<double> s00 = Start(rows, 0), s10 = Start(rows, 1), s20 = Start(rows, 2), s30 = Start(rows, 3), s40 = Start(rows, 4),
            s50 = Start(rows, 5);
        Vector<double> s01 = s00, s11 = s10, s21 = s20, s31 = s30, s41 = s40, s51 = s50;
        for (var end = k + tile.Columns.Length; k < end; k++)
        {
            var row = b + (*k * stride);
            Vector<double> y0 = Vector.Load(row), y1 = Vector.Load(row + w);
            var x = new Vector<double>(a[0]);
            s00 = Vector.FusedMultiplyAdd(x, y0, s00);
            s01 = Vector.FusedMultiplyAdd(x, y1, s01);
            x = new Vector<double>(a[1]);
            s10 = Vector.FusedMultiplyAdd(x, y0, s10);
            s11 = Vector.FusedMultiplyAdd(x, y1, s11);
            x = new Vector<double>(a[2]);
            s20 = Vector.FusedMultiplyAdd(x, y0, s20);
            s21 = Vector.FusedMultiplyAdd(x, y1, s21);
            x = new Vector<double>(a[3]);
            s30 = Vector.FusedMultiplyAdd(x, y0, s30);
            s31 = Vector.FusedMultiplyAdd(x, y1, s31);
            x = new Vector<double>(a[4]);
            s40 = Vector.FusedMultiplyAdd(x, y0, s40);
            s41 = Vector.FusedMultiplyAdd(x, y1, s41);
            x = new Vector<double>(a[5]);
            s50 = Vector.FusedMultiplyAdd(x, y0, s50);
            s51 = Vector.FusedMultiplyAdd(x, y1, s51);
            a += TileRows;
        }

        Store(rows, 0, s00, s01, c, stride);
        Store(rows, 1, s10, s11, c, stride);
        Store(rows, 2, s20, s21, c, stride);
        Store(rows, 3, s30, s31, c, stride);
        Store(rows, 4, s40, s41, c, stride);
        Store(rows, 5, s50, s51, c, stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector<double> Start(int[] rows, int t) => new(_bias[rows[Math.Min(t, rows.Length - 1)]]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(int[] rows, int t, Vector<double> first, Vector<double> second, double* c, nint stride)
    {
        if (t < rows.Length)
        {
            var to = c + (rows[t] * stride);
            first.Store(to);
            second.Store(to + Vector<double>.Count);
        }
    }
}
