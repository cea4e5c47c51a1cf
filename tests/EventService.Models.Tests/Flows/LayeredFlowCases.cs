using EventService.Engine.Random;
using EventService.Models.Columns;
using EventService.Models.Conditions;
using EventService.Models.Flows;
using EventService.Models.Flows.Continuous;
using EventService.Models.Flows.Layers;
using EventService.Models.Flows.Networks;
using EventService.Models.Tables;
using EventService.Models.Tests.Contract;
using EventService.Physics.Events;

namespace EventService.Models.Tests.Flows;

/// <summary>
/// Small flows of tables for the contract of architectures: autoregressive, coupling, refined, inside a support, under conditions, and of a
/// sample that is transported.
/// </summary>
internal sealed class LayeredFlowCases : IArchitectureCases
{
    private static readonly RandomFlow s_splines = new(4, 2, 20, 1, false, FlowActivation.Relu, RandomFlow.Spline);
    private static readonly RandomFlow s_couplings = new(3, 3, 24, 0, true, FlowActivation.Elu, new AffineScalarMap(AffineScale.Softplus, 1e-3, ShiftFirst: false));
    private static readonly SampleSchema s_pair = Schema(2);
    private static readonly ConditionParameter s_mass = new("mass", "GeV", "", 100, 300, [100, 300]);

    // x is standard normal and the logit x / 2, of which the largest counts 1: exp(c^2 / 2 - L) Phi(L / c - c) + 1 - Phi(L / c) with c =
    // 1/2, L = 1.
    private static readonly double s_kept = (Math.Exp(0.125 - 1) * 0.9331927987) + (1 - 0.9772498681);

    public IEnumerable<ArchitectureCase> Cases =>
    [
        new(LayeredFlowFile.Architecture, "autoregressive splines", () => FlowFile.Of(Schema(4), s_splines.Build()),
            "82887ccd582c1ddbe04750544476b9d8d1d5e1cd07d24d70bd1146558091cbda"),
        new(LayeredFlowFile.Architecture, "couplings", () => FlowFile.Of(Schema(3), s_couplings.Build()),
            "362956ab31f2360fdaeadd7056dccd20a36596ed0289c2f859e9be0b244d9138"),
        new(LayeredFlowFile.Architecture, "inverse autoregressive", () => FlowFile.Of(Schema(4), (s_splines with { Inverse = true }).Build()),
            "96e98f48ee0806ae617ce33c00ece685d58a61a519fa50ccd0c1bae09f9f19ad"),
        new(LayeredFlowFile.Architecture, "refined", Refined,
            "eec8fb08378d203f13556413a28de0aa9094a9b8ab314485daa5f8d0a7ab8ddc"),
        new(LayeredFlowFile.Architecture, "inside a support", Supported,
            "45d0be3ee5cb5d748e77fb61e65d6846277b49a887fd449e811636fb8ebdfbe5"),
        new(LayeredFlowFile.Architecture, "continuous", () => FlowFile.Of(s_pair, [new ContinuousLayer(ContinuousLayerTests.RandomField(2, 1), new OdeMethod.Midpoint(5))]),
            "eec8c1181572b139065abca8d207c222ba4c666dc4b42a694b841d9ee6247468"),
        new(LayeredFlowFile.Architecture, "under two conditions", Conditional,
            "91a30e75a93f9f9928f94d7f15c0c4816aa67e98368e9dcbdc90fe280928c84b"),
        new(LayeredFlowFile.TransportedArchitecture, "between two masses", Transported,
            "1d719ddfa6b5823d8bd2215b765f1b7efbfc0df1c6563762c6ba1019e8aacf8e"),
    ];

    private static byte[] Refined()
    {
        var network = new ConditionerNetwork(2, FlowActivation.Tanh, [new ConditionerStep.Dense(new DenseMap(1, 2, [0.5, 0], [0]))]);
        return FlowFile.Of(s_pair, [], new FlowRefinement(network, 1, s_kept, 0), s_kept);
    }

    private static byte[] Supported()
    {
        // Two independent standard normal numbers: the first is the larger one in half of the draws.
        var sorted = new ColumnInequality(new Dictionary<string, double> { ["x0"] = 1, ["x1"] = -1 }, 0, "x0 is the larger one");
        return FlowFile.Of(s_pair, [], null, 1, [], new EventSupport(new ColumnInequalities(s_pair, [sorted]), [0.5], 1_000_000));
    }

    private static byte[] Conditional()
    {
        var random = new PhiloxStream(3, 0);
        FlowLayer[] layers = [.. s_splines.Build().Select(layer => layer is ConditionalLayer l
            ? new ConditionalLayer(4, l.Inputs, l.Targets, ConditionalSamplerTests.Gated(l.Network, ref random), l.Map)
            : layer)];
        return FlowFile.Of(Schema(4), layers, null, 1, ConditionalSamplerTests.Parameters);
    }

    private static byte[] Transported()
    {
        var random = new PhiloxStream(4, 0);
        var source = new float[2 * 500];
        foreach (ref var x in source.AsSpan())
        {
            x = (float)((2 * random.NextDouble()) - 1);
        }

        var field = ContinuousLayerTests.RandomField(2, 2);
        return FlowFile.Of(s_pair, [new ContinuousLayer(field, new OdeMethod.Midpoint(4), [-1, 0.25, 1], 0)], null, 1, [s_mass], null, source);
    }

    private static SampleSchema Schema(int features) => new([.. Enumerable.Range(0, features).Select(f => new ColumnSchema($"x{f}", "1", ""))], []);
}
