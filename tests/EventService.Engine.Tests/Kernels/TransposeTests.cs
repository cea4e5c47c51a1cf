using EventService.Engine.Kernels;

namespace EventService.Engine.Tests.Kernels;

public sealed class TransposeTests
{
    [Theory]
    [InlineData(0, 3)]
    [InlineData(1, 1)]
    [InlineData(3, 5)]
    [InlineData(4, 4)]
    [InlineData(5, 8)]
    [InlineData(8, 7)]
    [InlineData(64, 101)]
    public void Transpose_Matrix_PutsRowsIntoColumns(int rows, int columns)
    {
        float[] x = [.. Enumerable.Range(0, rows * columns).Select(k => k)];
        var y = new float[rows * columns];
        Transpose.Of(x, rows, columns, y);
        for (var r = 0; r < rows; r++)
        {
            for (var c = 0; c < columns; c++)
            {
                Assert.Equal((r * columns) + c, y[(c * rows) + r]);
            }
        }
    }

    [Fact]
    public void Transpose_TooLittleRoom_IsRefused()
    {
        var e = Assert.Throws<ArgumentException>(() => Transpose.Of(new float[6], 2, 3, new float[5]));
        Assert.Equal("A matrix of 2 x 3 does not fit 6 numbers and its transpose 5.", e.Message);
    }
}
