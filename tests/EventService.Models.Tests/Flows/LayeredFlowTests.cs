using EventService.Engine.Random;
using EventService.Models.Columns;
using EventService.Models.Contracts;
using EventService.Models.Flows;
using EventService.Models.Flows.Layers;
using EventService.Models.Flows.Networks;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Models.Tests.Flows;

/// <summary>
/// Properties of layered flows that need no reference: the density integrates to one, the order is found, events stay finite.
/// </summary>
public sealed class LayeredFlowTests
{
    public static TheoryData<string> Maps() => ["softplus affine", "soft-clip affine", "softplus spline", "soft-clip spline"];

    [Theory]
    [MemberData(nameof(Maps))]
    public void Density_InTwoDimensions_IntegratesToOne(string map)
    {
        var flow = Flow([], MapOf(map), [new ObservableMap.Standardise(1, 0.5)]);
        const double step = 0.04, reach = 16;
        var events = EventSample.For(flow.Schema);
        for (var x = 1 - reach; x < 1 + reach; x += step)
        {
            for (var y = 1 - reach; y < 1 + reach; y += step)
            {
                events.AddRow(0, [x, y]);
            }
        }

        var densities = new EventDensity[events.Count];
        flow.LogDensity(events, [], densities);

        Assert.Equal(1, densities.Sum(d => Math.Exp(d.LogDensity)) * step * step, 2e-3);
    }

    [Fact]
    public void Generate_ColumnBeyondFloat32_IsDrawnAgainAndTheOthersStay()
    {
        // exp(40 z) leaves float32 beyond z = 2.2: one event in 74.
        var flow = Flow([new ObservableMap.Logarithm(), new ObservableMap.Standardise(0, 40)], null, []);
        var block = new EventBlock(flow.Schema);
        flow.Generate(new EventStream(1, []), 0, 2000, block, []);

        Assert.All(block.Scalars[0][..2000], x => Assert.True(float.IsFinite(x) && x > 0));
        Assert.All(block.Scalars[1][..2000], x => Assert.InRange(x, -10, 10));
    }

    [Fact]
    public void LogDensity_OutsideTheDomain_IsMinusInfinityWithAReason()
    {
        var flow = Flow([new ObservableMap.Logarithm()], null, []);
        var events = EventSample.For(flow.Schema);
        events.AddRow(0, [-2.5, 1]);
        events.AddRow(1, [2.5, 1]);
        var densities = new EventDensity[2];
        flow.LogDensity(events, [], densities);

        Assert.Equal(new EventDensity(double.NegativeInfinity, 0, "x -2.5 is outside the domain of its maps"), densities[0]);
        Assert.Null(densities[1].Reason);
        Assert.Equal(-Math.Log(2 * Math.PI) - (Math.Log(2.5) * Math.Log(2.5) / 2) - 0.5 - Math.Log(2.5), densities[1].LogDensity, 1e-12);
    }

    [Fact]
    public void Order_OfTargetsInACircle_IsRefused()
    {
        var circle = new ConditionerNetwork(2, FlowActivation.Relu, [new ConditionerStep.Dense(new DenseMap(4, 2, [0, 1, 0, 1, 1, 0, 1, 0], new double[4]))]);

        var e = Assert.Throws<ArgumentException>(() => AutoregressiveOrder.Of(circle, [0, 1], [0, 1]));

        Assert.Equal("The transform is not autoregressive: features 0, 1 depend on each other in a circle. The masks of its network do not belong together.", e.Message);
    }

    [Fact]
    public void Order_OfAChain_IsItsLevels()
    {
        // Feature 2 depends on nothing, 0 on 2, 1 on 0.
        var chain = new ConditionerNetwork(3, FlowActivation.Relu, [new ConditionerStep.Dense(new DenseMap(3, 3, [0, 0, 1, 1, 0, 0, 0, 0, 0], new double[3]))]);

        var order = AutoregressiveOrder.Of(chain, [0, 1, 2], [0, 1, 2]);

        Assert.Equal([1, 2, 0], order.TargetLevels);
        Assert.Equal([2, 3, 1], order.InputDegrees);
        Assert.Equal(3, order.Levels);
    }

    /// <summary>Two columns; x alone, then y given x by a small network of seeded weights; no layer where there is no map.</summary>
    private static LayeredFlow Flow(IReadOnlyList<ObservableMap> first, ScalarMap? map, IReadOnlyList<ObservableMap> both)
    {
        const int hidden = 5;
        var random = new PhiloxStream(5, 0);
        double[] Draw(int count)
        {
            var numbers = new double[count];
            for (var i = 0; i < count; i++)
            {
                numbers[i] = (2 * random.NextDouble()) - 1;
            }

            return numbers;
        }

        List<FlowLayer> layers = [new PermutationLayer([1, 0])];
        if (map is not null)
        {
            double[] input = Draw(2 * hidden), output = Draw(2 * map.ParameterCount * hidden);
            for (var i = 0; i < hidden; i++)
            {
                input[(2 * i) + 1] = 0;
            }

            output.AsSpan(0, map.ParameterCount * hidden).Clear();
            layers.Add(new ConditionalLayer(2, [0, 1], [0, 1], new ConditionerNetwork(
                2,
                FlowActivation.Tanh,
                [
                    new ConditionerStep.Dense(new DenseMap(hidden, 2, input, Draw(hidden))),
                    new ConditionerStep.Activate(),
                    new ConditionerStep.Dense(new DenseMap(2 * map.ParameterCount, hidden, output, Draw(2 * map.ParameterCount))),
                ]), map));
        }

        layers.Add(new LuLinearLayer([1, 0, 0.3, 1], [0.8, -0.2, 0, 1.1], [0.1, -0.2]));
        return new LayeredFlow(
            new SampleSchema([new ColumnSchema("x", "1", ""), new ColumnSchema("y", "1", "")], []),
            [new ColumnPreprocessing([.. first, .. both]), new ColumnPreprocessing(both)],
            map is null ? [] : layers,
            FlowBase.StandardNormal(2),
            new byte[32]);
    }

    private static ScalarMap MapOf(string name) => name switch
    {
        "softplus affine" => new AffineScalarMap(AffineScale.Softplus, 1e-3, ShiftFirst: false),
        "soft-clip affine" => new AffineScalarMap(AffineScale.SoftClip, 1e-3, ShiftFirst: true),
        "softplus spline" => new SplineScalarMap { Form = SplineForm.Softplus, Bins = 5, Low = -3, High = 3, Tails = SplineTails.Linear, MinimumWidth = 1e-3, MinimumHeight = 1e-3, MinimumDerivative = 1e-3 },
        _ => new SplineScalarMap { Form = SplineForm.SoftClip, Bins = 5, Low = -3, High = 3, Tails = SplineTails.Linear },
    };
}
