using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

using EventService.Numerics.Simd;

namespace EventService.Engine.Kernels;

/// <summary>
/// Matrix product C = start + A B. Every element of C accumulates over k = 0, 1, 2, ... in this order with one fused
/// multiply-add a term, whatever the vector width, the tile or the position: so results are equal to the bit on every path.
/// </summary>
/// <remarks>
/// The register tile is 6 rows by 2 vectors (12 independent sums hide the latency of the multiply-add). Elements of A are
/// broadcast in place, rows of B are loaded. As in Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", ACM
/// TOMS 34 (2008), B is packed into panels of 2 vectors that stay in the L1 cache, a group of panels at a time, unless its rows
/// are near enough to be read in place. A and B are addressed by row and column strides, so that transposes cost no copy of
/// their own. Packing A as well was measured and gained nothing at the sizes of the networks (A of at most 512 x 512).
/// </remarks>
public static unsafe class MatMul
{
    private const int TileRows = 6;

    // Panels of at most this many rows of B: 256 rows x 16 floats = 16 KiB, half of a 32 KiB L1 cache.
    private const int PanelRows = 256;

    // Panels packed at a time: rows of B are read in pieces of several cache lines.
    private const int GroupPanels = 4;

    // Rows of B at most this many floats apart are read in place.
    private const int InPlaceStride = 64;

    // Floats in the two vectors of the widest path.
    private const int WidestPanel = 32;

    [ThreadStatic]
    private static float[]? t_scratch;

    /// <summary>A matrix in memory: element (r, c) is at Start[r * RowStride + c * ColumnStride].</summary>
    public readonly struct View(float* start, int rowStride, int columnStride)
    {
        public float* Start => start;
        public int RowStride => rowStride;
        public int ColumnStride => columnStride;

        public View Transposed => new(Start, ColumnStride, RowStride);
    }

    /// <summary>The values from which the sums start.</summary>
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
        if (k == 0)
        {
            Start(c, ldc, m, n, from, bias);
            return;
        }

