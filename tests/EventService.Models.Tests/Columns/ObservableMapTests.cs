using EventService.Models.Columns;
using EventService.Training.Recipes;

namespace EventService.Models.Tests.Columns;

/// <summary>Maps of columns: closed forms, inverses, derivatives by finite differences, edges of the domain.</summary>
public sealed class ObservableMapTests
{
    private static readonly ObservableMap.GaussRank s_gaussRank = new([-1, 0, 1, 5], [-2, -0.5, 0.25, 2.5], [1, 0.9, 0.6, 0.5]);

    private static readonly Dictionary<string, (ObservableMap Map, double[] Points)> s_maps = new()
    {
        ["standardise"] = (new ObservableMap.Standardise(120, 40), [-300, 0, 119, 1e4]),
        ["log"] = (new ObservableMap.Logarithm(5), [-4.99, 0, 3, 1e5]),
        ["logit"] = (new ObservableMap.Logit(-1, 3), [-0.999, 0, 1, 2.9]),
        ["logit with margin"] = (new ObservableMap.Logit(0, 1, 1e-3), [-1e-4, 0, 0.5, 1.0005]),
        ["log10"] = (new ObservableMap.Log10(5), [-4.99, 0, 3, 1e5]),
        ["box-cox"] = (new ObservableMap.BoxCox(0.3, 1), [-0.999, 0, 3, 1e4]),
        ["box-cox, inverse root"] = (new ObservableMap.BoxCox(-0.5), [1e-3, 1, 40]),
        ["box-cox, logarithm"] = (new ObservableMap.BoxCox(0), [1e-3, 1, 40]),
        ["gauss-rank"] = (s_gaussRank, [-30, -2, -0.5, 0.7, 3.2, 5.5, 50, 1e4]),
        ["range"] = (new ObservableMap.Range(-5, 5, -2, 2), [-7, 0, 4.9]),
    };

