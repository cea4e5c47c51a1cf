using EventService.Engine.Kernels;
using EventService.Engine.Random;
using EventService.Engine.Tensors;
using EventService.Models.Flows.Continuous;
using EventService.Models.Flows.Layers;
using EventService.Models.Flows.Networks;
using EventService.Models.Flows.Workspaces;
using EventService.Numerics.Functions;
using EventService.Training.Layers;

namespace EventService.Models.Tests.Flows;

/// <summary>
/// Continuous flows: linear fields, whose flow is known, and random ones, whose bits must not depend on what is computed beside them. What
/// all flows have to fulfil is tested in <see cref="FlowFamilyTests"/>.
/// </summary>
[Collection(KernelPaths.Name)]
public sealed class ContinuousLayerTests
{
    private static readonly OdeMethod[] s_methods = [new OdeMethod.Midpoint(5), new OdeMethod.Adaptive(1e-4)];

    public static TheoryData<int> Methods() => [0, 1];

    [Fact]
    public void Inverse_OfALinearField_ApproachesTheExponential()
    {
        // dx/ds = A x with A = [[a, b], [-b, a]]: x(1) = e^a (rotation by -b) x(0), and log |det| = 2 a, both in closed form.
        const double a = 0.4, b = 0.9;
        foreach (var (method, accuracy) in new (OdeMethod, double)[] { (new OdeMethod.Midpoint(400), 2e-5), (new OdeMethod.Adaptive(1e-6), 2e-5) })
        {
            var layer = new ContinuousLayer(Linear([a, b, -b, a]), method);
            var y = Tile((1.5f, -0.25f));

            layer.Inverse(y, 1, new FlowScratch());

            Assert.Equal(Math.Exp(a) * ((1.5 * Math.Cos(b)) + (-0.25 * Math.Sin(b))), y[0], accuracy);
            Assert.Equal(Math.Exp(a) * ((-1.5 * Math.Sin(b)) + (-0.25 * Math.Cos(b))), y[FlowLayer.SamplingStride], accuracy);
            var (x, log) = (new double[2 * FlowLayer.Stride], new double[1]);
            (x[0], x[FlowLayer.Stride]) = (y[0], y[FlowLayer.SamplingStride]);
            layer.Forward(x, log, new FlowScratch());
            Assert.Equal(1.5, x[0], accuracy);
            Assert.Equal(-0.25, x[FlowLayer.Stride], accuracy);
            Assert.Equal(-2 * a, log[0], accuracy);
        }
    }

