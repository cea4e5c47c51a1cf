using EventService.Engine.Random;
using EventService.Models.Sampling;
using EventService.Models.WholeEvents;

namespace EventService.Models.Tests.WholeEvents;

public class CountDistributionTests
{
    // 20 events, three vectors seen once: Good-Turing gives the unseen 3/21.
    private static CountDistribution Small() => new(new CountTable(
        [[1, 0, 0, 0, 0, 0, 0], [0, 2, 0, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 0, 0]],
        [10, 7, 1, 1, 1]));

    [Fact]
    public void UnseenProbability_IsGoodAndTurings()
    {
        var counts = Small();
        Assert.Equal(3.0 / 21, counts.UnseenProbability, 1e-15);
        double[] expected = [10, 7, 1, 1, 1];
        for (var k = 0; k < expected.Length; k++)
        {
            Assert.Equal(Math.Log((1 - (3.0 / 21)) * expected[k] / 20), counts.LogProbability(counts.Vectors[k]), 1e-14);
        }

        // No vector seen once: as if there were one.
        Assert.Equal(1.0 / 6, new CountDistribution(new CountTable([[0, 1, 0, 0, 0, 0, 0]], [5])).UnseenProbability, 1e-15);
    }

    [Fact]
    public void LogProbability_OverAllVectors_AddsUpToOne()
    {
        var counts = Small();
        double seen = 0, unseen = 0;

        // Each further object beyond the data is ten times rarer: up to 13 objects in all leave less than 1e-9 outside.
        var vector = new int[7];
        void Add(int type, int left)
        {
            if (type == vector.Length)
            {
                var v = new CountVector(vector);
                if (counts.IndexOf(v) >= 0)
                {
                    seen += Math.Exp(counts.LogProbability(v));
                }
                else if (v.Total > 0)
                {
                    unseen += Math.Exp(counts.LogProbability(v));
                }

                return;
            }

            for (vector[type] = 0; vector[type] <= left; vector[type]++)
            {
                Add(type + 1, left - vector[type]);
            }

            vector[type] = 0;
        }

        Add(0, 13);
        Assert.Equal(1 - (3.0 / 21), seen, 1e-14);
        Assert.Equal(3.0 / 21, unseen, 1e-6);
        Assert.Equal(1, seen + counts.UnseenProbability, 1e-14);
    }

    [Fact]
    public void LogProbability_OfNoObject_IsMinusInfinity() =>
        Assert.Equal(double.NegativeInfinity, Small().LogProbability(default));

    [Fact]
    public void LogProbability_OfVastCounts_IsFinite() =>
        Assert.True(double.IsFinite(Small().LogProbability(new CountVector([200, 255, 100, 100, 100, 100, 255]))));

    [Fact]
    public void Draw_ManyTimes_FollowsTheProbabilities()
    {
        const int N = 400_000;
        var counts = Small();
        var seen = new double[counts.Vectors.Count];
        var unseen = new Dictionary<CountVector, double>();
        var beyond = 0;
        for (var k = 0; k < N; k++)
        {
            var random = new PhiloxStream(5, (ulong)k);
            var vector = counts.Draw(ref random);
            Assert.True(vector.Total > 0);
            if (counts.IndexOf(vector) is >= 0 and var index)
            {
                seen[index]++;
            }
            else
            {
                unseen[vector] = unseen.GetValueOrDefault(vector) + 1;
                beyond += Enumerable.Range(0, 7).Any(t => vector[t] > counts.GreatestCounts[t]) ? 1 : 0;
            }
        }

        Assert.All(seen, n => Assert.True(n > 0, "the rarest configuration is drawn"));
        Assert.True(beyond > 0, "more objects of a type than ever seen are drawn");

        // Chi-squared over the five seen vectors, each unseen one expected at least 25 times, and all others together.
        double chi2 = 0, expectedRest = N, observedRest = N;
        var cells = 0;
        void Cell(double observed, double expected)
        {
            chi2 += (observed - expected) * (observed - expected) / expected;
            (expectedRest, observedRest, cells) = (expectedRest - expected, observedRest - observed, cells + 1);
        }

        for (var k = 0; k < seen.Length; k++)
        {
            Cell(seen[k], N * Math.Exp(counts.LogProbability(counts.Vectors[k])));
        }

        foreach (var (vector, n) in unseen.OrderBy(x => x.Key.ToString(), StringComparer.Ordinal))
        {
            var expected = N * Math.Exp(counts.LogProbability(vector));
            if (expected >= 25)
            {
                Cell(n, expected);
            }
        }

        Assert.True(cells > 20);
        chi2 += (observedRest - expectedRest) * (observedRest - expectedRest) / expectedRest;

        // Mean cells, variance 2 cells: five standard deviations.
        Assert.InRange(chi2, 0, cells + (5 * Math.Sqrt(2.0 * cells)));
    }

    [Fact]
    public void Count_OfEvents_ListsVectorsByFrequency()
    {
        CountVector a = new([0, 2, 0, 0, 0, 0, 0]), b = new([1, 1, 0, 0, 0, 0, 0]), c = new([0, 0, 1, 0, 0, 0, 0]);
        var table = CountDistribution.Count([b, a, c, a, b, a]);
        Assert.Equal([3, 2, 1], table.Occurrences);
        Assert.Equal([a.ToArray(), b.ToArray(), c.ToArray()], table.Vectors);
    }

    [Fact]
    public void CountDistribution_EventsWithoutObjects_AreRefusedWithTheirNumber()
    {
        var e = Assert.Throws<ArgumentException>(() => new CountDistribution(new CountTable([[1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0]], [10, 3])));
        Assert.StartsWith("Count vector 1 (occurrences: 3) has no object of any type", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CountDistribution_BadTables_AreRefused()
    {
        int[] one = [1, 0, 0, 0, 0, 0, 0];
        CountTable[] bad =
        [
            new([], []),
            new([one], []),
            new([one], [0]),
            new([one], [-3]),
            new([one, one], [1, 1]),
            new([[1, 0]], [1]),
            new([[-1, 0, 0, 0, 0, 0, 0]], [1]),
            new([[201, 0, 0, 0, 0, 0, 0]], [1]),
            new([one, [2, 0, 0, 0, 0, 0, 0]], [long.MaxValue, long.MaxValue]),
        ];
        foreach (var table in bad)
        {
            Assert.Throws<ArgumentException>(() => new CountDistribution(table));
        }
    }
}
