using EventService.Engine.Kernels;
using EventService.Engine.Random;

namespace EventService.Engine.Tests.Kernels;

/// <summary>
/// Products whose rows are scaled in each lane against their definition: scaled in double precision, rounded, one fused multiply-add a
/// term in order of k, bit by bit.
/// </summary>
[Collection(KernelSetCollection.Name)]
public sealed unsafe class GatedMatrixTests
{
    private const int Lanes = PackedMatrix.PanelLanes;

    [Theory]
    [InlineData(0, 3, 1)]
    [InlineData(1, 0, 2)]
    [InlineData(1, 1, 1)]
    [InlineData(7, 64, 3)]
    [InlineData(40, 9, 0)]
    public void Multiply_AnyShape_GivesTheBitsOfTheDefinitionOnEveryPath(int rows, int columns, int panels)
    {
        int strideA = columns + 3, strideB = (columns * Lanes) + 16, strideG = (rows * Lanes) + 16, strideC = (rows * Lanes) + 32;
        var random = new PhiloxStream(3, (ulong)((rows * 1000) + columns));
        double[] a = Draw(rows * strideA, ref random), g = Draw(panels * strideG, ref random), bias = Draw(rows, ref random);
        float[] b = Array.ConvertAll(Draw(panels * strideB, ref random), x => (float)x),
            before = Array.ConvertAll(Draw(panels * strideC, ref random), x => (float)x);
        var matrix = new GatedMatrix(a, strideA, rows, columns);
        foreach (var fromBias in new[] { true, false })
        {
            float[] expected = [.. before];
            for (var k = 0; k < panels * rows * Lanes; k++)
            {
                var (p, r, lane) = (k / (rows * Lanes), k / Lanes % rows, k % Lanes);
                var gate = g[(p * strideG) + (r * Lanes) + lane];
                ref var sum = ref expected[(p * strideC) + (r * Lanes) + lane];
                sum = fromBias ? (float)(bias[r] * gate) : sum;
                for (var c = 0; c < columns; c++)
                {
                    sum = MathF.FusedMultiplyAdd((float)(a[(r * strideA) + c] * gate), b[(p * strideB) + (c * Lanes) + lane], sum);
                }
            }

            foreach (var path in Enum.GetValues<VectorPath>())
            {
                using var forced = new ForcedPath(path);
                float[] found = [.. before];
                fixed (float* pb = b, pc = found)
                fixed (double* pg = g, pBias = bias)
                {
                    matrix.Multiply(pb, strideB, pg, strideG, pc, strideC, panels, fromBias ? pBias : null);
                }

                Assert.Equal(expected.Select(BitConverter.SingleToInt32Bits), found.Select(BitConverter.SingleToInt32Bits));
            }
        }
    }

    [Fact]
    public void Constructor_MatrixThatDoesNotFit_SaysWhatItNeeds()
    {
        var e = Assert.Throws<ArgumentException>(() => new GatedMatrix(new double[10], 4, 3, 3));

        Assert.StartsWith("A matrix of 3 x 3 with rows 4 apart does not fit 10 numbers.", e.Message, StringComparison.Ordinal);
    }

    private static double[] Draw(int count, ref PhiloxStream random)
    {
        var values = new double[count];
        foreach (ref var x in values.AsSpan())
        {
            x = random.NextDouble() - 0.5;
        }

        return values;
    }
}