        var scratch = new Scratch(PinnedScratch());
        for (var p = 0; p < k; p += PanelRows)
        {
            var first = from == From.RowBias ? new Starts(bias, 1) : new Starts(scratch.Zeros, 0);
            var start = p > 0 || from == From.Destination ? default : first;
            var rows = new View(a.Start + ((long)p * a.ColumnStride), a.RowStride, a.ColumnStride);
            var columns = new View(b.Start + ((long)p * b.RowStride), b.RowStride, b.ColumnStride);
            Piece<S, V, I>(rows, columns, c, ldc, start, m, n, Math.Min(PanelRows, k - p), scratch);
        }
    }

    /// <summary>Start of each row's sums; without a first one, the sums start from C.</summary>
    private readonly struct Starts(float* first, int step)
    {
        public bool AreGiven => first != null;

        /// <summary>The start of this row and, behind it, of the later rows of its tile.</summary>
        public float* Of(int row) => first == null ? null : first + ((long)row * step);

        public Starts From(int row) => new(Of(row), step);
    }

    /// <summary>Memory of a thread: a group of panels of B, an edge tile of C, zeros to start from.</summary>
    private readonly struct Scratch(float* start)
    {
        public const int Length = (GroupPanels * PanelRows * WidestPanel) + (TileRows * WidestPanel) + TileRows;

        public float* Panels => start;
        public float* Edge => Panels + (GroupPanels * PanelRows * WidestPanel);
        public float* Zeros => Edge + (TileRows * WidestPanel);
    }

    /// <summary>All of C for a piece of k that fits a panel.</summary>
    private static void Piece<S, V, I>(View a, View b, float* c, int ldc, Starts start, int m, int n, int k, Scratch scratch)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        var (panel, rsb, csb) = (2 * S.Width, b.RowStride, b.ColumnStride);
        var inPlace = csb == 1 && rsb <= InPlaceStride;
        for (var j = 0; j < n; j += GroupPanels * panel)
        {
            var inGroup = Math.Min(GroupPanels * panel, n - j);
            var whole = inGroup / panel;
            var source = b.Start + ((long)j * csb);
            if (!inPlace)
            {
                PackPanels<S, V, I>(source, rsb, csb, scratch.Panels, k, whole);
            }

            for (var g = 0; g < whole; g++)
            {
                var rows = inPlace ? source + (g * panel) : scratch.Panels + (g * PanelRows * panel);
                Tiles<S, V, I>(a, rows, inPlace ? rsb : panel, c + j + (g * panel), ldc, start, m, k);
            }

            var at = whole * panel;
            if (S.Width > Simd256.Width && inGroup - at >= 2 * Simd256.Width)
            {
                // Half a panel more: as a whole one of half the width it needs no copies.
                if (!inPlace)
                {
                    PackPanels<Simd256, Vector256<float>, Vector256<int>>(source + ((long)at * csb), rsb, csb, scratch.Panels, k, 1);
                }

                Tiles<Simd256, Vector256<float>, Vector256<int>>(
                    a, inPlace ? source + at : scratch.Panels, inPlace ? rsb : 2 * Simd256.Width, c + j + at, ldc, start, m, k);
                at += 2 * Simd256.Width;
            }

            if (at < inGroup)
            {
                PackEdge(source + ((long)at * csb), rsb, csb, scratch.Panels, k, inGroup - at, panel);
                Edge<S, V, I>(a, scratch.Panels, c + j + at, ldc, start, m, inGroup - at, k, scratch.Edge);
            }
        }
    }

    // The last columns, fewer than a panel, by way of a whole tile.
    private static void Edge<S, V, I>(View a, float* b, float* c, int ldc, Starts start, int m, int columns, int k, float* edge)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        var panel = 2 * S.Width;
        for (var r = 0; r < m; r += TileRows)
        {
            var height = Math.Min(TileRows, m - r);
            for (var x = 0; x < height && !start.AreGiven; x++)
            {
                Unsafe.CopyBlockUnaligned(edge + (x * panel), c + ((long)(r + x) * ldc), (uint)(columns * sizeof(float)));
            }

            var rows = new View(a.Start + ((long)r * a.RowStride), a.RowStride, a.ColumnStride);
            Tiles<S, V, I>(rows, b, panel, edge, panel, start.From(r), height, k);
            for (var x = 0; x < height; x++)
            {
                Unsafe.CopyBlockUnaligned(c + ((long)(r + x) * ldc), edge + (x * panel), (uint)(columns * sizeof(float)));
            }
        }
    }

    private static void Tiles<S, V, I>(View a, float* b, int ldb, float* c, int ldc, Starts start, int m, int k)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        var (rsa, csa) = (a.RowStride, a.ColumnStride);
        var r = 0;
        for (; r + 6 <= m; r += 6)
        {
            Tile6<S, V, I>(a.Start + ((long)r * rsa), rsa, csa, b, ldb, c + ((long)r * ldc), ldc, start.Of(r), k);
        }

        for (; r + 3 <= m; r += 3)
        {
            Tile3<S, V, I>(a.Start + ((long)r * rsa), rsa, csa, b, ldb, c + ((long)r * ldc), ldc, start.Of(r), k);
        }

        for (; r < m; r++)
        {
            Tile1<S, V, I>(a.Start + ((long)r * rsa), csa, b, ldb, c + ((long)r * ldc), start.Of(r), k);
        }
    }

    private static void Tile6<S, V, I>(float* a, int rsa, int csa, float* b, int ldb, float* c, int ldc, float* start, int k)
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
        if (start != null)
        {
            c00 = c01 = S.Broadcast(start[0]);
            c10 = c11 = S.Broadcast(start[1]);
            c20 = c21 = S.Broadcast(start[2]);
            c30 = c31 = S.Broadcast(start[3]);
            c40 = c41 = S.Broadcast(start[4]);
            c50 = c51 = S.Broadcast(start[5]);
        }

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

    private static void Tile3<S, V, I>(float* a, int rsa, int csa, float* b, int ldb, float* c, int ldc, float* start, int k)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        var w = S.Width;
        V c00 = S.Load(in c[0]), c01 = S.Load(in c[w]);
        V c10 = S.Load(in c[ldc]), c11 = S.Load(in c[ldc + w]);
        V c20 = S.Load(in c[2 * ldc]), c21 = S.Load(in c[(2 * ldc) + w]);
        if (start != null)
        {
            c00 = c01 = S.Broadcast(start[0]);
            c10 = c11 = S.Broadcast(start[1]);
            c20 = c21 = S.Broadcast(start[2]);
        }

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

    private static void Tile1<S, V, I>(float* a, int csa, float* b, int ldb, float* c, float* start, int k)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        var w = S.Width;
        V c0 = S.Load(in c[0]), c1 = S.Load(in c[w]);
        if (start != null)
        {
            c0 = c1 = S.Broadcast(start[0]);
        }

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

    // Whole panels [k][2 vectors], PanelRows rows apart.
    private static void PackPanels<S, V, I>(float* b, int rowStride, int columnStride, float* panels, int k, int count)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        var (w, panel) = (S.Width, 2 * S.Width);
        if (columnStride == 1)
        {
            for (var p = 0; p < k; p++)
            {
                var row = b + ((long)p * rowStride);
                var destination = panels + (p * panel);
                for (var g = 0; g < count; g++)
                {
                    S.Store(S.Load(in row[0]), ref destination[0]);
                    S.Store(S.Load(in row[w]), ref destination[w]);
                    row += panel;
                    destination += PanelRows * panel;
                }
            }

            return;
        }

        for (var g = 0; g < count; g++)
        {
            Transpose(b + ((long)g * panel * columnStride), columnStride, rowStride, panels + (g * PanelRows * panel), panel, panel, k);
        }
    }

    // A panel [k][width] of fewer columns, zero beyond them.
    private static void PackEdge(float* b, int rowStride, int columnStride, float* panel, int k, int columns, int width)
    {
        new Span<float>(panel, k * width).Clear();
        Transpose(b, columnStride, rowStride, panel, width, columns, k);
    }

    /// <summary>
    /// destination[p * width + j] = source[j * outer + p * inner] for j below count and p below k, as both sides allow four at a time.
    /// </summary>
    private static void Transpose(float* source, int outer, int inner, float* destination, int width, int count, int k)
    {
        var p = 0;
        if (count >= 4 && outer == 1)
        {
            for (; p < k; p++)
            {
                Copy4(source + ((long)p * inner), destination + (p * width), count);
            }
        }
        else if (count >= 4 && inner == 1 && Sse.IsSupported)
        {
            for (; p + 4 <= k; p += 4)
            {
                for (var j = 0; j < count; j += 4)
                {
                    // The last four rows overlap those before them: the same numbers are written twice.
                    var first = Math.Min(j, count - 4);
                    Transpose4(source + ((long)first * outer) + p, outer, destination + (p * width) + first, width);
                }
            }
        }

        for (; p < k; p++)
        {
            for (var j = 0; j < count; j++)
            {
                destination[(p * width) + j] = source[((long)j * outer) + ((long)p * inner)];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy4(float* source, float* destination, int count)
    {
        for (var j = 0; j < count; j += 4)
        {
            var first = Math.Min(j, count - 4);
            Vector128.Store(Vector128.Load(source + first), destination + first);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose4(float* source, int stride, float* destination, int width)
    {
        Vector128<float> r0 = Vector128.Load(source), r1 = Vector128.Load(source + stride);
        Vector128<float> r2 = Vector128.Load(source + (2L * stride)), r3 = Vector128.Load(source + (3L * stride));
        Vector128<float> t0 = Sse.UnpackLow(r0, r1), t1 = Sse.UnpackLow(r2, r3), t2 = Sse.UnpackHigh(r0, r1), t3 = Sse.UnpackHigh(r2, r3);
        Vector128.Store(Sse.MoveLowToHigh(t0, t1), destination);
        Vector128.Store(Sse.MoveHighToLow(t1, t0), destination + width);
        Vector128.Store(Sse.MoveLowToHigh(t2, t3), destination + (2 * width));
        Vector128.Store(Sse.MoveHighToLow(t3, t2), destination + (3 * width));
    }

    private static float* PinnedScratch()
    {
        // A cache line more, to begin at one; kept for the thread's life, zero where nothing writes.
        t_scratch ??= GC.AllocateArray<float>(Scratch.Length + 16, pinned: true);
        return (float*)(((nint)Unsafe.AsPointer(ref t_scratch[0]) + 63) & ~(nint)63);
    }

    private static void Check(int length, int rows, int columns, string name)
    {
        if (length < (long)rows * columns)
        {
            throw new ArgumentException($"Matrix {name} has {length} elements, expected {rows} x {columns}.");
        }
    }
}
