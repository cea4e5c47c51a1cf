using System.Runtime.InteropServices;

using EventService.Engine.Kernels;
using EventService.Engine.Random;

namespace EventService.Engine.Tests.Kernels;

/// <summary>The matrix product against its definition, one fused multiply-add a term in order of k, bit by bit.</summary>
[Collection(KernelSetCollection.Name)]
public sealed unsafe class MatMulTests
{
    private const float Untouched = 77;

    // Drawn once; matrices start at different places.
    private static readonly float[] s_numbers = Draw(65_537);

    private static readonly VectorPath[] s_paths = Enum.GetValues<VectorPath>();

    /// <summary>Where the elements of A and B lie.</summary>
    public enum Layout
    {
        Dense,
        Transposed,

        /// <summary>Rows 1000 floats apart: further than what is read in place.</summary>
        Far,

        /// <summary>Neither rows nor columns are contiguous.</summary>
        Spread,
    }

    public static TheoryData<Layout, Layout, MatMul.From> Cases()
    {
        var cases = new TheoryData<Layout, Layout, MatMul.From>();
        foreach (var from in Enum.GetValues<MatMul.From>())
        {
            cases.Add(Layout.Dense, Layout.Dense, from);
            cases.Add(Layout.Transposed, Layout.Dense, from);
            cases.Add(Layout.Dense, Layout.Transposed, from);
            cases.Add(Layout.Transposed, Layout.Transposed, from);
            cases.Add(Layout.Far, Layout.Far, from);
            cases.Add(Layout.Spread, Layout.Spread, from);
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Multiply_SmallShapes_GivesTheBitsOfTheDefinitionOnEveryPath(Layout layoutA, Layout layoutB, MatMul.From from)
    {
        foreach (var m in (int[])[0, 1, 2, 3, 5, 6, 7, 10])
        {
            foreach (var n in (int[])[0, 1, 2, 3, 5, 7, 15, 16, 17, 31, 32, 33])
            {
                foreach (var k in (int[])[0, 1, 2, 7, 16])
                {
                    AssertDefinition(m, n, k, layoutA, layoutB, from);
                }
            }
        }
    }

    [Theory]
    [InlineData(1, 1, 255)]
    [InlineData(3, 33, 256)]
    [InlineData(7, 17, 257)]
    [InlineData(6, 32, 300)]
    [InlineData(2, 5, 513)]
    [InlineData(5, 255, 3)]
    [InlineData(15, 256, 6)]
    [InlineData(17, 257, 5)]
    [InlineData(31, 300, 2)]
    [InlineData(255, 16, 3)]
    [InlineData(256, 1, 7)]
    [InlineData(257, 3, 16)]
    [InlineData(300, 2, 31)]
    [InlineData(33, 65, 257)]
    [InlineData(13, 149, 258)]
    [InlineData(4, 300, 63)]
    public void Multiply_BeyondOnePanel_GivesTheBitsOfTheDefinitionOnEveryPath(int m, int n, int k)
    {
        foreach (var from in Enum.GetValues<MatMul.From>())
        {
            AssertDefinition(m, n, k, Layout.Dense, Layout.Dense, from);
            AssertDefinition(m, n, k, Layout.Transposed, Layout.Transposed, from);
        }
    }

    /// <summary>
    /// Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., sec. 3.1: k roundings give gamma_k = k u / (1 -
    /// k u) of the sum of magnitudes.
    /// </summary>
    [Theory]
    [InlineData(6, 16, 7)]
    [InlineData(7, 33, 256)]
    [InlineData(5, 17, 300)]
    public void Multiply_AgainstDoublePrecision_StaysWithinTheErrorBound(int m, int n, int k)
    {
        float[] a = s_numbers[..(m * k)], b = s_numbers[^(k * n)..], c = new float[m * n];

        MatMul.Multiply(a, b, c, m, n, k);

        var u = Math.ScaleB(1, -24);
        for (var r = 0; r < m; r++)
        {
            for (var j = 0; j < n; j++)
            {
                double sum = 0, magnitude = 0;
                for (var p = 0; p < k; p++)
                {
                    var term = (double)a[(r * k) + p] * b[(p * n) + j];
                    sum += term;
                    magnitude += Math.Abs(term);
                }

                Assert.Equal(sum, c[(r * n) + j], k * u / (1 - (k * u)) * magnitude);
            }
        }
    }

    /// <summary>What batch invariance rests on: an event is a column, and its numbers are its own.</summary>
    [Fact]
    public void Multiply_SomeOfTheColumns_GivesTheSameBitsAsAllOfThem()
    {
        const int m = 13, n = 60, k = 259;   // rows of B near enough to be read in place where a panel is full
        Matrix a = new(m, k, Layout.Dense, 11), b = new(k, n, Layout.Dense, 12);
        foreach (var path in s_paths)
        {
            var all = Run(path, a, b, Start(m, n, n), n, m, n, k, MatMul.From.RowBias);
            foreach (var (first, count) in ((int, int)[])[(0, 1), (5, 1), (59, 1), (3, 7), (1, 16), (17, 33), (6, 54), (0, 59)])
            {
                var some = Run(path, a, b.From(first), Start(m, count, count), count, m, count, k, MatMul.From.RowBias);
                for (var r = 0; r < m; r++)
                {
                    AssertSameBits(
                        all.AsSpan((r * n) + first, count),
                        some.AsSpan(r * count, count),
                        $"{path}, columns {first}..{first + count - 1}, row {r}");
                }
            }
        }
    }

    [Fact]
    public void Multiply_NaNInOneColumn_StaysInThatColumn()
    {
        const int m = 8, n = 35, k = 5, bad = 33;
        Matrix a = new(m, k, Layout.Dense, 1), b = new(k, n, Layout.Dense, 2);
        foreach (var path in s_paths)
        {
            b.Data[(3 * n) + bad] = float.NaN;
            var c = Run(path, a, b, Start(m, n, n), n, m, n, k, MatMul.From.Zero);
            for (var i = 0; i < m * n; i++)
            {
                Assert.Equal(i % n == bad, float.IsNaN(c[i]));
            }
        }
    }

    [Fact]
    public void Multiply_SpansWithoutTerms_GivesZeros()
    {
        float[] c = [1, 2, 3, 4, 5, 6];

        MatMul.Multiply([], [], c, 2, 3, 0);

        Assert.Equal(new float[6], c);
    }

    [Fact]
    public void Multiply_SpansWithoutRowsOrColumns_DoesNothing()
    {
        MatMul.Multiply([], [1, 2], [], 0, 1, 2);
        MatMul.Multiply([1, 2], [], [], 1, 0, 2);
    }

    [Theory]
    [InlineData(5, 12, 8, "Matrix A has 5 elements, expected 2 x 3.")]
    [InlineData(6, 11, 8, "Matrix B has 11 elements, expected 3 x 4.")]
    [InlineData(6, 12, 7, "Matrix C has 7 elements, expected 2 x 4.")]
    public void Multiply_SpanTooShort_SaysWhich(int a, int b, int c, string message)
    {
        var e = Assert.Throws<ArgumentException>(() => MatMul.Multiply(new float[a], new float[b], new float[c], 2, 4, 3));

        Assert.Equal(message, e.Message);
    }

    private static void AssertDefinition(int m, int n, int k, Layout layoutA, Layout layoutB, MatMul.From from)
    {
        // C has a gap of 3 between its rows, which nobody may write to.
        Matrix a = new(m, k, layoutA, 100 + m), b = new(k, n, layoutB, 5000 + n);
        var strideC = n + 3;
        var start = Start(m, n, strideC);
        var expected = Definition(a, b, start, strideC, m, n, k, from);
        foreach (var path in s_paths)
        {
            var found = Run(path, a, b, start, strideC, m, n, k, from);
            AssertSameBits(expected, found, $"{path}: [{m}, {k}] {layoutA} times [{k}, {n}] {layoutB} from {from}");
        }
    }

    private static float[] Definition(Matrix a, Matrix b, float[] start, int strideC, int m, int n, int k, MatMul.From from)
    {
        float[] c = [.. start];
        for (var r = 0; r < m; r++)
        {
            for (var j = 0; j < n; j++)
            {
                var acc = from switch { MatMul.From.Zero => 0, MatMul.From.RowBias => Bias(r), _ => c[(r * strideC) + j] };
                for (var p = 0; p < k; p++)
                {
                    acc = MathF.FusedMultiplyAdd(a[r, p], b[p, j], acc);
                }

                c[(r * strideC) + j] = acc;
            }
        }

        return c;
    }

    private static float[] Run(VectorPath path, Matrix a, Matrix b, float[] start, int strideC, int m, int n, int k, MatMul.From from)
    {
        using var forced = new ForcedPath(path);
        float[] c = [.. start], bias = [.. Enumerable.Range(0, m + 1).Select(Bias)];
        fixed (float* pa = a.Data, pb = b.Data, pc = c, pBias = bias)
        {
            MatMul.Multiply(a.View(pa), b.View(pb), pc, strideC, m, n, k, from, pBias);
        }

        return c;
    }

    private static float Bias(int row) => s_numbers[^(row + 1)];

    // One float more than the matrix needs, so that there is something to point at.
    private static float[] Start(int m, int n, int stride)
    {
        var c = new float[(m * stride) + 1];
        Array.Fill(c, Untouched);
        for (var r = 0; r < m; r++)
        {
            s_numbers.AsSpan(r * 31, n).CopyTo(c.AsSpan(r * stride));
        }

        return c;
    }

    private static void AssertSameBits(ReadOnlySpan<float> expected, ReadOnlySpan<float> found, string what)
    {
        var at = MemoryMarshal.Cast<float, int>(expected).CommonPrefixLength(MemoryMarshal.Cast<float, int>(found));
        Assert.True(
            at == expected.Length, at == expected.Length ? "" : $"{what}: element {at} is {found[at]:G9}, expected {expected[at]:G9}");
    }

    private static float[] Draw(int length)
    {
        var stream = new PhiloxStream(3, 1);
        var x = new float[length];
        for (var i = 0; i < length; i++)
        {
            x[i] = (2 * stream.NextFloat()) - 1;
        }

        return x;
    }

    /// <summary>Numbers in memory and where they lie.</summary>
    private sealed class Matrix
    {
        private readonly int _first;
        private readonly int _rowStride;
        private readonly int _columnStride;

        public Matrix(int rows, int columns, Layout layout, int seed)
        {
            (_rowStride, _columnStride) = layout switch
            {
                Layout.Dense => (columns, 1),
                Layout.Transposed => (1, rows),
                Layout.Far => (1000, 1),
                _ => ((2 * columns) + 1, 2),
            };
            Data = new float[1 + (Math.Max(rows - 1, 0) * _rowStride) + (Math.Max(columns - 1, 0) * _columnStride)];
            for (var i = 0; i < Data.Length; i++)
            {
                Data[i] = s_numbers[(i + (seed * 127)) % s_numbers.Length];
            }
        }

        private Matrix(Matrix all, int firstColumn)
        {
            (Data, _rowStride, _columnStride) = (all.Data, all._rowStride, all._columnStride);
            _first = firstColumn * _columnStride;
        }

        public float[] Data { get; }

        public float this[int r, int c] => Data[_first + (r * _rowStride) + (c * _columnStride)];

        /// <summary>The same memory from this column on.</summary>
        public Matrix From(int firstColumn) => new(this, firstColumn);

        public MatMul.View View(float* start) => new(start + _first, _rowStride, _columnStride);
    }
}
