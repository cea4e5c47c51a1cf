using EventService.Numerics.Functions;

namespace EventService.Engine.Tests.Functions;

/// <summary>The normal distribution function in double, with its logarithm and the quantile of a logarithm.</summary>
public sealed class NormalCdfTests
{
    // Python 3.11: 0.5 * math.erfc(-x / math.sqrt(2)); at -8, where that rounds x, the tabulated 6.2209605742717841e-16.
    [Theory]
    [InlineData(-8.0, 6.2209605742717841e-16)]
    [InlineData(-3.0, 0.0013498980316300957)]
    [InlineData(-0.67, 0.25142889509531013)]
    [InlineData(-0.65, 0.2578461108058647)]
    [InlineData(0.0, 0.5)]
    [InlineData(0.3, 0.6179114221889526)]
    [InlineData(0.67, 0.7485711049046899)]
    [InlineData(2.0, 0.9772498680518208)]
    public void NormalCdf_AgainstReference(double x, double expected)
    {
        Assert.Equal(expected, NormalCdf.Of(x), 1e-14 * expected);
        Assert.Equal(Math.Log(expected), NormalCdf.LogOf(x), 2e-14 * (1 + Math.Abs(Math.Log(expected))));
    }

    // -x^2/2 - log(-x) - log(2 pi)/2 + log(1 - 1/x^2 + 3/x^4 - 15/x^6); the next term is 105/x^8, below 2e-11.
    [Theory]
    [InlineData(-40)]
    [InlineData(-300)]
    [InlineData(-1e5)]
    public void LogOf_FarBelow_IsTheAsymptoticSeries(double x)
    {
        var square = x * x;
        var series = -(square / 2) - Math.Log(-x) - (0.5 * Math.Log(2 * Math.PI)) + Math.Log(
            1 - (1 / square) + (3 / (square * square)) - (15 / (square * square * square)));
        Assert.Equal(series, NormalCdf.LogOf(x), 1e-9 + (1e-15 * square));
    }

    [Theory]
    [InlineData(-1e-3)]
    [InlineData(-0.7)]
    [InlineData(-30)]
    [InlineData(-689)]
    [InlineData(-691)]
    [InlineData(-1e6)]
    public void QuantileOfLog_IsInvertedByLogOf(double logP) =>
        Assert.Equal(logP, NormalCdf.LogOf(NormalCdf.QuantileOfLog(logP)), 1e-12 * (1 + Math.Abs(logP)));
}
