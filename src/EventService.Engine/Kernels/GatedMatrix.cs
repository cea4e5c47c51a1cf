using System.Numerics;
using System.Runtime.CompilerServices;

namespace EventService.Engine.Kernels;

/// <summary>
/// A matrix A [rows, columns] in double precision whose rows are scaled by factors of their own in each lane: C[r, l] = start + sum
/// over k of round(A[r, k] g[r, l]) B[k, l], with B and C in float32. In every lane the bits are those of <see cref="PackedMatrix"/>
/// with the matrix round(A[r, k] g[r]): elements are scaled in double precision, rounded to float32, and accumulate over k = 0, 1, 2,
/// ... with one fused multiply-add per term.
/// </summary>
/// <remarks>
/// Panels of 16 lanes as in <see cref="PackedMatrix"/>. Scaling takes about four times as long as the product, so a matrix with the same
/// factors in all lanes is better scaled beforehand.
/// </remarks>
public sealed unsafe class GatedMatrix
{
    private const int Lanes = PackedMatrix.PanelLanes;

    private readonly double[] _a;
    private readonly int _columns;

    /// <param name="a">The matrix, rows <paramref name="rowStride"/> apart.</param>
    /// <param name="rowStride">Distance of rows.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Number of columns.</param>
    /// <exception cref="ArgumentException">The span is too short.</exception>
    public GatedMatrix(ReadOnlySpan<double> a, int rowStride, int rows, int columns)
    {
        if (rows < 0 || columns < 0 || rowStride < columns || (rows > 0 && a.Length < ((long)(rows - 1) * rowStride) + columns))
        {
            throw new ArgumentException(
                $"A matrix of {rows} x {columns} with rows {rowStride} apart does not fit {a.Length} numbers.", nameof(a));
        }

        (Rows, _columns, _a) = (rows, columns, new double[rows * columns]);
        for (var r = 0; r < rows; r++)
        {
            a.Slice(r * rowStride, columns).CopyTo(_a.AsSpan(r * columns));
        }
    }

    public int Rows { get; }

    /// <summary>C = start + (A g) B for a number of panels. Nothing is checked and the memory must not overlap.</summary>
    /// <param name="b">The first panel of B: [columns, 16].</param>
    /// <param name="panelStrideB">Distance of the panels of B in floats.</param>
    /// <param name="g">The first panel of the factors: [rows, 16].</param>
    /// <param name="panelStrideG">Distance of the panels of the factors in doubles.</param>
    /// <param name="c">The first panel of C: [rows, 16].</param>
    /// <param name="panelStrideC">Distance of the panels of C in floats.</param>
    /// <param name="panels">Number of panels.</param>
    /// <param name="bias">Start of each row's sums, multiplied by the factor and rounded; if null, the sums start from C.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // vectors are slow in code that is compiled in haste
    public void Multiply(float* b, nint panelStrideB, double* g, nint panelStrideG, float* c, nint panelStrideC, int panels, double* bias)
    {
        var w = Vector<double>.Count;
        fixed (double* start = _a)
        {
            for (var p = 0; p < panels; p++)
            {
                float* bp = b + (p * panelStrideB), cp = c + (p * panelStrideC);
                var gp = g + (p * panelStrideG);
                var a = start;
                for (var r = 0; r < Rows; r++, a += _columns, gp += Lanes, cp += Lanes)
                {
                    if (KernelSet.Path == VectorPath.Scalar)
                    {
                        Row(a, bp, gp, cp, bias == null ? null : bias + r);
                        continue;
                    }

                    // Two sums at a time where a panel has that many: each waits for itself.
                    var lane = 0;
                    for (; lane + (4 * w) <= Lanes; lane += 4 * w)
                    {
                        Vector<double> g0 = Vector.Load(gp + lane), g1 = Vector.Load(gp + lane + w), g2 = Vector.Load(gp + lane + (2 * w)),
                            g3 = Vector.Load(gp + lane + (3 * w));
                        Vector<float> s0 = Vector.Load(cp + lane), s1 = Vector.Load(cp + lane + (2 * w));
                        if (bias != null)
                        {
                            var x = new Vector<double>(bias[r]);
                            (s0, s1) = (Vector.Narrow(x * g0, x * g1), Vector.Narrow(x * g2, x * g3));
                        }

                        var y = bp + lane;
                        for (var k = 0; k < _columns; k++, y += Lanes)
                        {
                            var x = new Vector<double>(a[k]);
                            s0 = Vector.FusedMultiplyAdd(Vector.Narrow(x * g0, x * g1), Vector.Load(y), s0);
                            s1 = Vector.FusedMultiplyAdd(Vector.Narrow(x * g2, x * g3), Vector.Load(y + (2 * w)), s1);
                        }

                        s0.Store(cp + lane);
                        s1.Store(cp + lane + (2 * w));
                    }

                    for (; lane < Lanes; lane += 2 * w)
                    {
                        Vector<double> g0 = Vector.Load(gp + lane), g1 = Vector.Load(gp + lane + w);
                        var s = Vector.Load(cp + lane);
                        if (bias != null)
                        {
                            var x = new Vector<double>(bias[r]);
                            s = Vector.Narrow(x * g0, x * g1);
                        }

                        var y = bp + lane;
                        for (var k = 0; k < _columns; k++, y += Lanes)
                        {
                            var x = new Vector<double>(a[k]);
                            s = Vector.FusedMultiplyAdd(Vector.Narrow(x * g0, x * g1), Vector.Load(y), s);
                        }

                        s.Store(cp + lane);
                    }
                }
            }
        }
    }

    /// <summary>The definition: one row of a panel.</summary>
    private void Row(double* a, float* b, double* g, float* c, double* bias)
    {
        for (var lane = 0; lane < Lanes; lane++)
        {
            var sum = bias == null ? c[lane] : (float)(*bias * g[lane]);
            for (var k = 0; k < _columns; k++)
            {
                sum = MathF.FusedMultiplyAdd((float)(a[k] * g[lane]), b[(k * Lanes) + lane], sum);
            }

            c[lane] = sum;
        }
    }
}
