using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

using EventService.Numerics.Simd;

namespace EventService.Engine.Kernels;

/// <summary>
/// A matrix A [rows, columns] that is multiplied many times: C = start + A B. It is packed once, in the order in which the product reads
/// it, so that weights are read from memory as one stream. Every element of C accumulates over k = 0, 1, 2, ... with one fused multiply-add
/// per term, whatever the vector width: the bits are those of <see cref="MatMul"/>.
/// </summary>
/// <remarks>
/// B and C are in panels of <see cref="PanelLanes"/> columns: a panel of B is [columns, 16] without gaps, its rows one cache line each. A
/// piece of A of 96 x 256 numbers stays in the L2 cache while the panels go by, and 256 rows of a panel, 16 KiB, in the L1 cache. The tiles
/// of registers are in <see cref="PackedTiles"/>.
/// </remarks>
public sealed unsafe class PackedMatrix
{
    /// <summary>Columns of a panel.</summary>
    public const int PanelLanes = 16;

    private const int PieceRows = 96;
    private const int PieceColumns = 256;
    private const int TileRows = 6;

    private readonly float[] _memory;
    private readonly float* _start;
    private readonly int _columns;

    // Rows of each tile of each piece, one piece after the other.
    private readonly int[][] _pieces;

    /// <param name="a">The matrix, rows <paramref name="rowStride"/> apart.</param>
    /// <param name="rowStride">Distance of rows.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Number of columns.</param>
    /// <exception cref="ArgumentException">The span is too short.</exception>
    public PackedMatrix(ReadOnlySpan<float> a, int rowStride, int rows, int columns)
    {
        if (rows < 0 || columns < 0 || rowStride < columns || (rows > 0 && a.Length < ((long)(rows - 1) * rowStride) + columns))
        {
            throw new ArgumentException(
                $"A matrix of {rows} x {columns} with rows {rowStride} apart does not fit {a.Length} numbers.", nameof(a));
        }

        (Rows, _columns) = (rows, columns);
        _pieces = [.. Shares(rows, PieceRows).Select(share => Shares(share, TileRows).ToArray())];
        (_memory, var start) = AlignedFloats.Allocate(rows * columns);
        _start = (float*)start;
        var next = _start;
        for (int piece = 0, row = 0; piece < _pieces.Length; row += _pieces[piece++].Sum())
        {
            for (var first = 0; first < columns; first += PieceColumns)
            {
                var top = row;
                foreach (var height in _pieces[piece])
                {
                    for (var k = first; k < Math.Min(columns, first + PieceColumns); k++)
                    {
                        for (var r = top; r < top + height; r++)
                        {
                            *next++ = a[(r * rowStride) + k];
                        }
                    }

                    top += height;
                }
            }
        }
    }

    public int Rows { get; }

    /// <summary>C = start + A B for a number of panels. Nothing is checked and the memory must not overlap.</summary>
    /// <param name="b">The first panel of B: [columns, 16].</param>
    /// <param name="panelStrideB">Distance of the panels of B in floats.</param>
    /// <param name="c">The first panel of C: [rows, 16].</param>
    /// <param name="panelStrideC">Distance of the panels of C in floats.</param>
    /// <param name="panels">Number of panels.</param>
    /// <param name="bias">Start of each row's sums; if null, the sums start from C.</param>
    public void Multiply(float* b, nint panelStrideB, float* c, nint panelStrideC, int panels, float* bias)
    {
        if (_columns == 0)
        {
            Start(c, panelStrideC, panels, bias);
            return;
        }

        switch (KernelSet.Path)
        {
            case VectorPath.V512: Run<Simd512, Vector512<float>, Vector512<int>>(b, panelStrideB, c, panelStrideC, panels, bias); break;
            case VectorPath.V256: Run<Simd256, Vector256<float>, Vector256<int>>(b, panelStrideB, c, panelStrideC, panels, bias); break;
            case VectorPath.V128: Run<Simd128, Vector128<float>, Vector128<int>>(b, panelStrideB, c, panelStrideC, panels, bias); break;
            default: Run<Simd1, float, int>(b, panelStrideB, c, panelStrideC, panels, bias); break;
        }

        GC.KeepAlive(_memory);
    }

