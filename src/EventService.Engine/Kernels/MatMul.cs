using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

using EventService.Numerics.Simd;

namespace EventService.Engine.Kernels;

/// <summary>
/// Matrix product C = start + A B. Every element of C accumulates over k = 0, 1, 2, ... in this order with one fused
/// multiply-add a term, whatever the vector width, the tile or the position: so results are equal to the bit on every path.
/// </summary>
/// <remarks>
/// The register tile is 6 rows by 2 vectors (12 independent sums hide the latency of the multiply-add). Elements of A are
/// broadcast, rows of B are loaded; B is packed into panels of 2 vectors where its rows lie too far apart for the L1 cache.
/// A and B are addressed by row and column strides, so that transposes cost no copy.
/// </remarks>
public static unsafe class MatMul
{
    private const int TileRows = 6;

    // Panels of at most this many rows of B: 256 rows x 16 floats = 16 KiB, half of a 32 KiB L1 cache.
    private const int PanelRows = 256;

    // Rows of B nearer than this many floats are read in place.
    private const int InPlaceStride = 64;

    [ThreadStatic]
    private static float* t_scratch;

    /// <summary>A matrix in memory: element (r, c) is at Start[r * RowStride + c * ColumnStride].</summary>
    public readonly struct View(float* start, int rowStride, int columnStride)
    {
        public float* Start => start;
        public int RowStride => rowStride;
        public int ColumnStride => columnStride;

        public View Transposed => new(Start, ColumnStride, RowStride);
    }

    /// <summary>What the sums start from.</summary>
    public enum From
    {
        Zero,

        /// <summary>C as it is: C += A B.</summary>
        Destination,

        /// <summary>C[r, c] starts from bias[r].</summary>
        RowBias,
    }

    /// <summary>C[m, n] = start + A[m, k] B[k, n], row-major spans without gaps.</summary>
    public static void Multiply(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> c, int m, int n, int k)
    {
        Check(a.Length, m, k, "A");
        Check(b.Length, k, n, "B");
        Check(c.Length, m, n, "C");
        fixed (float* pa = a, pb = b, pc = c)
        {
            Multiply(new View(pa, k, 1), new View(pb, n, 1), pc, n, m, n, k, From.Zero, null);
        }
    }

    /// <summary>
    /// C[m, n] = start + A[m, k] B[k, n]. C is row-major with <paramref name="rowStrideC"/>; nothing is checked and the
    /// memory must not overlap.
    /// </summary>
    public static void Multiply(View a, View b, float* c, int rowStrideC, int m, int n, int k, From from, float* bias)
    {
        switch (KernelSet.Path)
        {
            case VectorPath.V512: Run<Simd512, Vector512<float>, Vector512<int>>(a, b, c, rowStrideC, m, n, k, from, bias); break;
            case VectorPath.V256: Run<Simd256, Vector256<float>, Vector256<int>>(a, b, c, rowStrideC, m, n, k, from, bias); break;
            case VectorPath.V128: Run<Simd128, Vector128<float>, Vector128<int>>(a, b, c, rowStrideC, m, n, k, from, bias); break;
            default: Run<Simd1, float, int>(a, b, c, rowStrideC, m, n, k, from, bias); break;
        }
    }

