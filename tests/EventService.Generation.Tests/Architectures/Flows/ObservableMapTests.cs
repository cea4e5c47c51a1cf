using EventService.Generation.Architectures.Flows;

namespace EventService.Generation.Tests.Architectures.Flows;

/// <summary>Maps of columns: closed forms, inverses, derivatives by finite differences, edges of the domain.</summary>
public sealed class ObservableMapTests
{
    private static readonly Dictionary<string, (ObservableMap Map, double[] Points)> s_maps = new()
    {
        ["standardise"] = (new ObservableMap.Standardise(120, 40), [-300, 0, 119, 1e4]),
        ["log"] = (new ObservableMap.Logarithm(5), [-4.99, 0, 3, 1e5]),
        ["logit"] = (new ObservableMap.Logit(-1, 3), [-0.999, 0, 1, 2.9]),
        ["logit with margin"] = (new ObservableMap.Logit(0, 1, 1e-3), [-1e-4, 0, 0.5, 1.0005]),
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
}
