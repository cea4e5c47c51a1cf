using EventService.Models.Columns;
using EventService.Models.Contracts;
using EventService.Models.Flows;
using EventService.Models.Flows.Networks;
using EventService.Models.Sampling;
using EventService.Models.Tables;
using EventService.Physics.Events;

namespace EventService.Models.Tests.Flows;

/// <summary>
/// Refinement of a flow whose outcome is known: two independent normal columns and the logit c x. Without a largest weight that is the
/// normal distribution moved to c; with one, the density is phi(x) min(1, exp(c x - L)) / A, and A = exp(c^2 / 2 - L) Phi(L / c - c) + 1 -
/// Phi(L / c).
/// </summary>
public sealed class FlowRefinementTests
{
    private const double C = 0.5;

    // Phi(x) from tables: Phi(5.5) = 1 - 1.899e-8, Phi(6) = 1 - 9.866e-10; Phi(1.5) = 0.9331927987, Phi(2) = 0.9772498681.
    private static readonly double s_rareAcceptance = (Math.Exp((C * C / 2) - 3) * (1 - 1.899e-8)) + 9.866e-10;
    private static readonly double s_cutAcceptance = (Math.Exp((C * C / 2) - 1) * 0.9331927987) + (1 - 0.9772498681);

    [Fact]
    public void Generate_LogitOfALinearFunction_MovesTheNormal()
    {
        const int n = 20_000;
        var (block, _) = Generate(Flow(3, s_rareAcceptance), n);
        Assert.Equal(C, block.Scalars[0][..n].Average(x => (double)x), 4 / Math.Sqrt(n));
        Assert.Equal(1, block.Scalars[0][..n].Average(x => (x - C) * (x - C)), 4 * Math.Sqrt(2.0 / n));
        Assert.Equal(0, block.Scalars[1][..n].Average(x => (double)x), 4 / Math.Sqrt(n));
    }

    [Fact]
    public void Generate_WeightsAboveTheLargest_CountAsTheLargest()
    {
        // Beyond x = L / c = 2 all are kept: the share there is (1 - Phi(2)) / A.
        const int n = 20_000;
        var (block, _) = Generate(Flow(1, s_cutAcceptance), n);
        var share = (1 - 0.9772498681) / s_cutAcceptance;
        Assert.Equal(share, block.Scalars[0][..n].Count(x => x > 2) / (double)n, 4 * Math.Sqrt(share * (1 - share) / n));
    }

    [Theory]
    [InlineData(-1.25)]
    [InlineData(1.75)]
    [InlineData(2.5)]
    public void LogDensity_OfARefinedFlow_IsTheClosedForm(double x)
    {
        var flow = Flow(1, s_cutAcceptance);
        var events = EventSample.For(flow.Schema);
        events.AddRow(0, [x, 0.5]);
        var density = new EventDensity[1];
        flow.LogDensity(events, [], density);

        Assert.Equal(-Math.Log(2 * Math.PI) - (x * x / 2) - 0.125 + Math.Min(0, (C * x) - 1) - Math.Log(s_cutAcceptance), density[0].LogDensity, 1e-12);
        Assert.Equal(0.01 / s_cutAcceptance, density[0].Error, 1e-12);
    }

    [Fact]
    public void Generate_WithDensity_GivesThatOfTheWrittenEvents()
    {
        var flow = Flow(1, s_cutAcceptance);
        var (block, logDensity) = Generate(flow, 300);
        var events = EventSample.For(flow.Schema);
        for (var k = 0; k < 300; k++)
        {
            events.AddRow(k, [block.Scalars[0][k], block.Scalars[1][k]]);
        }

        var densities = new EventDensity[300];
        flow.LogDensity(events, [], densities);
        Assert.Equal(densities.Select(d => d.LogDensity), logDensity);
    }

    [Fact]
    public void Generate_InPieces_GivesTheSameEvents()
    {
        var flow = Flow(1, s_cutAcceptance);
        var (whole, _) = Generate(flow, 700);
        var part = new EventBlock(flow.Schema);
        for (var first = 0; first < 700; first += 37)
        {
            var n = Math.Min(37, 700 - first);
            flow.Generate(new EventStream(1, []), first, n, part, []);
            Assert.Equal(whole.Scalars[0][first..(first + n)], part.Scalars[0][..n]);
            Assert.Equal(whole.Scalars[1][first..(first + n)], part.Scalars[1][..n]);
        }
    }

