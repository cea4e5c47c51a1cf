using EventService.Engine.Random;
using EventService.Evaluation.Closure;
using EventService.Evaluation.Html;
using EventService.Models.Conditions;
using EventService.Models.Documents;
using EventService.Models.Sampling;
using EventService.Numerics.Functions;
using EventService.Physics.Events;

namespace EventService.Evaluation.Tests;

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

        // Mean 0.75 * 10 + 0.25 * 20, width 0.75 * 1 + 0.25 * 3: both halves are this normal distribution, of which 15.87 % lie below one
        // width under the mean.
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

    [Fact]
    public void Closure_OfAGridOfMasses_ShowsTrendsAndWhatStandsForThePointLeftOut()
    {
        static EventSample Of(params double[] values)
        {
            var sample = new EventSample(1);
            for (var k = 0; k < values.Length; k++)
            {
                sample.AddRow(k, [values[k]]);
            }

            return sample;
        }

        ConditionPoint[] points = [new("m=2", [2], Of(5, 7)), new("m=1", [1], Of(1, 2, 3)), new("m=3", [3], Of(8, 10))];
        var test = new ClosureTest(new SampleSchema([new ColumnSchema("mass_jj", "GeV", "")], []), 10, 1, 1);

        // (1, 2, 3) has the deviation 1, its mean the error 1 over the root of 3.
        var trend = Assert.Single(test.Trends(points, "m [GeV]"));
        Assert.Equal(("mass_jj", "GeV", "m [GeV]"), (trend.Observable, trend.Unit, trend.Parameter));
        Assert.Equal([1.0, 2.0, 3.0], trend.Simulated.Select(p => p.Value));
        Assert.Equal([2.0, 6.0, 9.0], trend.Simulated.Select(p => p.Mean));
        Assert.Equal(1 / Math.Sqrt(3), trend.Simulated[0].Error, 1e-12);
        Assert.Empty(test.Trends([new("", [1, 2], Of(1))], "m"));

        ClosureCandidate Candidate(string name, double mean) => new(name, 0.5125, 0.01, 1.1, 2.5, [new ClosureObservable("mass_jj", 0.1, 2.5, mean, 6, 1)]);
        var html = ClosureHtml.Render(new ClosureReport
        {
            Created = DateTimeOffset.UnixEpoch,
            ServiceVersion = "0",
            Recipe = "toy",
            DataSha256 = "00",
            Trends = [trend],
            Points = [new ClosurePoint("m=2", [2], "0.500 m=1, 0.500 m=3", 2, [Candidate("model", 6.25), Candidate("nearest point", 2), Candidate("vertical morphing", 5.5), Candidate("moment morphing", 5.75)])],
        });

        Assert.Contains("<td>model</td><td class=\"n\">0.513 ± 0.010</td><td class=\"n\">1.10</td><td class=\"n\">2.50</td><td>mass_jj</td>", html, StringComparison.Ordinal);
        Assert.Contains("<td>mass_jj</td><td class=\"n\">6 ± 1</td><td class=\"n\">6.25</td><td class=\"n\">2</td><td class=\"n\">5.5</td><td class=\"n\">5.75</td>", html, StringComparison.Ordinal);
        Assert.Equal(2, html.Split("<circle").Length - 1);   // the model and moment morphing at the one point left out

        // From 1 to 3 the plot is 52 to 392 wide: 2 is at 222. Means from 2 to 9 with 8 % of margin are 204 to 24 high: 6.25 is at 97.4.
        Assert.Contains("cx=\"222\" cy=\"97.4\" r=\"3.2\"", html, StringComparison.Ordinal);
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
