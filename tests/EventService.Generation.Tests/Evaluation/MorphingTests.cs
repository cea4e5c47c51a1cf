using EventService.Engine.Random;
using EventService.Generation.Evaluation.Closure;
using EventService.Generation.Training.Tables;
using EventService.Numerics.Functions;
using EventService.Physics.Events;

namespace EventService.Generation.Tests.Evaluation;

/// <summary>What an analyst does between simulated points, on normal distributions, where it is known what comes out.</summary>
public class MorphingTests
{
    [Fact]
    public void VerticalMorphing_OfTwoNormals_IsTheirMixture()
    {
        var mixed = Values(VerticalMorphing.Mix([(Normal(10, 1, 1), 0.75), (Normal(20, 3, 2), 0.25)], 8000));
        Assert.Equal(8000, mixed.Length);
        Assert.Equal(6067, mixed.Count(x => x < 14.5), 40.0); // 4.5 widths above the first, and 3.34 % of the second's 2000 below

        // Mean 12.5; variance 0.75 * 1 + 0.25 * 9 + 0.75 * 0.25 * 10^2 = 21.75.
        Assert.Equal(12.5, mixed.Average(), 0.1);
        Assert.Equal(Math.Sqrt(21.75), Math.Sqrt(mixed.Average(x => (x - mixed.Average()) * (x - mixed.Average()))), 0.05);
    }

    [Fact]
    public void MomentMorphing_OfTwoNormals_IsTheNormalBetweenThem()
    {
        var moved = MomentMorphing.Move([(Normal(10, 1, 1), 0.75), (Normal(20, 3, 2), 0.25)]);
        var mixed = Values(VerticalMorphing.Mix(moved, 8000));

        // Mean 0.75 * 10 + 0.25 * 20, width 0.75 * 1 + 0.25 * 3: both halves are this normal distribution, of which 15.87 % lie below one width under the mean.
        Assert.Equal(12.5, mixed.Average(), 0.1);
        Assert.Equal(1.5, Math.Sqrt(mixed.Average(x => (x - mixed.Average()) * (x - mixed.Average()))), 0.05);
        Assert.Equal(0.1587, mixed.Count(x => x < 11) / 8000.0, 0.02);
        Assert.Equal(0.1587, mixed.Count(x => x > 14) / 8000.0, 0.02);
    }

    [Fact]
    public void MomentMorphing_OfCounts_LeavesThemWhole()
    {
        var (low, high) = (new EventSample(1), new EventSample(1));
        for (var k = 0; k < 100; k++)
        {
            low.AddRow(k, [4 + (k % 3)]);
            high.AddRow(k, [5 + (k % 5)]);
        }

        var moved = MomentMorphing.Move([(low, 0.5), (high, 0.5)]);
        Assert.Equal(Values(low), Values(moved[0].Sample));
        Assert.Equal(Values(high), Values(moved[1].Sample));
    }

    [Fact]
    public void Inner_OfAGrid_AreThePointsBetweenOthers()
    {
        ConditionPoint[] points = [.. new double[][] { [1000, 100], [2200, 100], [1400, 100], [2200, 500], [2000, 200] }.Select(v => new ConditionPoint("", v, Normal(0, 1, 1)))];
        Assert.Equal([2, 4], ClosureTest.Inner(points));
    }

    private static EventSample Normal(double mean, double width, ulong seed)
    {
        var random = new PhiloxStream(seed, 7);
        var sample = new EventSample(1);
        for (var k = 0; k < 8000; k++)
        {
            sample.AddRow(k, [mean + (width * NormalQuantile.Of(random.NextDouble()))]);
        }

        return sample;
    }

    private static double[] Values(EventSample sample) => [.. Enumerable.Range(0, sample.Count).Select(k => sample.Row(k)[0])];
}
