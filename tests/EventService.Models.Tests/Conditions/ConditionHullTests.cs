using EventService.Engine.Random;
using EventService.Models.Conditions;

namespace EventService.Models.Tests.Conditions;

public class ConditionHullTests
{
    // (stop, neutralino) masses of a search: a triangle with one point on its upper side.
    private static readonly double[][] s_stop = [[220, 20], [300, 100], [400, 100], [800, 100]];

    [Fact]
    public void Hull_OfOneParameter_IsTheMeanOfTheTwoNeighbours()
    {
        var hull = new ConditionHull([[1400.0], [1000], [2200]]);
        Assert.Equal(1, hull.Rank);
        Assert.Equal([1, 2], hull.Corners);

        var place = hull.Locate([1600]);
        Assert.Equal(0, place.Distance);
        Assert.Equal([(0, 0.75), (2, 0.25)], place.Weights.Select(w => (w.Point, Math.Round(w.Weight, 12))));
        Assert.Equal([(0, 1.0)], hull.Locate([1400]).Weights);
        Assert.Equal([2200], hull.Locate([2500]).Nearest);
        Assert.Equal(0.25, hull.Locate([2500]).Distance, 12); // 300 of 1200
    }

    [Fact]
    public void Hull_OfAnArea_HasItsCornersAndNearestPoints()
    {
        var hull = new ConditionHull(s_stop);
        Assert.Equal(2, hull.Rank);
        Assert.Equal([0, 1, 3], hull.Corners);

        // Below the upper side by more than the triangle is wide there, or above it.
        Assert.True(hull.Locate([700, 30]).Distance > 0.1);
        var above = hull.Locate([500, 140]);
        Assert.Equal(0.5, above.Distance, 9); // 40 of the 80 that mLSP has
        Assert.Equal([500, 100], above.Nearest.Select(v => Math.Round(v, 6)));

        // On the upper side the neighbours of 500 are 400 and 800.
        Assert.Equal([(2, 0.75), (3, 0.25)], hull.Locate([500, 100]).Weights.Select(w => (w.Point, Math.Round(w.Weight, 9))));
    }

    [Fact]
    public void Hull_OfALineInTwoParameters_HoldsNothingBesideIt()
    {
        var hull = new ConditionHull([[1000.0, 100], [1500, 100], [2000, 100]]);
        Assert.Equal(1, hull.Rank);
        Assert.Equal([0, 2], hull.Corners);
        Assert.Equal(0, hull.Locate([1750, 100]).Distance, 12);
        Assert.Equal(0.01, hull.Locate([1750, 101]).Distance, 12); // 1 of 100
        Assert.Equal([(1, 0.5), (2, 0.5)], hull.Locate([1750, 101]).Weights.Select(w => (w.Point, Math.Round(w.Weight, 9))));
    }

    [Fact]
    public void Hull_OfOnePoint_IsThatPoint()
    {
        var hull = new ConditionHull([[2200.0, 100]]);
        Assert.Equal(0, hull.Rank);
        Assert.Equal(0, hull.Locate([2200, 100]).Distance);
        Assert.Equal([2200, 100], hull.Locate([2000, 100]).Nearest);
    }

    [Fact]
    public void Hull_AnyMeanOfItsPoints_IsInsideAndIsGivenByItsWeights()
    {
        var random = new PhiloxStream(5, 6);
        double[][] points = [.. Enumerable.Range(0, 9).Select(_ => new[] { random.NextDouble() * 1000, random.NextDouble() * 10, random.NextDouble() })];
        var hull = new ConditionHull(points);
        Assert.Equal(3, hull.Rank);
        for (var k = 0; k < 40; k++)
        {
            double[] weights = [.. points.Select(_ => random.NextDouble())];
            double[] mean = [.. Enumerable.Range(0, 3).Select(d => points.Select((p, i) => p[d] * weights[i]).Sum() / weights.Sum())];
            var place = hull.Locate(mean);
            Assert.InRange(place.Distance, 0, 1e-9);
            Assert.Equal(1, place.Weights.Sum(w => w.Weight), 12);
            Assert.All(Enumerable.Range(0, 3), d => Assert.Equal(mean[d], place.Weights.Sum(w => w.Weight * points[w.Point][d]), 1e-6));

            // The nearest point of a place outside is inside.
            double[] outside = [mean[0] + 2000, mean[1], mean[2] - 3];
            var far = hull.Locate(outside);
            Assert.True(far.Distance > 0.5);
            Assert.InRange(hull.Locate(far.Nearest).Distance, 0, 1e-6);
        }
    }
}