    private static void Run<S, V, I>(View a, View b, float* c, int ldc, int m, int n, int k, From from, float* bias)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        Start(c, ldc, m, n, from, bias);
        var panel = 2 * S.Width;
        var packed = Scratch();
        var edge = packed + (PanelRows * 2 * 16);   // an edge tile of C: 6 rows by 2 of the widest vectors
        for (var j = 0; j < n; j += panel)
        {
            var columns = Math.Min(panel, n - j);
            for (var p = 0; p < k; p += PanelRows)
            {
                var depth = Math.Min(PanelRows, k - p);
                var source = b.Start + ((long)p * b.RowStride) + ((long)j * b.ColumnStride);
                float* rows;
                int stride;
                if (columns == panel && b.ColumnStride == 1 && b.RowStride <= InPlaceStride)
                {
                    rows = source;
                    stride = b.RowStride;
                }
                else
                {
                    Pack(source, b.RowStride, b.ColumnStride, packed, depth, columns, panel);
                    rows = packed;
                    stride = panel;
                }

                var pa = a.Start + ((long)p * a.ColumnStride);
                if (columns == panel)
                {
                    Tiles<S, V, I>(pa, a.RowStride, a.ColumnStride, rows, stride, c + j, ldc, m, depth);
                }
                else
                {
                    for (var r = 0; r < m; r += TileRows)
                    {
                        var height = Math.Min(TileRows, m - r);
                        for (var x = 0; x < height; x++)
                        {
                            Unsafe.CopyBlockUnaligned(edge + (x * panel), c + ((long)(r + x) * ldc) + j, (uint)(columns * sizeof(float)));
                        }

                        Tiles<S, V, I>(pa + ((long)r * a.RowStride), a.RowStride, a.ColumnStride, rows, stride, edge, panel, height, depth);
                        for (var x = 0; x < height; x++)
                        {
                            Unsafe.CopyBlockUnaligned(c + ((long)(r + x) * ldc) + j, edge + (x * panel), (uint)(columns * sizeof(float)));
                        }
                    }
                }
            }
        }
    }

    private static void Tiles<S, V, I>(float* a, int rsa, int csa, float* b, int ldb, float* c, int ldc, int m, int k)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        var r = 0;
        for (; r + 6 <= m; r += 6)
        {
            Tile6<S, V, I>(a + ((long)r * rsa), rsa, csa, b, ldb, c + ((long)r * ldc), ldc, k);
        }

        for (; r + 3 <= m; r += 3)
        {
            Tile3<S, V, I>(a + ((long)r * rsa), rsa, csa, b, ldb, c + ((long)r * ldc), ldc, k);
        }

        for (; r < m; r++)
        {
            Tile1<S, V, I>(a + ((long)r * rsa), csa, b, ldb, c + ((long)r * ldc), k);
        }
    }

    private static void Tile6<S, V, I>(float* a, int rsa, int csa, float* b, int ldb, float* c, int ldc, int k)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        var w = S.Width;
        V c00 = S.Load(in c[0]), c01 = S.Load(in c[w]);
        V c10 = S.Load(in c[ldc]), c11 = S.Load(in c[ldc + w]);
        V c20 = S.Load(in c[2 * ldc]), c21 = S.Load(in c[(2 * ldc) + w]);
        V c30 = S.Load(in c[3 * ldc]), c31 = S.Load(in c[(3 * ldc) + w]);
        V c40 = S.Load(in c[4 * ldc]), c41 = S.Load(in c[(4 * ldc) + w]);
        V c50 = S.Load(in c[5 * ldc]), c51 = S.Load(in c[(5 * ldc) + w]);
        float* a0 = a, a3 = a + (3 * (long)rsa);
        nint rs = rsa, rs2 = 2 * (nint)rsa;
        for (var p = 0; p < k; p++)
        {
            V b0 = S.Load(in b[0]), b1 = S.Load(in b[w]);
            var x = S.Broadcast(a0[0]);
            c00 = S.Fma(x, b0, c00);
            c01 = S.Fma(x, b1, c01);
            x = S.Broadcast(a0[rs]);
            c10 = S.Fma(x, b0, c10);
            c11 = S.Fma(x, b1, c11);
            x = S.Broadcast(a0[rs2]);
            c20 = S.Fma(x, b0, c20);
            c21 = S.Fma(x, b1, c21);
            x = S.Broadcast(a3[0]);
            c30 = S.Fma(x, b0, c30);
            c31 = S.Fma(x, b1, c31);
            x = S.Broadcast(a3[rs]);
            c40 = S.Fma(x, b0, c40);
            c41 = S.Fma(x, b1, c41);
            x = S.Broadcast(a3[rs2]);
            c50 = S.Fma(x, b0, c50);
            c51 = S.Fma(x, b1, c51);
            a0 += csa;
            a3 += csa;
            b += ldb;
        }

        S.Store(c00, ref c[0]);
        S.Store(c01, ref c[w]);
        S.Store(c10, ref c[ldc]);
        S.Store(c11, ref c[ldc + w]);
        S.Store(c20, ref c[2 * ldc]);
        S.Store(c21, ref c[(2 * ldc) + w]);
        S.Store(c30, ref c[3 * ldc]);
        S.Store(c31, ref c[(3 * ldc) + w]);
        S.Store(c40, ref c[4 * ldc]);
        S.Store(c41, ref c[(4 * ldc) + w]);
        S.Store(c50, ref c[5 * ldc]);
        S.Store(c51, ref c[(5 * ldc) + w]);
    }

    private static void Tile3<S, V, I>(float* a, int rsa, int csa, float* b, int ldb, float* c, int ldc, int k)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        var w = S.Width;
        V c00 = S.Load(in c[0]), c01 = S.Load(in c[w]);
        V c10 = S.Load(in c[ldc]), c11 = S.Load(in c[ldc + w]);
        V c20 = S.Load(in c[2 * ldc]), c21 = S.Load(in c[(2 * ldc) + w]);
        for (var p = 0; p < k; p++)
        {
            V b0 = S.Load(in b[0]), b1 = S.Load(in b[w]);
            var x = S.Broadcast(a[0]);
            c00 = S.Fma(x, b0, c00);
            c01 = S.Fma(x, b1, c01);
            x = S.Broadcast(a[rsa]);
            c10 = S.Fma(x, b0, c10);
            c11 = S.Fma(x, b1, c11);
            x = S.Broadcast(a[2 * (nint)rsa]);
            c20 = S.Fma(x, b0, c20);
            c21 = S.Fma(x, b1, c21);
            a += csa;
            b += ldb;
        }

        S.Store(c00, ref c[0]);
        S.Store(c01, ref c[w]);
        S.Store(c10, ref c[ldc]);
        S.Store(c11, ref c[ldc + w]);
        S.Store(c20, ref c[2 * ldc]);
        S.Store(c21, ref c[(2 * ldc) + w]);
    }

    private static void Tile1<S, V, I>(float* a, int csa, float* b, int ldb, float* c, int k)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        var w = S.Width;
        V c0 = S.Load(in c[0]), c1 = S.Load(in c[w]);
        for (var p = 0; p < k; p++)
        {
            var x = S.Broadcast(a[0]);
            c0 = S.Fma(x, S.Load(in b[0]), c0);
            c1 = S.Fma(x, S.Load(in b[w]), c1);
            a += csa;
            b += ldb;
        }

        S.Store(c0, ref c[0]);
        S.Store(c1, ref c[w]);
    }

    private static void Start(float* c, int ldc, int m, int n, From from, float* bias)
    {
        if (from == From.Destination)
        {
            return;
        }

        for (var r = 0; r < m; r++)
        {
            new Span<float>(c + ((long)r * ldc), n).Fill(from == From.RowBias ? bias[r] : 0f);
        }
    }

    // Panel [depth][width], zero beyond the given columns.
    private static void Pack(float* b, int rowStride, int columnStride, float* panel, int depth, int columns, int width)
    {
        if (columnStride == 1)
        {
            for (var p = 0; p < depth; p++)
            {
                var row = new Span<float>(panel + (p * width), width);
                new ReadOnlySpan<float>(b + ((long)p * rowStride), columns).CopyTo(row);
                row[columns..].Clear();
            }

            return;
        }

        // Columns of B lie together (a transposed matrix): eight rows of the panel at a time keep both sides in L1.
        for (var p = 0; p < depth; p += 8)
        {
            var high = Math.Min(8, depth - p);
            for (var j = 0; j < columns; j++)
            {
                var source = b + ((long)j * columnStride) + ((long)p * rowStride);
                var destination = panel + (p * width) + j;
                for (var x = 0; x < high; x++)
                {
                    destination[x * width] = source[(long)x * rowStride];
                }
            }

            for (var x = 0; x < high; x++)
            {
                new Span<float>(panel + ((p + x) * width) + columns, width - columns).Clear();
            }
        }
    }

    private static float* Scratch()
    {
        if (t_scratch == null)
        {
            // One panel and one edge tile a thread, for its life.
            t_scratch = (float*)NativeMemory.AlignedAlloc((PanelRows + TileRows) * 2 * 16 * sizeof(float), 64);
        }

        return t_scratch;
    }

    private static void Check(int length, int rows, int columns, string name)
    {
        if (length < (long)rows * columns)
        {
            throw new ArgumentException($"Matrix {name} has {length} elements, expected {rows} x {columns}.");
        }
    }
}
