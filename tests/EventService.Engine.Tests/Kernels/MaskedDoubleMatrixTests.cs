using EventService.Engine.Kernels;
using EventService.Engine.Random;

namespace EventService.Engine.Tests.Kernels;

/// <summary>The product with a masked matrix against its definition, zeros and all, bit by bit.</summary>
public sealed class MaskedDoubleMatrixTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 0, 9)]
    [InlineData(6, 5, 8)]
    [InlineData(7, 33, 48)]
    [InlineData(13, 64, 17)]
    [InlineData(40, 128, 31)]
    public void Multiply_AnyShapeAndMask_IsTheSumInOrder(int rows, int columns, int count)
    {
        const int stride = 48;
        var random = new PhiloxStream(9, (ulong)(rows + (100 * columns)));
        double[] a = new double[rows * columns], bias = new double[rows], b = new double[columns * stride], c = new double[rows * stride];
        for (var i = 0; i < a.Length; i++)
        {
            // Row r sees the columns whose number modulo 7 is at most r modulo 7, the last rows nothing.
            var (r, k) = (i / columns, i % columns);
            a[i] = r < rows - 1 && k % 7 <= r % 7 ? random.NextDouble() - 0.5 : 0;
        }

        foreach (ref var x in bias.AsSpan())
        {
            x = random.NextDouble();
        }

        foreach (ref var x in b.AsSpan())
        {
            x = random.NextDouble() - 0.5;
        }

        new MaskedDoubleMatrix(a, bias, columns).Multiply(b, c, stride, count);

        for (var r = 0; r < rows; r++)
        {
            for (var j = 0; j < count; j++)
            {
                var sum = bias[r];
                for (var k = 0; k < columns; k++)
                {
                    sum = Math.FusedMultiplyAdd(a[(r * columns) + k], b[(k * stride) + j], sum);
                }

                Assert.Equal(BitConverter.DoubleToInt64Bits(sum), BitConverter.DoubleToInt64Bits(c[(r * stride) + j]));
            }
        }
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 0, 9)]
    [InlineData(7, 33, 48)]
    [InlineData(13, 64, 17)]
    public void MultiplyGated_AnyShapeAndMask_IsTheSumInOrderOfScaledRows(int rows, int columns, int count)
    {
        const int stride = 48;
        var random = new PhiloxStream(10, (ulong)(rows + (100 * columns)));
        double[] a = new double[rows * columns], bias = new double[rows], b = new double[columns * stride], g = new double[rows * stride],
            c = new double[rows * stride];
        for (var i = 0; i < a.Length; i++)
        {
            var (r, k) = (i / columns, i % columns);
            a[i] = r < rows - 1 && k % 7 <= r % 7 ? random.NextDouble() - 0.5 : 0;
        }

        foreach (var numbers in new[] { bias, b, g })
        {
            foreach (ref var x in numbers.AsSpan())
            {
                x = random.NextDouble() - 0.5;
            }
        }

        new MaskedDoubleMatrix(a, bias, columns).MultiplyGated(b, g, c, stride, count);

        for (var r = 0; r < rows; r++)
        {
            for (var j = 0; j < count; j++)
            {
                var gate = g[(r * stride) + j];
                var sum = bias[r] * gate;
                for (var k = 0; k < columns; k++)
                {
                    sum = Math.FusedMultiplyAdd(a[(r * columns) + k] * gate, b[(k * stride) + j], sum);
                }

                Assert.Equal(BitConverter.DoubleToInt64Bits(sum), BitConverter.DoubleToInt64Bits(c[(r * stride) + j]));
            }
        }
    }

    [Fact]
    public void Multiply_SpansThatDoNotFit_SaysWhatItNeeds()
    {
        var matrix = new MaskedDoubleMatrix(new double[6], new double[2], 3);

        var e = Assert.Throws<ArgumentException>(() => matrix.Multiply(new double[32], new double[32], 16, 4));

        Assert.Equal("B holds 32 and C 32 doubles, expected 3 and 2 rows 16 apart, a multiple of 16 and at least 4.", e.Message);
    }

    [Fact]
    public void Constructor_MatrixThatDoesNotFit_SaysSo()
    {
        var e = Assert.Throws<ArgumentException>(() => new MaskedDoubleMatrix(new double[7], new double[2], 3));

        Assert.StartsWith("A matrix of 7 numbers has not 2 rows of 3.", e.Message, StringComparison.Ordinal);
    }
}