    [Fact]
    public void MarginalWeights_ThatAreLinear_MoveTheirColumn()
    {
        // h(y) = 0.3 y between -6 and 6, log w = 0.5 x + 0.3 y, nearly nothing above w_max: normal distributions around 0.5 and 0.3, A =
        // exp(0.34 / 2 - 3).
        const int n = 20_000;
        var acceptance = Math.Exp(0.17 - 3);
        var flow = Flow(3, acceptance, new MarginalWeights([[-6, 0, 6], [-6, 0, 6]], [[0, 0, 0], [-1.8, 0, 1.8]]));
        var (block, logDensity) = Generate(flow, n);
        Assert.Equal(C, block.Scalars[0][..n].Average(x => (double)x), 4 / Math.Sqrt(n));
        Assert.Equal(0.3, block.Scalars[1][..n].Average(y => (double)y), 4 / Math.Sqrt(n));
        Assert.Equal(1, block.Scalars[1][..n].Average(y => (y - 0.3) * (y - 0.3)), 4 * Math.Sqrt(2.0 / n));
        for (var k = 0; k < 100; k++)
        {
            double x = block.Scalars[0][k], y = block.Scalars[1][k];
            Assert.Equal(-Math.Log(2 * Math.PI) - (((x - C) * (x - C)) / 2) - (((y - 0.3) * (y - 0.3)) / 2), logDensity[k], 1e-9);
        }

        var events = EventSample.For(flow.Schema);
        events.AddRow(0, [0.25, 8]);
        var density = new EventDensity[1];
        flow.LogDensity(events, [], density);
        Assert.Equal(-Math.Log(2 * Math.PI) - (0.0625 / 2) - 32 + 0.125 + 1.8 - 3 - Math.Log(acceptance), density[0].LogDensity, 1e-9);
    }

    [Fact]
    public void MarginalWeights_OfOtherNumbers_AreRefused()
    {
        Assert.Contains("column 1 have 2 knots and 3 values", Assert.Throws<ArgumentException>(() => new MarginalWeights([[0, 1, 2], [0, 1]], [[0, 0, 0], [0, 0, 0]])).Message, StringComparison.Ordinal);
        Assert.Contains("knots that rise", Assert.Throws<ArgumentException>(() => new MarginalWeights([[0, 1, 1]], [[0, 0, 0]])).Message, StringComparison.Ordinal);
        Assert.Contains("marginal weights of 1 columns and a network of 2", Assert.Throws<ArgumentException>(() => Flow(1, 0.5, new MarginalWeights([[0, 1]], [[0, 0]]))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Generate_AllRefused_EndsWithASentence()
    {
        var e = Assert.Throws<AttemptsExhaustedException>(() => Generate(Flow(1000, 1e-9), 1));
        Assert.StartsWith("Event 0 had a column beyond the range of float32, or was not kept, 256 times.", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refinement_OfOtherNumbers_IsRefused()
    {
        var two = new ConditionerNetwork(2, FlowActivation.Tanh, [new ConditionerStep.Dense(new DenseMap(2, 2, new double[4], new double[2]))]);
        Assert.Equal("The network of a refinement has 2 outputs, expected 1.", Assert.Throws<ArgumentException>(() => new FlowRefinement(two, 1, 0.5, 0)).Message);
        Assert.Contains("the acceptance 0 +- 0", Assert.Throws<ArgumentException>(() => new FlowRefinement(Network(), 1, 0, 0)).Message, StringComparison.Ordinal);
        Assert.Contains("largest log-weight NaN", Assert.Throws<ArgumentException>(() => new FlowRefinement(Network(), double.NaN, 0.5, 0)).Message, StringComparison.Ordinal);
    }

    private static ConditionerNetwork Network() => new(2, FlowActivation.Tanh, [new ConditionerStep.Dense(new DenseMap(1, 2, [C, 0], [0]))]);

    private static LayeredFlow Flow(double largestLogWeight, double acceptance, MarginalWeights? marginals = null) => new(
        new SampleSchema([new ColumnSchema("x", "1", ""), new ColumnSchema("y", "1", "")], []),
        [new ColumnPreprocessing([]), new ColumnPreprocessing([])],
        [],
        FlowBase.StandardNormal(2),
        new byte[32])
    {
        Refinement = new FlowRefinement(Network(), largestLogWeight, acceptance, 0.01, marginals),
    };

    private static (EventBlock Block, double[] LogDensity) Generate(LayeredFlow flow, int count)
    {
        var block = new EventBlock(flow.Schema);
        var logDensity = new double[count];
        flow.Generate(new EventStream(1, []), 0, count, block, logDensity);
        return (block, logDensity);
    }
}
