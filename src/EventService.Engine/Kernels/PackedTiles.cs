using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

using EventService.Numerics.Simd;

namespace EventService.Engine.Kernels;

/// <summary>
/// Products of a few rows of a <see cref="PackedMatrix"/> with two or four vectors of lanes, in registers. On processors that
/// add and multiply two vectors per cycle with a latency of four cycles, eight sums or more keep both units busy: four rows or
/// more by two vectors, fewer by four.
/// </summary>
/// <remarks>
/// a is [k, rows] without gaps; row p of B is L = 16 floats after row p - 1, as are the rows of C. Sums start from start[row],
/// or from C where that is null.
/// </remarks>
internal static unsafe class PackedTiles
{
    private const int L = PackedMatrix.PanelLanes;

    /// <summary>One to three rows by four vectors.</summary>
    public static void Wide<S, V, I>(
        int rows, float* a, int k, float* b0, float* b1, float* b2, float* b3, float* c0, float* c1, float* c2, float* c3, float* start)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        switch (rows)
        {
            case 3: Tile3Wide<S, V, I>(a, k, b0, b1, b2, b3, c0, c1, c2, c3, start); break;
            case 2: Tile2Wide<S, V, I>(a, k, b0, b1, b2, b3, c0, c1, c2, c3, start); break;
            default: Tile1Wide<S, V, I>(a, k, b0, b1, b2, b3, c0, c1, c2, c3, start); break;
        }
    }

    /// <summary>
    /// Two tiles of six rows, of which the second follows the first: the same number of sums with half the loads of B. For processors with
    /// 32 registers of the widest vectors.
    /// </summary>
    public static void Tile6Twice<S, V, I>(float* a, int k, float* b0, float* b1, float* c0, float* c1, float* start)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        V s00 = S.Load(in c0[0]), s01 = S.Load(in c1[0]);
        V s10 = S.Load(in c0[L]), s11 = S.Load(in c1[L]);
        V s20 = S.Load(in c0[2 * L]), s21 = S.Load(in c1[2 * L]);
        V s30 = S.Load(in c0[3 * L]), s31 = S.Load(in c1[3 * L]);
        V s40 = S.Load(in c0[4 * L]), s41 = S.Load(in c1[4 * L]);
        V s50 = S.Load(in c0[5 * L]), s51 = S.Load(in c1[5 * L]);
        V s60 = S.Load(in c0[6 * L]), s61 = S.Load(in c1[6 * L]);
        V s70 = S.Load(in c0[7 * L]), s71 = S.Load(in c1[7 * L]);
        V s80 = S.Load(in c0[8 * L]), s81 = S.Load(in c1[8 * L]);
        V s90 = S.Load(in c0[9 * L]), s91 = S.Load(in c1[9 * L]);
        V sa0 = S.Load(in c0[10 * L]), sa1 = S.Load(in c1[10 * L]);
        V sb0 = S.Load(in c0[11 * L]), sb1 = S.Load(in c1[11 * L]);
        if (start != null)
        {
            s00 = s01 = S.Broadcast(start[0]);
            s10 = s11 = S.Broadcast(start[1]);
            s20 = s21 = S.Broadcast(start[2]);
            s30 = s31 = S.Broadcast(start[3]);
            s40 = s41 = S.Broadcast(start[4]);
            s50 = s51 = S.Broadcast(start[5]);
            s60 = s61 = S.Broadcast(start[6]);
            s70 = s71 = S.Broadcast(start[7]);
            s80 = s81 = S.Broadcast(start[8]);
            s90 = s91 = S.Broadcast(start[9]);
            sa0 = sa1 = S.Broadcast(start[10]);
            sb0 = sb1 = S.Broadcast(start[11]);
        }

        var below = a + (6 * (nint)k);
        for (var end = below; a < end; a += 6)
        {
            Prefetch(below);
            V y0 = S.Load(in b0[0]), y1 = S.Load(in b1[0]);
            var x = S.Broadcast(a[0]);
            s00 = S.Fma(x, y0, s00);
            s01 = S.Fma(x, y1, s01);
            x = S.Broadcast(a[1]);
            s10 = S.Fma(x, y0, s10);
            s11 = S.Fma(x, y1, s11);
            x = S.Broadcast(a[2]);
            s20 = S.Fma(x, y0, s20);
            s21 = S.Fma(x, y1, s21);
            x = S.Broadcast(a[3]);
            s30 = S.Fma(x, y0, s30);
            s31 = S.Fma(x, y1, s31);
            x = S.Broadcast(a[4]);
            s40 = S.Fma(x, y0, s40);
            s41 = S.Fma(x, y1, s41);
            x = S.Broadcast(a[5]);
            s50 = S.Fma(x, y0, s50);
            s51 = S.Fma(x, y1, s51);
            x = S.Broadcast(below[0]);
            s60 = S.Fma(x, y0, s60);
            s61 = S.Fma(x, y1, s61);
            x = S.Broadcast(below[1]);
            s70 = S.Fma(x, y0, s70);
            s71 = S.Fma(x, y1, s71);
            x = S.Broadcast(below[2]);
            s80 = S.Fma(x, y0, s80);
            s81 = S.Fma(x, y1, s81);
            x = S.Broadcast(below[3]);
            s90 = S.Fma(x, y0, s90);
            s91 = S.Fma(x, y1, s91);
            x = S.Broadcast(below[4]);
            sa0 = S.Fma(x, y0, sa0);
            sa1 = S.Fma(x, y1, sa1);
            x = S.Broadcast(below[5]);
            sb0 = S.Fma(x, y0, sb0);
            sb1 = S.Fma(x, y1, sb1);
            below += 6;
            b0 += L;
            b1 += L;
        }

        S.Store(s00, ref c0[0]);
        S.Store(s01, ref c1[0]);
        S.Store(s10, ref c0[L]);
        S.Store(s11, ref c1[L]);
        S.Store(s20, ref c0[2 * L]);
        S.Store(s21, ref c1[2 * L]);
        S.Store(s30, ref c0[3 * L]);
        S.Store(s31, ref c1[3 * L]);
        S.Store(s40, ref c0[4 * L]);
        S.Store(s41, ref c1[4 * L]);
        S.Store(s50, ref c0[5 * L]);
        S.Store(s51, ref c1[5 * L]);
        S.Store(s60, ref c0[6 * L]);
        S.Store(s61, ref c1[6 * L]);
        S.Store(s70, ref c0[7 * L]);
        S.Store(s71, ref c1[7 * L]);
        S.Store(s80, ref c0[8 * L]);
        S.Store(s81, ref c1[8 * L]);
        S.Store(s90, ref c0[9 * L]);
        S.Store(s91, ref c1[9 * L]);
        S.Store(sa0, ref c0[10 * L]);
        S.Store(sa1, ref c1[10 * L]);
        S.Store(sb0, ref c0[11 * L]);
        S.Store(sb1, ref c1[11 * L]);
    }

    public static void Tile6<S, V, I>(float* a, int k, float* b0, float* b1, float* c0, float* c1, float* start)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        V s00 = S.Load(in c0[0]), s01 = S.Load(in c1[0]);
        V s10 = S.Load(in c0[L]), s11 = S.Load(in c1[L]);
        V s20 = S.Load(in c0[2 * L]), s21 = S.Load(in c1[2 * L]);
        V s30 = S.Load(in c0[3 * L]), s31 = S.Load(in c1[3 * L]);
        V s40 = S.Load(in c0[4 * L]), s41 = S.Load(in c1[4 * L]);
        V s50 = S.Load(in c0[5 * L]), s51 = S.Load(in c1[5 * L]);
        if (start != null)
        {
            s00 = s01 = S.Broadcast(start[0]);
            s10 = s11 = S.Broadcast(start[1]);
            s20 = s21 = S.Broadcast(start[2]);
            s30 = s31 = S.Broadcast(start[3]);
            s40 = s41 = S.Broadcast(start[4]);
            s50 = s51 = S.Broadcast(start[5]);
        }

        for (var end = a + (6 * (nint)k); a < end; a += 6)
        {
            Prefetch(a);
            V y0 = S.Load(in b0[0]), y1 = S.Load(in b1[0]);
            var x = S.Broadcast(a[0]);
            s00 = S.Fma(x, y0, s00);
            s01 = S.Fma(x, y1, s01);
            x = S.Broadcast(a[1]);
            s10 = S.Fma(x, y0, s10);
            s11 = S.Fma(x, y1, s11);
            x = S.Broadcast(a[2]);
            s20 = S.Fma(x, y0, s20);
            s21 = S.Fma(x, y1, s21);
            x = S.Broadcast(a[3]);
            s30 = S.Fma(x, y0, s30);
            s31 = S.Fma(x, y1, s31);
            x = S.Broadcast(a[4]);
            s40 = S.Fma(x, y0, s40);
            s41 = S.Fma(x, y1, s41);
            x = S.Broadcast(a[5]);
            s50 = S.Fma(x, y0, s50);
            s51 = S.Fma(x, y1, s51);
            b0 += L;
            b1 += L;
        }

        S.Store(s00, ref c0[0]);
        S.Store(s01, ref c1[0]);
        S.Store(s10, ref c0[L]);
        S.Store(s11, ref c1[L]);
        S.Store(s20, ref c0[2 * L]);
        S.Store(s21, ref c1[2 * L]);
        S.Store(s30, ref c0[3 * L]);
        S.Store(s31, ref c1[3 * L]);
        S.Store(s40, ref c0[4 * L]);
        S.Store(s41, ref c1[4 * L]);
        S.Store(s50, ref c0[5 * L]);
        S.Store(s51, ref c1[5 * L]);
    }

    public static void Tile5<S, V, I>(float* a, int k, float* b0, float* b1, float* c0, float* c1, float* start)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        V s00 = S.Load(in c0[0]), s01 = S.Load(in c1[0]);
        V s10 = S.Load(in c0[L]), s11 = S.Load(in c1[L]);
        V s20 = S.Load(in c0[2 * L]), s21 = S.Load(in c1[2 * L]);
        V s30 = S.Load(in c0[3 * L]), s31 = S.Load(in c1[3 * L]);
        V s40 = S.Load(in c0[4 * L]), s41 = S.Load(in c1[4 * L]);
        if (start != null)
        {
            s00 = s01 = S.Broadcast(start[0]);
            s10 = s11 = S.Broadcast(start[1]);
            s20 = s21 = S.Broadcast(start[2]);
            s30 = s31 = S.Broadcast(start[3]);
            s40 = s41 = S.Broadcast(start[4]);
        }

        for (var end = a + (5 * (nint)k); a < end; a += 5)
        {
            Prefetch(a);
            V y0 = S.Load(in b0[0]), y1 = S.Load(in b1[0]);
            var x = S.Broadcast(a[0]);
            s00 = S.Fma(x, y0, s00);
            s01 = S.Fma(x, y1, s01);
            x = S.Broadcast(a[1]);
            s10 = S.Fma(x, y0, s10);
            s11 = S.Fma(x, y1, s11);
            x = S.Broadcast(a[2]);
            s20 = S.Fma(x, y0, s20);
            s21 = S.Fma(x, y1, s21);
            x = S.Broadcast(a[3]);
            s30 = S.Fma(x, y0, s30);
            s31 = S.Fma(x, y1, s31);
            x = S.Broadcast(a[4]);
            s40 = S.Fma(x, y0, s40);
            s41 = S.Fma(x, y1, s41);
            b0 += L;
            b1 += L;
        }

        S.Store(s00, ref c0[0]);
        S.Store(s01, ref c1[0]);
        S.Store(s10, ref c0[L]);
        S.Store(s11, ref c1[L]);
        S.Store(s20, ref c0[2 * L]);
        S.Store(s21, ref c1[2 * L]);
        S.Store(s30, ref c0[3 * L]);
        S.Store(s31, ref c1[3 * L]);
        S.Store(s40, ref c0[4 * L]);
        S.Store(s41, ref c1[4 * L]);
    }

    public static void Tile4<S, V, I>(float* a, int k, float* b0, float* b1, float* c0, float* c1, float* start)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        V s00 = S.Load(in c0[0]), s01 = S.Load(in c1[0]);
        V s10 = S.Load(in c0[L]), s11 = S.Load(in c1[L]);
        V s20 = S.Load(in c0[2 * L]), s21 = S.Load(in c1[2 * L]);
        V s30 = S.Load(in c0[3 * L]), s31 = S.Load(in c1[3 * L]);
        if (start != null)
        {
            s00 = s01 = S.Broadcast(start[0]);
            s10 = s11 = S.Broadcast(start[1]);
            s20 = s21 = S.Broadcast(start[2]);
            s30 = s31 = S.Broadcast(start[3]);
        }

        for (var end = a + (4 * (nint)k); a < end; a += 4)
        {
            V y0 = S.Load(in b0[0]), y1 = S.Load(in b1[0]);
            var x = S.Broadcast(a[0]);
            s00 = S.Fma(x, y0, s00);
            s01 = S.Fma(x, y1, s01);
            x = S.Broadcast(a[1]);
            s10 = S.Fma(x, y0, s10);
            s11 = S.Fma(x, y1, s11);
            x = S.Broadcast(a[2]);
            s20 = S.Fma(x, y0, s20);
            s21 = S.Fma(x, y1, s21);
            x = S.Broadcast(a[3]);
            s30 = S.Fma(x, y0, s30);
            s31 = S.Fma(x, y1, s31);
            b0 += L;
            b1 += L;
        }

        S.Store(s00, ref c0[0]);
        S.Store(s01, ref c1[0]);
        S.Store(s10, ref c0[L]);
        S.Store(s11, ref c1[L]);
        S.Store(s20, ref c0[2 * L]);
        S.Store(s21, ref c1[2 * L]);
        S.Store(s30, ref c0[3 * L]);
        S.Store(s31, ref c1[3 * L]);
    }

    /// <summary>
    /// Asks for the weights that come 3 KiB later: those of large networks lie beyond the L2 cache, and were measured to cost a tenth of
    /// the time of a product without this.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(float* a)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch1(a + 768);
        }
    }

    private static void Tile3Wide<S, V, I>(
        float* a, int k, float* b0, float* b1, float* b2, float* b3, float* c0, float* c1, float* c2, float* c3, float* start)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        V s00 = S.Load(in c0[0]), s01 = S.Load(in c1[0]), s02 = S.Load(in c2[0]), s03 = S.Load(in c3[0]);
        V s10 = S.Load(in c0[L]), s11 = S.Load(in c1[L]), s12 = S.Load(in c2[L]), s13 = S.Load(in c3[L]);
        V s20 = S.Load(in c0[2 * L]), s21 = S.Load(in c1[2 * L]), s22 = S.Load(in c2[2 * L]), s23 = S.Load(in c3[2 * L]);
        if (start != null)
        {
            s00 = s01 = s02 = s03 = S.Broadcast(start[0]);
            s10 = s11 = s12 = s13 = S.Broadcast(start[1]);
            s20 = s21 = s22 = s23 = S.Broadcast(start[2]);
        }

        for (var end = a + (3 * (nint)k); a < end; a += 3)
        {
            V y0 = S.Load(in b0[0]), y1 = S.Load(in b1[0]), y2 = S.Load(in b2[0]), y3 = S.Load(in b3[0]);
            var x = S.Broadcast(a[0]);
            s00 = S.Fma(x, y0, s00);
            s01 = S.Fma(x, y1, s01);
            s02 = S.Fma(x, y2, s02);
            s03 = S.Fma(x, y3, s03);
            x = S.Broadcast(a[1]);
            s10 = S.Fma(x, y0, s10);
            s11 = S.Fma(x, y1, s11);
            s12 = S.Fma(x, y2, s12);
            s13 = S.Fma(x, y3, s13);
            x = S.Broadcast(a[2]);
            s20 = S.Fma(x, y0, s20);
            s21 = S.Fma(x, y1, s21);
            s22 = S.Fma(x, y2, s22);
            s23 = S.Fma(x, y3, s23);
            b0 += L;
            b1 += L;
            b2 += L;
            b3 += L;
        }

        S.Store(s00, ref c0[0]);
        S.Store(s01, ref c1[0]);
        S.Store(s02, ref c2[0]);
        S.Store(s03, ref c3[0]);
        S.Store(s10, ref c0[L]);
        S.Store(s11, ref c1[L]);
        S.Store(s12, ref c2[L]);
        S.Store(s13, ref c3[L]);
        S.Store(s20, ref c0[2 * L]);
        S.Store(s21, ref c1[2 * L]);
        S.Store(s22, ref c2[2 * L]);
        S.Store(s23, ref c3[2 * L]);
    }

    private static void Tile2Wide<S, V, I>(
        float* a, int k, float* b0, float* b1, float* b2, float* b3, float* c0, float* c1, float* c2, float* c3, float* start)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        V s00 = S.Load(in c0[0]), s01 = S.Load(in c1[0]), s02 = S.Load(in c2[0]), s03 = S.Load(in c3[0]);
        V s10 = S.Load(in c0[L]), s11 = S.Load(in c1[L]), s12 = S.Load(in c2[L]), s13 = S.Load(in c3[L]);
        if (start != null)
        {
            s00 = s01 = s02 = s03 = S.Broadcast(start[0]);
            s10 = s11 = s12 = s13 = S.Broadcast(start[1]);
        }

        for (var end = a + (2 * (nint)k); a < end; a += 2)
        {
            V y0 = S.Load(in b0[0]), y1 = S.Load(in b1[0]), y2 = S.Load(in b2[0]), y3 = S.Load(in b3[0]);
            var x = S.Broadcast(a[0]);
            s00 = S.Fma(x, y0, s00);
            s01 = S.Fma(x, y1, s01);
            s02 = S.Fma(x, y2, s02);
            s03 = S.Fma(x, y3, s03);
            x = S.Broadcast(a[1]);
            s10 = S.Fma(x, y0, s10);
            s11 = S.Fma(x, y1, s11);
            s12 = S.Fma(x, y2, s12);
            s13 = S.Fma(x, y3, s13);
            b0 += L;
            b1 += L;
            b2 += L;
            b3 += L;
        }

        S.Store(s00, ref c0[0]);
        S.Store(s01, ref c1[0]);
        S.Store(s02, ref c2[0]);
        S.Store(s03, ref c3[0]);
        S.Store(s10, ref c0[L]);
        S.Store(s11, ref c1[L]);
        S.Store(s12, ref c2[L]);
        S.Store(s13, ref c3[L]);
    }

    private static void Tile1Wide<S, V, I>(
        float* a, int k, float* b0, float* b1, float* b2, float* b3, float* c0, float* c1, float* c2, float* c3, float* start)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        V s00 = S.Load(in c0[0]), s01 = S.Load(in c1[0]), s02 = S.Load(in c2[0]), s03 = S.Load(in c3[0]);
        if (start != null)
        {
            s00 = s01 = s02 = s03 = S.Broadcast(start[0]);
        }

        for (var end = a + k; a < end; a++)
        {
            V y0 = S.Load(in b0[0]), y1 = S.Load(in b1[0]), y2 = S.Load(in b2[0]), y3 = S.Load(in b3[0]);
            var x = S.Broadcast(a[0]);
            s00 = S.Fma(x, y0, s00);
            s01 = S.Fma(x, y1, s01);
            s02 = S.Fma(x, y2, s02);
            s03 = S.Fma(x, y3, s03);
            b0 += L;
            b1 += L;
            b2 += L;
            b3 += L;
        }

        S.Store(s00, ref c0[0]);
        S.Store(s01, ref c1[0]);
        S.Store(s02, ref c2[0]);
        S.Store(s03, ref c3[0]);
    }
}
