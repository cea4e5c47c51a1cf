using EventService.Engine.Kernels;
using EventService.Engine.Random;
using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Flows;
using EventService.Models.Flows.Layers;
using EventService.Models.Flows.Networks;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Models.Tests.Flows;

/// <summary>
/// Events under conditions of their own, drawn together, against <see cref="DPassDefinition"/> of the flow with scaled weights under each
/// condition, bit by bit.
/// </summary>
[Collection(KernelPaths.Name)]
public sealed class ConditionalSamplerTests
{
    private static readonly Dictionary<string, RandomFlow> s_flows = new()
    {
        ["MAF, residual"] = new(6, 2, 17, 2, false, FlowActivation.Tanh, new AffineScalarMap(AffineScale.SoftClip, 1e-3, ShiftFirst: true)),
        ["A-RQS, feed-forward"] = new(7, 2, 33, 0, false, FlowActivation.GeluTanh, RandomFlow.Spline),

        // Wide enough for blocks of several levels.
        ["A-RQS, wide, feed-forward"] = new(13, 1, 260, 0, false, FlowActivation.Relu, RandomFlow.Spline),
        ["IAF"] = new(9, 2, 24, 0, false, FlowActivation.Tanh, new AffineScalarMap(AffineScale.Softplus, 1e-3, ShiftFirst: false)) { Inverse = true },
        ["coupling, residual"] = new(7, 2, 40, 1, true, FlowActivation.Elu, RandomFlow.Spline),
    };

    internal static readonly ConditionParameter[] Parameters =
    [
        new ConditionParameter("mGluino", "GeV", "", 1000, 2000, [1000, 2000]),
        new ConditionParameter("mChi", "GeV", "", 100, 500, [100, 500]),
    ];

    public static TheoryData<string> Names() => [.. s_flows.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Sampler_OnEveryPath_GivesTheBitsOfTheDefinitionUnderEachCondition(string name)
    {
        const int events = 35;
        var flow = Conditional(name);
        var features = s_flows[name].Features;
        var random = new PhiloxStream(23, 6);
        var draws = new float[events * features];
        foreach (ref var z in draws.AsSpan())
        {
            z = 8 * (random.NextFloat() - 0.5f);
        }

        IReadOnlyList<double>[] conditions = [.. Enumerable.Range(0, events).Select(Condition)];
        var expected = Enumerable.Range(0, events).SelectMany(e => DPassDefinition.Inverse(flow.At(conditions[e]).Layers, draws[(e * features)..((e + 1) * features)])).Select(BitConverter.SingleToInt32Bits);
        foreach (var path in Enum.GetValues<VectorPath>())
        {
            var found = new float[draws.Length];
            KernelPaths.On(path, () =>
            {
                flow.FromBase(draws, conditions, found);
                return true;
            });

            Assert.Equal(expected, found.Select(BitConverter.SingleToInt32Bits));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Generate_EachEventUnderItsOwnCondition_IsThatOfItsConditionAlone(string name)
    {
        const int events = 300;
        var flow = Conditional(name);
        EventRange[] ranges = [.. Enumerable.Range(0, events).Select(e => new EventRange(new EventStream(4, Condition(e)), 1000 + e, 1))];
        var (together, logDensity) = (new EventBlock(flow.Schema), new double[events]);
        flow.Generate(ranges, together, logDensity);
        var (sample, conditions, densities) = (EventSample.For(flow.Schema), new IReadOnlyList<double>[events], new EventDensity[events]);
        for (var e = 0; e < events; e++)
        {
            conditions[e] = Condition(e);
            sample.AddRow(e, [.. together.Scalars.Select(column => (double)column[e])]);
        }

        flow.LogDensities(sample, conditions, densities);

        Assert.Equal(logDensity, densities.Select(d => d.LogDensity));
        var (alone, own) = (new EventBlock(flow.Schema), new double[1]);
        foreach (var e in Enumerable.Range(0, events).Where(e => e % 23 == 0 || e == events - 1))
        {
            flow.Generate([ranges[e]], alone, own);
            Assert.Equal(alone.Scalars.Select(column => column[0]), together.Scalars.Select(column => column[e]));
            Assert.Equal(own[0], logDensity[e]);
            Assert.Equal(1000 + e, together.EventNumber[e]);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Generate_InSteadyState_AllocatesNothingForATile(string name)
    {
        const int most = 20 * FlowLayer.SamplingStride;
        var flow = Conditional(name);
        var block = new EventBlock(flow.Schema);
        EventRange[] ranges = [.. Enumerable.Range(0, most).Select(e => new EventRange(new EventStream(4, Condition(e)), e, 1))];
        long Allocated(int events)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            flow.Generate(ranges.AsSpan(0, events), block, default);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Allocated(most);
        Allocated(most);
        Assert.Equal(Allocated(most / 2), Allocated(most));
    }

    private static double[] Condition(int e) => [1000 + (1000 * new PhiloxStream(29, (ulong)e).NextDouble()), e % 5 == 0 ? 100 : 100 + (e % 31)];

    private static ConditionalFlow Conditional(string name)
    {
        var random = new PhiloxStream(31, 1);
        var features = s_flows[name].Features;
        List<FlowLayer> layers = [];
        foreach (var layer in s_flows[name].Build())
        {
            layers.Add(layer switch
            {
                ConditionalLayer l => new ConditionalLayer(features, l.Inputs, l.Targets, Gated(l.Network, ref random), l.Map),
                InverseAutoregressiveLayer l => new InverseAutoregressiveLayer(features, Gated(l.Network, ref random), l.Map),
                _ => layer,
            });
        }

        return new ConditionalFlow(Parameters, layers, s_flows[name].Flow);
    }

    /// <summary>The network with gates in all maps but the last.</summary>
    internal static ConditionerNetwork Gated(ConditionerNetwork network, ref PhiloxStream random)
    {
        List<ConditionerStep> steps = [];
        foreach (var step in network.Steps.SkipLast(1))
        {
            steps.Add(step switch
            {
                ConditionerStep.Dense dense => new ConditionerStep.Dense(Gated(dense.Map, ref random)),
                ConditionerStep.Residual block => block with { Second = Gated(block.Second, ref random) },
                _ => step,
            });
        }

        return new ConditionerNetwork(network.Inputs, network.Activation, [.. steps, network.Steps[^1]]);
    }

    private static DenseMap Gated(DenseMap map, ref PhiloxStream random)
    {
        double[] weights = new double[map.Outputs * Parameters.Length], bias = new double[map.Outputs];
        foreach (var numbers in new[] { weights, bias })
        {
            foreach (ref var w in numbers.AsSpan())
            {
                w = 4 * (random.NextDouble() - 0.5);
            }
        }

        return map with { Gate = new DenseMap(map.Outputs, Parameters.Length, weights, bias) };
    }
}
