using EventService.Engine.Kernels;
using EventService.Engine.Random;
using EventService.Numerics.Functions;

namespace EventService.Engine.Tests.Kernels;

/// <summary>Vectors of doubles give the bits of the scalar definition, whose accuracy is tested against a table.</summary>
public sealed class DoubleSigmoidTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(16, 1)]
    [InlineData(19, 2)]
    [InlineData(4096, 3)]
    public void ApplyAffine_OfAnyLength_GivesTheBitsOfTheScalarDefinition(int lanes, int terms)
    {
        // Up to 1800 in size: beyond the range of the exponential on both sides.
        var random = new PhiloxStream(7, (ulong)lanes);
        var stride = lanes + 5;
        double[] weights = Draw(terms, 600, ref random), x = Draw(terms * stride, 2, ref random), y = new double[lanes];

        DoubleSigmoid.ApplyAffine(weights, 0.25, x, stride, y);

        Assert.Equal(
            Enumerable.Range(0, lanes)
                .Select(
                    lane => BitConverter.DoubleToInt64Bits(
                        Sigmoid.Of(
                            Enumerable.Range(0, terms)
                                .Aggregate(0.25, (sum, c) => Math.FusedMultiplyAdd(weights[c], x[(c * stride) + lane], sum))))),
            y.Select(BitConverter.DoubleToInt64Bits));
    }

    [Fact]
    public void ApplyAffine_RowsThatAreTooShort_IsRefused() =>
        Assert.Throws<ArgumentException>(() => DoubleSigmoid.ApplyAffine([1, 2], 0, new double[5], 3, new double[3]));

    private static double[] Draw(int count, double width, ref PhiloxStream random)
    {
        var values = new double[count];
        foreach (ref var v in values.AsSpan())
        {
            v = width * (random.NextDouble() - 0.5);
        }

        return values;
    }
}
