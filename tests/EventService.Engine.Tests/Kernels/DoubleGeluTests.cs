using EventService.Engine.Kernels;
using EventService.Engine.Random;
using EventService.Numerics.Functions;

namespace EventService.Engine.Tests.Kernels;

/// <summary>Vectors of doubles give the bits of the scalar definition, whose accuracy is tested against a table.</summary>
public sealed class DoubleGeluTests
{
    private static readonly double[] s_special =
    [
        0, -0.0, double.Epsilon, -double.Epsilon, 1e-300, -1e-300, 1, -1, 10, -10, 17.5, -17.5, 21.9, -21.9, 22.1, -22.1, 29.999, -29.999,
        30, -30, 30.001, -30.001, 1e9, -1e9,
        double.MaxValue, double.MinValue, double.PositiveInfinity, double.NegativeInfinity, double.NaN,
    ];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(4099)]
    public void Apply_OfAnyLength_GivesTheBitsOfTheScalarDefinition(int length)
    {
        var x = new double[length];
        for (var k = 0; k < length; k++)
        {
            x[k] = k < s_special.Length && length > 8 ? s_special[k] : 70 * (new PhiloxStream(3, (ulong)k).NextDouble() - 0.5);
        }

        var (y, slope, alone) = (new double[length], new double[length], x.ToArray());
        DoubleGelu.Apply(x, y, slope);
        DoubleGelu.Apply(alone, alone, []);

        Assert.Equal(x.Select(v => Bits(Gelu.Of(v))), y.Select(Bits));
        Assert.Equal(x.Select(v => Bits(Gelu.Derivative(v))), slope.Select(Bits));
        Assert.Equal(y.Select(Bits), alone.Select(Bits));
    }

    // Which NaN an operation gives is up to the processor.
    private static long Bits(double value) => BitConverter.DoubleToInt64Bits(double.IsNaN(value) ? double.NaN : value);

    [Fact]
    public void Apply_IntoAShortSpan_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => DoubleGelu.Apply([1, 2], new double[1], []));
        Assert.Throws<ArgumentException>(() => DoubleGelu.Apply([1, 2], new double[2], new double[1]));
    }
}
