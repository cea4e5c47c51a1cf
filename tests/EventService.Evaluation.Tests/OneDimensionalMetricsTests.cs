using EventService.Evaluation;
using EventService.Models.Sampling;
using EventService.Numerics.Statistics;

namespace EventService.Evaluation.Tests;

public class OneDimensionalMetricsTests
{
    private readonly MetricsReference _expected = MetricsReference.Load();

    private static double[] Sorted(double[] x)
    {
        var sorted = (double[])x.Clone();
        Array.Sort(sorted);
        return sorted;
    }

    [Fact]
    public void Wasserstein1_OfShiftedSample_IsTheShift()
    {
        var x = Sorted(_expected.X);
        var shifted = Array.ConvertAll(x, value => value + 2.5);
        Assert.Equal(2.5, Wasserstein1.Distance(x, shifted), 1e-12);
        Assert.Equal(2.5 / Moments.StandardDeviation(x), Wasserstein1.Normalised(x, shifted), 1e-12);

        // The same with other numbers of events: every value twice.
        double[] doubled = [.. shifted.SelectMany(value => new[] { value, value })];
        Assert.Equal(2.5, Wasserstein1.Distance(x, doubled), 1e-12);
    }

    [Fact]
    public void Wasserstein1_OfUnequalSizes_AgreesWithScipy()
    {
        Assert.Equal(_expected.Wasserstein, Wasserstein1.Distance(Sorted(_expected.X), Sorted(_expected.Y)), 1e-12);
        Assert.Equal(_expected.Wasserstein, Wasserstein1.Distance(Sorted(_expected.Y), Sorted(_expected.X)), 1e-12);
        Assert.Equal(_expected.WassersteinCounts, Wasserstein1.Distance(Sorted(_expected.CountsX), Sorted(_expected.CountsY)), 1e-12);
    }

    [Fact]
    public void Wasserstein1_WithWeights_AgreesWithScipy()
    {
        var (x, wx, y, wy) = (_expected.X, _expected.Wx, _expected.Y, _expected.Wy);
        Array.Sort(x, wx);
        Array.Sort(y, wy);
        Assert.Equal(_expected.WassersteinWeighted, Wasserstein1.Distance(x, wx, y, wy), 1e-12);
    }

    [Fact]
    public void Wasserstein1_OfEmptySample_IsUndefined() => Assert.Equal(double.NaN, Wasserstein1.Distance([], [1.0]));

    [Fact]
    public void KullbackLeibler_OfHistograms_AgreesWithScipy()
    {
        Assert.Equal(_expected.KullbackLeibler, KullbackLeibler.Divergence(_expected.P, _expected.Q), 1e-14);
        Assert.Equal(double.PositiveInfinity, KullbackLeibler.Divergence(_expected.Q, _expected.P));   // p = 4 where q = 0
    }

    [Fact]
    public void KullbackLeibler_OfTwoCoins_HasClosedForm() =>
        Assert.Equal(0.5 * Math.Log(0.5 / 0.25) + 0.5 * Math.Log(0.5 / 0.75), KullbackLeibler.Divergence([1, 1], [1, 3]), 1e-15);

    [Fact]
    public void Hellinger_OfHistograms_ClosedForms()
    {
        Assert.Equal(1, Hellinger.Distance([3, 0], [0, 8]), 1e-15);
        Assert.Equal(0, Hellinger.Distance([2, 6], [1, 3]), 1e-15);
        Assert.Equal(Math.Sqrt(1 - Math.Sqrt(0.45) - Math.Sqrt(0.05)), Hellinger.Distance([5, 5], [18, 2]), 1e-15);
    }

    [Fact]
    public void JensenShannon_OfHistograms_AgreesWithScipy()
    {
        Assert.Equal(_expected.JensenShannonDistance, JensenShannon.Distance(_expected.P, _expected.Q), 1e-14);
        Assert.Equal(_expected.JensenShannonDistance, JensenShannon.Distance(_expected.Q, _expected.P), 1e-14);
    }

    [Fact]
    public void JensenShannon_OfDisjointHistograms_IsLogTwo() =>
        Assert.Equal(Math.Log(2), JensenShannon.Divergence([1, 2, 0, 0], [0, 0, 5, 1]), 1e-15);

    [Fact]
    public void ChiSquared_OfHistograms_AgreesWithScipy()
    {
        var result = ChiSquared.Test(_expected.P, _expected.Q);
        Assert.Equal(_expected.Chi2, result.Chi2, 1e-10);
        Assert.Equal(_expected.Chi2Dof, result.DegreesOfFreedom);
        Assert.Equal(_expected.Chi2PValue, result.PValue, 1e-10);
    }

    [Fact]
    public void SpecialFunctions_AgreeWithScipy()
    {
        Assert.All(_expected.Chi2Survival, row => AssertRelative(row[2], SpecialFunctions.ChiSquaredSurvival(row[0], (int)row[1]), 1e-10));
        Assert.All(_expected.NormalSurvival, row => AssertRelative(row[1], SpecialFunctions.NormalSurvival(row[0]), 1e-10));
        Assert.All(_expected.NormalSurvival, row => Assert.Equal(row[0], SpecialFunctions.Significance(row[1]), 1e-7));
        Assert.All(_expected.LogGamma, row => Assert.Equal(row[1], SpecialFunctions.LogGamma(row[0]), 1e-11));
    }

    private static void AssertRelative(double expected, double actual, double tolerance) =>
        Assert.True(Math.Abs(actual - expected) <= tolerance * Math.Abs(expected), $"Found {actual}, expected {expected}.");

    [Fact]
    public void QuantileBins_OfDistinctValues_HoldEqualNumbers()
    {
        double[] x = [.. Enumerable.Range(0, 1000).Select(k => (double)k)];
        var bins = QuantileBins.FromSorted(x, 20);
        Assert.Equal(20, bins.Count);
        Assert.All(bins.CountSorted(x), count => Assert.Equal(50, count));
    }

    [Fact]
    public void QuantileBins_OfCounts_NeverSplitAValue()
    {
        double[] x = [0, 0, 0, 0, 0, 0, 1, 1, 2, 3];
        var bins = QuantileBins.FromSorted(x, 5);
        Assert.Equal([1, 2, 3], bins.Edges.ToArray());
        Assert.Equal([6.0, 2, 1, 1], bins.CountSorted(x));
    }

    [Fact]
    public void HistogramPair_CountsEveryEventOnce()
    {
        var x = Sorted(_expected.X);
        var pair = HistogramPair.FromSorted(x, x, 0, double.PositiveInfinity, false);
        Assert.Equal(x.Length, pair.MonteCarlo.Sum() + pair.MonteCarloOutside);
        double[] angles = [0, 1, Math.PI];
        Assert.Equal(0, HistogramPair.FromSorted(angles, angles, 0, Math.PI, false).MonteCarloOutside);
    }
}
