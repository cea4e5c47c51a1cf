using EventService.Evaluation;

namespace EventService.Evaluation.Tests;

/// <summary>Against the closed form of Cowan et al., limits, and minima found by a search over tau in Python.</summary>
public sealed class DiscoverySignificanceTests
{
    [Fact]
    public void TestStatistic_OfOneBinWithoutError_IsTheAsimovFormula() =>
        Assert.Equal(2 * ((19 * Math.Log(1 + (10.0 / 9))) - 10), DiscoverySignificance.TestStatistic([10], [9], 0), 1e-12);

    [Fact]
    public void TestStatistic_WithError_IsTheMinimumOverTau()
    {
        // Python 3.11, ternary search over tau of 2 sum_i [n ln(n / (tau b)) + tau b - n] + 2 (tau - 1)^2 B^2 / sigma^2: at tau = 1.10618
        // and 1.04914.
        Assert.Equal(1.1405827491960887, DiscoverySignificance.TestStatistic([4], [9], 2.5), 1e-9);
        Assert.Equal(17.381222040816215, DiscoverySignificance.TestStatistic([3, 5, 8], [12, 6, 2.5], 1.7), 1e-9);
    }

    [Fact]
    public void TestStatistic_OfALargeError_LeavesTheShapeOnly()
    {
        // One bin has no shape; several have 2 sum n ln((n / N) / (b / B)).
        Assert.Equal(0, DiscoverySignificance.TestStatistic([4], [9], 1e6), 1e-6);
        Assert.Equal(2 * ((13 * Math.Log(13 / 18.0 / (9 / 12.0))) + (5 * Math.Log(5 / 18.0 / (3 / 12.0)))), DiscoverySignificance.TestStatistic([4, 2], [9, 3], 1e6), 1e-6);
    }

    [Fact]
    public void LuminosityFor_IsInProportionToTheSquare()
    {
        // Twice the data with an error that grows as its root has twice the q0.
        var q = DiscoverySignificance.TestStatistic([3, 5], [12, 6], 2);
        Assert.Equal(2 * q, DiscoverySignificance.TestStatistic([6, 10], [24, 12], 2 * Math.Sqrt(2)), 1e-9);
        Assert.Equal(10 * 9 / q, DiscoverySignificance.LuminosityFor(q, 10, 3), 1e-9);
    }

    [Fact]
    public void TestStatistic_OfABinWithoutBackground_IsRefused()
    {
        Assert.Contains("above 0", Assert.Throws<ArgumentException>(() => DiscoverySignificance.TestStatistic([1, 1], [2, 0], 1)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => DiscoverySignificance.TestStatistic([1], [2, 1], 1));
    }
}