    public static TheoryData<string> Names() => [.. s_maps.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Inverse_OfForward_IsThePoint(string name)
    {
        var (map, points) = s_maps[name];
        Assert.Null(map.Fault());
        Assert.All(points, x => Assert.Equal(x, map.Inverse(map.Forward(x).T), 1e-9 * (1 + Math.Abs(x))));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void LogDerivative_AgainstFiniteDifferences_Agrees(string name)
    {
        var (map, points) = s_maps[name];
        Assert.All(points, x =>
        {
            var h = 1e-7 * (1 + Math.Abs(x));
            Assert.Equal((map.Forward(x + h).T - map.Forward(x - h).T) / (2 * h), Math.Exp(map.Forward(x).LogDerivative), 1e-4 * Math.Exp(map.Forward(x).LogDerivative));
        });
    }

    [Fact]
    public void Forward_ClosedForms()
    {
        Near(0.75, -Math.Log(40), new ObservableMap.Standardise(120, 40).Forward(150));
        Near(Math.Log(8), -Math.Log(8), new ObservableMap.Logarithm(5).Forward(3));
        Near(Math.Log(3), Math.Log(0.25 / (0.75 * 0.25)), new ObservableMap.Logit(-1, 3).Forward(2));
        Near(0.4, Math.Log(0.4), new ObservableMap.Range(-5, 5, -2, 2).Forward(1));

        static void Near(double t, double log, (double T, double Log) found)
        {
            Assert.Equal(t, found.T, 1e-14);
            Assert.Equal(log, found.Log, 1e-14);
        }
    }

    [Fact]
    public void TryForward_OutsideTheDomain_IsFalse()
    {
        var log = new ColumnPreprocessing([new ObservableMap.Logarithm(), new ObservableMap.Standardise(1, 2)]);
        Assert.False(log.TryForward(0, out _, out _));
        Assert.False(log.TryForward(-1, out _, out _));
        Assert.True(log.TryForward(1e-30, out _, out _));
        var logit = new ColumnPreprocessing([new ObservableMap.Logit(0, 1)]);
        Assert.False(logit.TryForward(1, out _, out _));
        Assert.False(logit.TryForward(double.NaN, out _, out _));
    }

    [Fact]
    public void Inverse_OntoAnOpenEdge_IsTheNeighbourInside()
    {
        var logit = new ColumnPreprocessing([new ObservableMap.Logit(0, 1)]);
        Assert.Equal(MathF.BitDecrement(1), logit.Inverse(60));
        Assert.True(logit.TryForward(logit.Inverse(60), out _, out _));
        var log = new ColumnPreprocessing([new ObservableMap.Logarithm()]);
        Assert.Equal(float.Epsilon, log.Inverse(-200));
        Assert.Equal(float.PositiveInfinity, log.Inverse(100));
    }

    [Fact]
    public void Forward_OfTheNewMaps_ClosedForms()
    {
        Assert.Equal(2, new ObservableMap.Log10().Forward(100).T, 1e-14);
        Assert.Equal(2, new ObservableMap.BoxCox(0.5).Forward(4).T, 1e-14);
        Assert.Equal(Math.Log(7), new ObservableMap.BoxCox(0).Forward(7).T, 1e-14);

        // Beyond the last knot z^2 = 2.5^2 + 2 * 2.5 * 0.5 (x - 5): at x = 9 z^2 = 16.25, dz/dx = 2.5 * 0.5 / z.
        var (t, log) = s_gaussRank.Forward(9);
        Assert.Equal(Math.Sqrt(16.25), t, 1e-13);
        Assert.Equal(Math.Log(1.25 / Math.Sqrt(16.25)), log, 1e-13);
        Assert.Equal(-Math.Sqrt(4 + (2 * 2 * 1 * 3)), s_gaussRank.Forward(-4).T, 1e-13);
    }

    [Fact]
    public void GaussRank_AtItsKnots_IsContinuousWithItsSlope()
    {
        for (var k = 0; k < 4; k++)
        {
            var (x, z, slope) = (s_gaussRank.Knots[k], s_gaussRank.Values[k], s_gaussRank.Slopes[k]);
            foreach (var side in new[] { -1e-9, 1e-9 })
            {
                Assert.Equal(z, s_gaussRank.Forward(x + side).T, 1e-8);
                Assert.Equal(Math.Log(slope), s_gaussRank.Forward(x + side).LogDerivative, 1e-7);
            }
        }
    }

    [Fact]
    public void GaussRank_OfAnExponentialFit_MakesItNormal()
    {
        // Quantiles of the exponential distribution, exactly.
        double[] values = [.. Enumerable.Range(0, 20_000).Select(k => -Math.Log(1 - ((k + 0.5) / 20_000)))];
        var map = new MapRecipe.GaussRank(100).Fit(values);

        for (var k = 200; k < 19_900; k += 97)
        {
            Assert.Equal(Numerics.Functions.NormalQuantile.Of((k + 0.5) / 20_000), map.Forward(values[k]).T, 1e-2);   // between knots 1 % apart
        }

        // The tail of a normal number then is exponential: at three times the largest value the density is within the few per cent of the
        // edge's slope.
        var (t, log) = map.Forward(30);
        Assert.Equal(-30, log - (t * t / 2) - (0.5 * Math.Log(2 * Math.PI)), 4.0);
    }

    [Fact]
    public void BoxCox_Fit_FindsThePowerOfANormalPower()
    {
        double[] values = [.. Enumerable.Range(0, 5000).Select(k => Math.Pow(5 + Numerics.Functions.NormalQuantile.Of((k + 0.5) / 5000), 2))];
        var map = (ObservableMap.BoxCox)new MapRecipe.BoxCox().Fit(values);
        Assert.Equal(0.5, map.Lambda, 0.01);
    }

    [Fact]
    public void Dequantise_Spread_HasItsDensity()
    {
        var map = new ObservableMap.Dequantise(2, 1, 0, [0.5, -1]);
        Assert.Equal(3, map.Inverse(2.01));
        Assert.Equal(3, map.Inverse(3.99));
        foreach (var (x, tilt) in new[] { (1.0, 0.5), (3.0, -1.0), (5.0, 0.0) })
        {
            for (var v = 0.05; v < 1; v += 0.1)
            {
                const double h = 1e-6;
                var (at, log) = map.Spread(x, v);
                Assert.InRange(at, x - 1, x + 1);
                Assert.Equal((1 + (tilt * (at - x))) is var density ? Math.Log(density) : 0, log, 1e-9);
                Assert.Equal(2 * h / ((map.Spread(x, v + h).X - map.Spread(x, v - h).X) / 2), Math.Exp(log), 1e-5);
            }
        }
    }
}
