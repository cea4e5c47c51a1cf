using EventService.Engine.Kernels;
using EventService.Engine.Random;

namespace EventService.Engine.Tests.Kernels;

/// <summary>The product in double precision against its definition, bit by bit.</summary>
public sealed class DoubleMatMulTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 5, 7)]
    [InlineData(4, 0, 9)]
    [InlineData(2, 33, 64)]
    [InlineData(5, 8, 65)]
    public void Multiply_AnyShape_IsTheSumInOrder(int rows, int inner, int columns)
    {
        var random = new PhiloxStream(1, (ulong)(rows + (100 * columns)));
        var stride = columns + 3;
        double[] a = Draw(rows * inner, ref random), bias = Draw(rows, ref random), b = Draw(inner * stride, ref random),
            c = new double[rows * stride];

        DoubleMatMul.Multiply(a, bias, b, c, stride, inner, columns);

        for (var r = 0; r < rows; r++)
        {
            for (var j = 0; j < stride; j++)
            {
                var sum = j < columns ? bias[r] : 0; // what lies between the rows stays as it is
                for (var k = 0; k < inner && j < columns; k++)
                {
                    sum = Math.FusedMultiplyAdd(a[(r * inner) + k], b[(k * stride) + j], sum);
                }

                Assert.Equal(sum, c[(r * stride) + j]);
            }
        }
    }

    [Fact]
    public void Multiply_SpanTooShort_SaysWhich()
    {
        var e = Assert.Throws<ArgumentException>(
            () => DoubleMatMul.Multiply(new double[6], new double[2], new double[8], new double[8], 4, 3, 4));

        Assert.Equal("B holds 8 doubles, expected at least 12.", e.Message);
    }

    private static double[] Draw(int count, ref PhiloxStream random)
    {
        var numbers = new double[count];
        for (var i = 0; i < count; i++)
        {
            numbers[i] = random.NextDouble() - 0.5;
        }

        return numbers;
    }
}
