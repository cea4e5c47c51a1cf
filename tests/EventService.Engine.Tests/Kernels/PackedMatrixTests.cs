using System.Runtime.InteropServices;

using EventService.Engine.Kernels;
using EventService.Engine.Random;

namespace EventService.Engine.Tests.Kernels;

/// <summary>
/// The product of a packed matrix with panels against its definition, one fused multiply-add a term in order of k, bit by bit.
/// </summary>
[Collection(KernelSetCollection.Name)]
public sealed unsafe class PackedMatrixTests
{
    private const int Lanes = PackedMatrix.PanelLanes;
    private const float Untouched = 77;

    private static readonly VectorPath[] s_paths = Enum.GetValues<VectorPath>();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(64)]
    public void Multiply_FewRows_GivesTheBitsOfTheDefinitionOnEveryPath(int columns)
    {
        for (var rows = 0; rows <= 14; rows++)
        {
            for (var panels = 0; panels <= 5; panels++)
            {
                AssertDefinition(rows, columns, panels, fromBias: true);
                AssertDefinition(rows, columns, panels, fromBias: false);
            }
        }
    }

    [Theory]
    [InlineData(96, 256, 1)]
    [InlineData(97, 257, 2)]
    [InlineData(184, 63, 3)]
    [InlineData(23, 513, 3)]
    [InlineData(2, 700, 4)]
    [InlineData(193, 300, 1)]
    public void Multiply_ManyPieces_GivesTheBitsOfTheDefinitionOnEveryPath(int rows, int columns, int panels)
    {
        AssertDefinition(rows, columns, panels, fromBias: true);
        AssertDefinition(rows, columns, panels, fromBias: false);
    }

    [Fact]
    public void Constructor_MatrixThatDoesNotFit_SaysWhatItNeeds()
    {
        var e = Assert.Throws<ArgumentException>(() => new PackedMatrix(new float[10], 4, 3, 3));

        Assert.StartsWith("A matrix of 3 x 3 with rows 4 apart does not fit 10 numbers.", e.Message, StringComparison.Ordinal);
    }

    private static void AssertDefinition(int rows, int columns, int panels, bool fromBias)
    {
        // Rows further apart than they are long, panels further apart than they are large.
        int strideA = columns + 3, strideB = (columns * Lanes) + 16, strideC = (rows * Lanes) + 32;
        var random = new PhiloxStream(3, (ulong)((rows * 1000) + columns));
        float[] a = Draw(rows * strideA, ref random), b = Draw(panels * strideB, ref random), before = Draw(panels * strideC, ref random),
            bias = Draw(rows, ref random);
        for (var i = 0; i < before.Length; i++)
        {
            before[i] = i % strideC < rows * Lanes ? before[i] : Untouched;
        }

        float[] expected = [.. before];
        for (var p = 0; p < panels; p++)
        {
            for (var r = 0; r < rows; r++)
            {
                for (var lane = 0; lane < Lanes; lane++)
                {
                    ref var sum = ref expected[(p * strideC) + (r * Lanes) + lane];
                    sum = fromBias ? bias[r] : sum;
                    for (var k = 0; k < columns; k++)
                    {
                        sum = MathF.FusedMultiplyAdd(a[(r * strideA) + k], b[(p * strideB) + (k * Lanes) + lane], sum);
                    }
                }
            }
        }

        var matrix = new PackedMatrix(a, strideA, rows, columns);
        foreach (var path in s_paths)
        {
            using var forced = new ForcedPath(path);
            float[] c = [.. before];
            fixed (float* pb = b, pc = c, start = bias)
            {
                matrix.Multiply(pb, strideB, pc, strideC, panels, fromBias ? start : null);
            }

            Assert.True(
                MemoryMarshal.AsBytes(expected.AsSpan()).SequenceEqual(MemoryMarshal.AsBytes(c.AsSpan())),
                $"{rows} x {columns}, {panels} panels, from bias {fromBias}, path {path}");
        }
    }

    private static float[] Draw(int count, ref PhiloxStream random)
    {
        var numbers = new float[count];
        foreach (ref var x in numbers.AsSpan())
        {
            x = random.NextFloat() - 0.5f;
        }

        return numbers;
    }
}
