using EventService.Engine.Kernels;
using EventService.Engine.Random;
using EventService.Models.Contracts;
using EventService.Models.Flows.Layers;
using EventService.Models.Flows.Networks;
using EventService.Models.Flows.Workspaces;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Models.Tests.Flows;

/// <summary>The samplers of layered flows against <see cref="DPassDefinition"/>, bit by bit.</summary>
[Collection(KernelPaths.Name)]
public sealed class LayeredSamplerTests
{
    private static readonly Dictionary<string, RandomFlow> s_flows = new()
    {
        ["MAF, feed-forward"] = new(9, 2, 24, 0, false, FlowActivation.Relu, new AffineScalarMap(AffineScale.Softplus, 1e-3, ShiftFirst: false)),
        ["MAF, residual"] = new(6, 2, 17, 2, false, FlowActivation.Tanh, new AffineScalarMap(AffineScale.SoftClip, 1e-3, ShiftFirst: true)),
        ["A-RQS, feed-forward"] = new(7, 2, 33, 0, false, FlowActivation.Elu, RandomFlow.Spline),
        ["A-RQS, residual"] = new(5, 2, 20, 3, false, FlowActivation.Relu, RandomFlow.Spline with { Form = SplineForm.SoftClip, Bins = 5 }),
        ["A-RQS, box"] = new(4, 2, 13, 1, false, FlowActivation.Sigmoid, RandomFlow.Spline with { Tails = SplineTails.None, Bins = 4 }),

        // Wide enough for blocks of several levels.
        ["A-RQS, wide, feed-forward"] = new(13, 1, 260, 0, false, FlowActivation.Relu, RandomFlow.Spline),
        ["A-RQS, wide, residual"] = new(11, 1, 201, 1, false, FlowActivation.LeakyRelu, RandomFlow.Spline),
        ["IAF"] = new(9, 3, 24, 0, false, FlowActivation.Tanh, new AffineScalarMap(AffineScale.Softplus, 1e-3, ShiftFirst: false)) { Inverse = true },
        ["IAF, wide, splines"] = new(5, 2, 220, 1, false, FlowActivation.Relu, RandomFlow.Spline) { Inverse = true },
        ["coupling"] = new(8, 4, 40, 0, true, FlowActivation.Relu, RandomFlow.Spline),
        ["coupling, residual"] = new(7, 3, 300, 2, true, FlowActivation.GeluTanh, new AffineScalarMap(AffineScale.Softplus, 1e-3, ShiftFirst: true)),
    };

    public static TheoryData<string> Names() => [.. s_flows.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Sampler_OnEveryPath_GivesTheBitsOfTheDefinition(string name)
    {
        const int events = 35;
        var layers = s_flows[name].Build();
        var flow = s_flows[name].Flow(layers);
        var draws = Draws(s_flows[name].Features, events);
        int[] expected = [.. Enumerable.Range(0, events).SelectMany(k => DPassDefinition.Inverse(layers, Row(draws, k, events))).Select(BitConverter.SingleToInt32Bits)];

        foreach (var path in Enum.GetValues<VectorPath>())
        {
            var found = KernelPaths.On(path, () => flow.FromBase(draws));

            Assert.Equal(expected, found.Select(BitConverter.SingleToInt32Bits));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Sampler_InTilesOfAnySize_GivesTheSameBits(string name)
    {
        var flow = s_flows[name].Flow(s_flows[name].Build());
        var features = s_flows[name].Features;
        var draws = Draws(features, 2 * FlowLayer.SamplingStride);
        var whole = flow.FromBase(draws);
        foreach (var (first, count) in new[] { (0, 1), (3, 15), (100, 16), (7, 17), (200, FlowLayer.SamplingStride), (1, FlowLayer.SamplingStride + 1) })
        {
            Assert.Equal(whole[(first * features)..((first + count) * features)], flow.FromBase(draws.AsSpan(first * features, count * features)));
        }
    }

    /// <summary>The forward map in double precision, which is compared with the libraries, leads back to the draws.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Forward_OfTheSamplersEvents_GivesTheDrawsBack(string name)
    {
        const int events = 64;
        var layers = s_flows[name].Build();
        var features = s_flows[name].Features;
        var draws = Draws(features, events);
        var found = s_flows[name].Flow(layers).FromBase(draws);
        var x = new double[features * FlowLayer.Stride];
        for (var k = 0; k < found.Length; k++)
        {
            x[((k % features) * FlowLayer.Stride) + (k / features)] = found[k];
        }

        var logDensity = new double[events];
        foreach (var layer in layers)
        {
            layer.Forward(x, logDensity, new FlowScratch());
        }

        // Without tails values outside the box are its ends. Several layers stretch the rounding of float32.
        var box = s_flows[name].Map is SplineScalarMap { Tails: SplineTails.None } ? 3 : 4;
        Assert.All(Enumerable.Range(0, found.Length), k => Assert.Equal(Math.Clamp(draws[k], -box, box), x[((k % features) * FlowLayer.Stride) + (k / features)], 2e-3));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Generate_InSteadyState_AllocatesNothingForATile(string name)
    {
        var flow = s_flows[name].Flow(s_flows[name].Build());
        var block = new EventBlock(flow.Schema);
        long Allocated(int events)
        {
            var ranges = new EventRange[] { new(new EventStream(1, []), 0, events) };
            var before = GC.GetAllocatedBytesForCurrentThread();
            flow.Generate(ranges, block, default);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Allocated(5 * FlowLayer.SamplingStride);
        Allocated(5 * FlowLayer.SamplingStride);

        // A call hashes the seed and the model's digest to the key of its stream; tiles add nothing to that.
        var one = Allocated(FlowLayer.SamplingStride);
        Assert.Equal(one, Allocated(5 * FlowLayer.SamplingStride));
        Assert.InRange(one, 0, 1024);
    }

    private static float[] Row(float[] draws, int k, int events)
    {
        var features = draws.Length / events;
        return draws[(k * features)..((k + 1) * features)];
    }

    /// <summary>Numbers of some width, so that some leave the splines' interval.</summary>
    private static float[] Draws(int features, int events)
    {
        var random = new PhiloxStream(23, 5);
        var draws = new float[features * events];
        foreach (ref var z in draws.AsSpan())
        {
            z = 8 * (random.NextFloat() - 0.5f);
        }

        return draws;
    }
}