    private void Run<S, V, I>(float* b, nint panelStrideB, float* c, nint panelStrideC, int panels, float* bias)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        var perPanel = PanelLanes / S.Width;
        var vectors = panels * perPanel;
        var a = _start;
        foreach (var tiles in _pieces)
        {
            // The last tile, where it has three rows or fewer, takes four vectors at a time.
            var few = tiles[^1] < 4 ? tiles[^1] : 0;
            var many = tiles.AsSpan(0, few > 0 ? tiles.Length - 1 : tiles.Length);
            var rows = 0;
            foreach (var height in many)
            {
                rows += height;
            }

            for (var first = 0; first < _columns; first += PieceColumns)
            {
                var depth = Math.Min(PieceColumns, _columns - first);
                var from = first == 0 ? bias : null;
                var at = b + ((nint)first * PanelLanes);

                // Beyond the last vector the last one again, computed twice to the same numbers.
                for (var v = 0; v < vectors && rows > 0; v += 2)
                {
                    var v1 = Math.Min(v + 1, vectors - 1);
                    float* b0 = at + Offset<S, V, I>(v, panelStrideB), b1 = at + Offset<S, V, I>(v1, panelStrideB);
                    Column<S, V, I>(
                        many, a, depth, b0, b1, c + Offset<S, V, I>(v, panelStrideC), c + Offset<S, V, I>(v1, panelStrideC), from);
                }

                a += (nint)rows * depth;
                var below = c + (rows * PanelLanes);
                var fromBelow = from == null ? null : from + rows;
                for (var v = 0; v < vectors && few > 0; v += 4)
                {
                    int v1 = Math.Min(v + 1, vectors - 1), v2 = Math.Min(v + 2, vectors - 1), v3 = Math.Min(v + 3, vectors - 1);
                    float* b0 = at + Offset<S, V, I>(v, panelStrideB), b1 = at + Offset<S, V, I>(v1, panelStrideB);
                    float* b2 = at + Offset<S, V, I>(v2, panelStrideB), b3 = at + Offset<S, V, I>(v3, panelStrideB);
                    float* c0 = below + Offset<S, V, I>(v, panelStrideC), c1 = below + Offset<S, V, I>(v1, panelStrideC);
                    float* c2 = below + Offset<S, V, I>(v2, panelStrideC), c3 = below + Offset<S, V, I>(v3, panelStrideC);
                    PackedTiles.Wide<S, V, I>(few, a, depth, b0, b1, b2, b3, c0, c1, c2, c3, fromBelow);
                }

                a += (nint)few * depth;
            }

            c += (rows + few) * PanelLanes;
            bias = bias == null ? null : bias + rows + few;
        }
    }

    /// <summary>Tiles of four to six rows on two vectors of lanes.</summary>
    private static void Column<S, V, I>(
        ReadOnlySpan<int> tiles, float* a, int depth, float* b0, float* b1, float* c0, float* c1, float* from)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        for (var t = 0; t < tiles.Length; t++)
        {
            var height = tiles[t];
            switch (height)
            {
                case 6 when S.Width == PanelLanes && t + 1 < tiles.Length && tiles[t + 1] == 6:
                    PackedTiles.Tile6Twice<S, V, I>(a, depth, b0, b1, c0, c1, from);
                    height += tiles[++t];
                    break;
                case 6: PackedTiles.Tile6<S, V, I>(a, depth, b0, b1, c0, c1, from); break;
                case 5: PackedTiles.Tile5<S, V, I>(a, depth, b0, b1, c0, c1, from); break;
                default: PackedTiles.Tile4<S, V, I>(a, depth, b0, b1, c0, c1, from); break;
            }

            a += (nint)height * depth;
            c0 += height * PanelLanes;
            c1 += height * PanelLanes;
            from = from == null ? null : from + height;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint Offset<S, V, I>(int vector, nint panelStride)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct =>
        LanePanels.Offset(vector * S.Width, panelStride);

    /// <summary>Divides the rows into as few shares of limited size as possible, as equal as possible, the larger ones first.</summary>
    private static IEnumerable<int> Shares(int rows, int most)
    {
        var count = (rows + most - 1) / most;
        return Enumerable.Range(0, count).Select(t => ((rows * (t + 1)) / count) - (rows * t / count)).OrderDescending();
    }

    private void Start(float* c, nint panelStride, int panels, float* bias)
    {
        for (var p = 0; p < panels && bias != null; p++)
        {
            for (var r = 0; r < Rows; r++)
            {
                new Span<float>(c + (p * panelStride) + (r * PanelLanes), PanelLanes).Fill(bias[r]);
            }
        }
    }
}