    [Fact]
    public void Inverse_OfOneMidpointStep_IsTheFormula()
    {
        // One step of dx/ds = A x: x + A (x + A x / 2), and its determinant is that of 1 + A + A^2 / 2.
        var layer = new ContinuousLayer(Linear([0.5, 0, 0, -0.5]), new OdeMethod.Midpoint(1));
        var y = Tile((2, 4));

        layer.Inverse(y, 1, new FlowScratch());

        Assert.Equal(2 * 1.625, y[0], 1e-6);
        Assert.Equal(4 * 0.625, y[FlowLayer.SamplingStride], 1e-6);
        var (x, log) = (new double[2 * FlowLayer.Stride], new double[1]);
        (x[0], x[FlowLayer.Stride]) = (3.25, 2.5);
        layer.Forward(x, log, new FlowScratch());
        Assert.Equal((2, 4), (Math.Round(x[0], 9), Math.Round(x[FlowLayer.Stride], 9)));
        Assert.Equal(-Math.Log(1.625 * 0.625), log[0], 1e-9);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Inverse_OnEveryPathAndInAnyTile_GivesTheSameBits(int method)
    {
        const int events = 70, features = 3;
        var layer = new ContinuousLayer(RandomField(features, 1), s_methods[method]);
        var draws = Draws(features, events);

        float[] Run(int first, int count)
        {
            var y = new float[features * FlowLayer.SamplingStride];
            for (var f = 0; f < features; f++)
            {
                draws.AsSpan((f * events) + first, count).CopyTo(y.AsSpan(f * FlowLayer.SamplingStride));
            }

            layer.Inverse(y, count, new FlowScratch());
            return [.. Enumerable.Range(0, count * features).Select(k => y[(k % features * FlowLayer.SamplingStride) + (k / features)])];
        }

        var whole = KernelPaths.On(VectorPath.Scalar, () => Run(0, events));
        foreach (var path in Enum.GetValues<VectorPath>())
        {
            Assert.Equal(whole, KernelPaths.On(path, () => Run(0, events)));
        }

        foreach (var (first, count) in new[] { (0, 1), (5, 16), (17, 40), (69, 1) })
        {
            Assert.Equal(whole[(first * features)..((first + count) * features)], Run(first, count));
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Forward_InAnyTile_GivesTheSameBits(int method)
    {
        const int events = 50, features = 3;
        var layer = new ContinuousLayer(RandomField(features, 1), s_methods[method]);
        var draws = Draws(features, events);

        double[] Run(int first, int count)
        {
            var x = new double[features * FlowLayer.Stride];
            for (var f = 0; f < features; f++)
            {
                for (var i = 0; i < count; i++)
                {
                    x[(f * FlowLayer.Stride) + i] = draws[(f * events) + first + i];
                }
            }

            var log = new double[count];
            layer.Forward(x, log, new FlowScratch());
            return [.. Enumerable.Range(0, count).SelectMany(i => Enumerable.Range(0, features).Select(f => x[(f * FlowLayer.Stride) + i]).Append(log[i]))];
        }

        var whole = Run(0, events);
        foreach (var (first, count) in new[] { (0, 1), (5, 16), (17, 33), (49, 1) })
        {
            Assert.Equal(whole[(first * 4)..((first + count) * 4)], Run(first, count));
        }
    }

    [Fact]
    public void Between_ThereAndBack_LeadsBackToTheStart()
    {
        // Over two legs and parts of them. Midpoint steps backwards are no inverse of those forwards: the difference falls with h^2.
        double Distance(int steps)
        {
            var layer = new ContinuousLayer(RandomField(2, 2), new OdeMethod.Midpoint(steps), [-1, 0.25, 1], 0);
            var y = Tile((0.7f, -1.1f));
            layer.Between(-0.6, 0.9).Inverse(y, 1, new FlowScratch());
            layer.Between(0.9, -0.6).Inverse(y, 1, new FlowScratch());
            return Math.Abs(y[0] - 0.7f) + Math.Abs(y[FlowLayer.SamplingStride] + 1.1f);
        }

        Assert.InRange(Distance(100), 0, 1e-4);
        Assert.True(Distance(2) > Distance(100), $"{Distance(2)} and {Distance(100)}");
    }

    [Fact]
    public void Layer_UnderConditionsOfTheirOwn_GivesTheBitsOfEachAlone()
    {
        // Over two legs from the anchor between, in both directions and not at all, so that the events of a tile have different numbers of
        // steps.
        const int events = 60, features = 3;
        var layer = new ContinuousLayer(RandomField(features, 2), new OdeMethod.Midpoint(7), [-1, 0.25, 1], 1);
        var draws = Draws(features, events);
        double[] conditions = [.. Enumerable.Range(0, FlowLayer.SamplingStride).Select(i => i % 9 == 4 ? 0.25 : -1 + (2.0 * (i * 37 % events) / (events - 1)))];
        Assert.True(layer.MixesConditions);
        var scratch = new FlowScratch();
        for (var turn = 0; turn < 2; turn++)
        {
            var (y, x, log) = (new float[features * FlowLayer.SamplingStride], new double[features * FlowLayer.Stride], new double[events]);
            for (var k = 0; k < features * events; k++)
            {
                y[(k / events * FlowLayer.SamplingStride) + (k % events)] = draws[k];
                x[(k / events * FlowLayer.Stride) + (k % events)] = draws[k];
            }

            layer.Inverse(y, events, conditions, scratch);
            layer.Forward(x, log, conditions, scratch);

            for (var i = 0; i < events; i++)
            {
                var (ownY, ownX, ownLog) = (new float[features * FlowLayer.SamplingStride], new double[features * FlowLayer.Stride], new double[1]);
                for (var f = 0; f < features; f++)
                {
                    ownY[f * FlowLayer.SamplingStride] = draws[(f * events) + i];
                    ownX[f * FlowLayer.Stride] = draws[(f * events) + i];
                }

                var at = layer.At([conditions[i]]);
                at.Inverse(ownY, 1, new FlowScratch());
                at.Forward(ownX, ownLog, new FlowScratch());
                Assert.Equal(ownLog[0], log[i]);
                for (var f = 0; f < features; f++)
                {
                    Assert.Equal(ownY[f * FlowLayer.SamplingStride], y[(f * FlowLayer.SamplingStride) + i]);
                    Assert.Equal(ownX[f * FlowLayer.Stride], x[(f * FlowLayer.Stride) + i]);
                }
            }
        }
    }

    [Fact]
    public void At_ConditionOfTheOrigin_IsTheIdentity()
    {
        var layer = new ContinuousLayer(RandomField(2, 2), new OdeMethod.Midpoint(4), [-1, 0.25, 1], 1);
        var (y, x, log) = (Tile((0.7f, -1.1f)), new double[2 * FlowLayer.Stride], new double[1]);
        var at = layer.At([0.25]);
        at.Inverse(y, 1, new FlowScratch());
        at.Forward(x, log, new FlowScratch());
        Assert.Equal((0.7f, -1.1f, 0.0), (y[0], y[FlowLayer.SamplingStride], log[0]));
    }

    [Fact]
    public void At_OnEitherSideOfTheOrigin_StartsOnTheLegThatLeadsThere()
    {
        // v is (1, 0) on the first leg and (0, 1) on the second: the path from the middle goes back along the first, or on along the
        // second.
        var weights = new double[2 * 5];
        (weights[3], weights[5 + 4]) = (1, 1);   // inputs: x, y, 2 s - 1, leg 0, leg 1
        var field = new VelocityField(2, 2, 0, new ConditionerNetwork(5, FlowActivation.Relu, [new ConditionerStep.Dense(new DenseMap(2, 5, weights, new double[2]))]));
        var layer = new ContinuousLayer(field, new OdeMethod.Midpoint(3), [-1, 0, 1], 1);
        foreach (var (condition, x, y) in new[] { (-1.0, -1.0, 0.0), (-0.25, -0.25, 0.0), (0.5, 0.0, 0.5), (1.0, 0.0, 1.0) })
        {
            var tile = Tile((0, 0));
            layer.At([condition]).Inverse(tile, 1, new FlowScratch());
            Assert.Equal(x, tile[0], 1e-6);
            Assert.Equal(y, tile[FlowLayer.SamplingStride], 1e-6);
        }
    }

    [Fact]
    public void Forward_OfAStepWithoutInverse_HasNoDensity()
    {
        // x' = x + 40 (x + 20 x) = 841 x: the fixed point x = y - 840 x does not contract, which is what tells that a step has one inverse
        // only.
        var layer = new ContinuousLayer(Linear([40, 0, 0, 40]), new OdeMethod.Midpoint(1));
        var (x, log) = (new double[2 * FlowLayer.Stride], new double[1]);
        (x[0], x[FlowLayer.Stride]) = (1, 2);
        layer.Forward(x, log, new FlowScratch());
        Assert.Equal(double.NaN, log[0]);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Inverse_InSteadyState_AllocatesNothing(int method)
    {
        const int features = 3, lanes = 100;
        var layer = new ContinuousLayer(RandomField(features, 2), s_methods[method], [-1, 0.25, 1], 0).At([0.9]);
        var (draws, y, scratch) = (Draws(features, FlowLayer.SamplingStride), new float[features * FlowLayer.SamplingStride], new FlowScratch());
        long Allocated()
        {
            draws.CopyTo(y, 0);
            var before = GC.GetAllocatedBytesForCurrentThread();
            layer.Inverse(y, lanes, scratch);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.True(Allocated() > 0, "the first use allocates the buffers");
        Allocated();
        Assert.Equal(0, Allocated());
    }

    [Fact]
    public void Forward_OfManySteps_FindsWhereEachStepStarted()
    {
        // Steps so long that they are far from the flow of the field: what comes back is what was sampled from, to float32.
        const int features = 3, events = 40;
        var layer = new ContinuousLayer(RandomField(features, 1), new OdeMethod.Midpoint(3));
        var draws = Draws(features, events);
        var (y, x, log) = (new float[features * FlowLayer.SamplingStride], new double[features * FlowLayer.Stride], new double[events]);
        for (var f = 0; f < features; f++)
        {
            draws.AsSpan(f * events, events).CopyTo(y.AsSpan(f * FlowLayer.SamplingStride));
        }

        layer.Inverse(y, events, new FlowScratch());
        for (var f = 0; f < features; f++)
        {
            for (var i = 0; i < events; i++)
            {
                x[(f * FlowLayer.Stride) + i] = y[(f * FlowLayer.SamplingStride) + i];
            }
        }

        layer.Forward(x, log, new FlowScratch());
        Assert.All(Enumerable.Range(0, features * events), k => Assert.Equal(draws[k], x[(k / events * FlowLayer.Stride) + (k % events)], 2e-5));
    }

    [Fact]
    public void Construct_AnchorsThatDoNotRise_IsRefused() =>
        Assert.Contains("rising from -1 to 1", Assert.Throws<ArgumentException>(() => new ContinuousLayer(RandomField(2, 2), new OdeMethod.Midpoint(4), [-1, 1, 0.5], 0)).Message, StringComparison.Ordinal);

    /// <summary>v = A x, by a network of one dense step that ignores the time.</summary>
    private static VelocityField Linear(double[] a) =>
        new(2, 1, 0, new ConditionerNetwork(3, FlowActivation.Relu, [new ConditionerStep.Dense(new DenseMap(2, 3, [a[0], a[1], 0, a[2], a[3], 0], new double[2]))]));

    internal static VelocityField RandomField(int features, int legs)
    {
        var parameters = new ParameterSet();
        var velocity = new TrainableVelocity(parameters, features, legs, 3, new ConditionerSizes(20, 2, Residual: true, FlowActivation.GeluTanh), 5);
        foreach (var parameter in parameters.Parameters)
        {
            var random = new PhiloxStream(9, (ulong)parameter.Index);
            foreach (ref var w in parameter.Value.Span)
            {
                w += 0.2f * ((2 * random.NextFloat()) - 1);
            }
        }

        return velocity.Export();
    }

    private static float[] Tile((float X, float Y) point)
    {
        var y = new float[2 * FlowLayer.SamplingStride];
        (y[0], y[FlowLayer.SamplingStride]) = point;
        return y;
    }

    private static float[] Draws(int features, int events)
    {
        var random = new PhiloxStream(2, 1);
        return [.. Enumerable.Range(0, features * events).Select(_ => (float)NormalQuantile.Of(random.NextDouble()))];
    }
}
