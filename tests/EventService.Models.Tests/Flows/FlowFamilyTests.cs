using System.Text.Json;

using EventService.Engine.Autodiff;
using EventService.Engine.Random;
using EventService.Engine.Serialization;
using EventService.Engine.Tensors;
using EventService.Models;
using EventService.Models.Columns;
using EventService.Models.Contracts;
using EventService.Models.Flows;
using EventService.Models.Flows.Continuous;
using EventService.Models.Flows.Layers;
using EventService.Models.Flows.Networks;
using EventService.Models.Flows.Workspaces;
using EventService.Models.Sampling;
using EventService.Physics.Events;
using EventService.Training.Families;
using EventService.Training.Layers;

namespace EventService.Models.Tests.Flows;

/// <summary>
/// What every trainable family has to fulfil, whatever its layers are: a family joins by a line in <see cref="Families"/>. Gradients and
/// likelihoods of the float32 tape are compared with the double-precision densities of the exported layers, which share no code with it.
/// </summary>
public sealed class FlowFamilyTests
{
    private static readonly ConditionerSizes s_plain = new(16, 2, Residual: false, FlowActivation.Tanh);
    private static readonly ConditionerSizes s_residual = new(16, 1, Residual: true, FlowActivation.GeluTanh);

    private static readonly Dictionary<string, LikelihoodFamily> s_families = new()
    {
        ["made"] = new Made { Network = s_plain },
        ["made-mog"] = new MadeMog { Network = s_residual, Components = 4 },
        ["maf, batch normalisation"] = new MaskedAutoregressiveFlow { Network = s_plain with { Activation = FlowActivation.Elu }, Layers = 3 },
        ["maf, actnorm, random order"] = new MaskedAutoregressiveFlow { Network = s_residual, Layers = 3, Norm = LayerNorm.Actnorm, Order = LayerOrder.Random },
        ["maf-made-mog"] = new MafMadeMog { Network = s_plain, Layers = 2, Components = 3 },
        ["iaf"] = new InverseAutoregressiveFlow { Network = s_plain, Layers = 2 },
        ["a-rqs"] = new AutoregressiveSplineFlow { Network = s_residual, Layers = 2, Bins = 5, Bound = 4 },
        ["nsf"] = new NeuralSplineFlow { Network = s_plain, Layers = 2, Bins = 6, Bound = 4 },
        ["realnvp"] = new RealNvp { Network = s_plain, Layers = 4 },
        ["glow"] = new Glow { Network = s_residual, Layers = 3 },
    };

    // Fields are random here and not fitted to data: what holds for their layers holds whatever the training was.
    private static readonly Dictionary<string, FlowMatching> s_matching = new()
    {
        ["flow matching, midpoint"] = new FlowMatching { Network = s_residual, Solver = new OdeMethod.Midpoint(6) },
        ["flow matching, two steps of a plain network"] = new FlowMatching { Network = s_plain, Frequencies = 0, Solver = new OdeMethod.Midpoint(2) },
        ["flow matching, adaptive"] = new FlowMatching { Network = s_residual, Solver = new OdeMethod.Adaptive(1e-5) },
    };

    public static TheoryData<string> Families() => [.. s_families.Keys];

    public static TheoryData<string> FamiliesAndMatching() => [.. s_families.Keys, .. s_matching.Keys];

    [Theory]
    [MemberData(nameof(Families))]
    public void Likelihood_OfTheTape_IsThatOfTheExportedFlow(string family)
    {
        var flow = Trained(family, 3);
        var events = Events(3, 96, 1);

        var (logLikelihood, _) = Run(flow, events, gradient: false);

        var expected = Densities(flow, events).Sum();
        Assert.Equal(expected, logLikelihood, 2e-6 * events.Columns * 10);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Gradient_OfEveryParameter_AgreesWithDifferencesOfTheExportedDensity(string family)
    {
        var flow = Trained(family, 3);
        var events = Events(3, 24, 2);

        var (_, gradients) = Run(flow, events, gradient: true);

        var random = new PhiloxStream(5, 0);
        foreach (var parameter in flow.Parameters.Parameters.Where(p => !IsRunningStatistic(p.Name)))
        {
            for (var draw = 0; draw < 3; draw++)
            {
                var i = (int)random.NextBelow((uint)parameter.Value.Length);
                var (before, h) = (parameter.Value.Span[i], 1f / 16384);
                double LossAt(float value)
                {
                    parameter.Value.Span[i] = value;
                    return -Densities(flow, events).Sum() / events.Columns;
                }

                double up = LossAt(before + h), down = LossAt(before - h);
                var expected = (up - down) / ((double)(before + h) - (before - h));
                parameter.Value.Span[i] = before;
                Assert.True(
                    Math.Abs(gradients[parameter.Index][i] - expected) <= (2e-3 * Math.Abs(expected)) + 2e-4,
                    $"{parameter.Name}[{i}]: gradient {gradients[parameter.Index][i]}, by differences {expected}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(FamiliesAndMatching))]
    public void LogDeterminant_OfTheLayers_IsThatOfTheNumericalJacobian(string family)
    {
        const int d = 3;
        const double h = 1e-5;
        var layers = Layers(family, d);
        var events = Events(d, 20, 3);
        for (var e = 0; e < events.Columns; e++)
        {
            double[] x = [.. Enumerable.Range(0, d).Select(f => (double)events[f, e])];
            var jacobian = new double[d, d];
            for (var c = 0; c < d; c++)
            {
                var (up, down) = ((double[])x.Clone(), (double[])x.Clone());
                up[c] += h;
                down[c] -= h;
                var (above, below) = (Forward(layers, up).Z, Forward(layers, down).Z);
                for (var r = 0; r < d; r++)
                {
                    jacobian[r, c] = (above[r] - below[r]) / (2 * h);
                }
            }

            var determinant = (jacobian[0, 0] * ((jacobian[1, 1] * jacobian[2, 2]) - (jacobian[1, 2] * jacobian[2, 1])))
                - (jacobian[0, 1] * ((jacobian[1, 0] * jacobian[2, 2]) - (jacobian[1, 2] * jacobian[2, 0])))
                + (jacobian[0, 2] * ((jacobian[1, 0] * jacobian[2, 1]) - (jacobian[1, 1] * jacobian[2, 0])));
            Assert.Equal(Math.Log(Math.Abs(determinant)), Forward(layers, x).LogDeterminant, 1e-5);
        }
    }

    [Theory]
    [MemberData(nameof(FamiliesAndMatching))]
    public void Inverse_OfDrawsOfTheBase_IsInvertedByForward(string family)
    {
        const int d = 4;
        var layers = Layers(family, d);
        var z = Events(d, 200, 4);
        var draws = new float[z.Length];
        for (var k = 0; k < draws.Length; k++)
        {
            draws[k] = z[k % d, k / d];
        }

        var x = new float[draws.Length];
        Layered(layers, d).FromBase(draws, x);

        for (var e = 0; e < z.Columns; e++)
        {
            var back = Forward(layers, [.. x[(e * d)..((e + 1) * d)].Select(v => (double)v)]).Z;
            for (var f = 0; f < d; f++)
            {
                Assert.Equal(draws[(e * d) + f], back[f], 2e-4 * (1 + Math.Abs(back[f])));
            }
        }
    }

    [Theory]
    [MemberData(nameof(FamiliesAndMatching))]
    public void Density_InTwoDimensions_IntegratesToOne(string family)
    {
        var flow = Layered(Layers(family, 2), 2);
        // Sums over a grid are exact for smooth densities once it is finer than their features; splines have kinks.
        const double reach = 14;
        var step = s_matching.ContainsKey(family) ? 0.2 : 0.05;
        var events = EventSample.For(flow.Schema);
        for (var x = -reach; x < reach; x += step)
        {
            for (var y = -reach; y < reach; y += step)
            {
                events.AddRow(0, [x, y]);
            }
        }

        var densities = new EventDensity[events.Count];
        flow.LogDensity(events, [], densities);

        Assert.Equal(1, densities.Sum(p => Math.Exp(p.LogDensity)) * step * step, 3e-3);
    }

    [Theory]
    [MemberData(nameof(FamiliesAndMatching))]
    public void File_WrittenAndRead_GivesTheSameEventsAndDensities(string family)
    {
        var layers = Layers(family, 3);
        var (first, second) = (Generate(Reload(layers, 3), 0, 300), Generate(Reload(layers, 3), 0, 300));
        Assert.Equal(first.Events, second.Events);

        var events = Events(3, 50, 6);
        Assert.Equal(Densities(Layered(layers, 3), events), Densities(Reload(layers, 3), events));
    }

    [Theory]
    [MemberData(nameof(FamiliesAndMatching))]
    public void Generate_InPieces_GivesTheSameBits(string family)
    {
        var flow = Reload(Layers(family, 3), 3);

        var (whole, logDensity) = Generate(flow, 0, 200);
        var pieces = Generate(flow, 0, 77).Events.Concat(Generate(flow, 77, 123).Events);

        Assert.Equal(whole, pieces);
        var events = EventSample.For(flow.Schema);
        for (var e = 0; e < 200; e++)
        {
            events.AddRow(e, [.. whole[e].Select(v => (double)v)]);
        }

        var densities = new EventDensity[200];
        flow.LogDensity(events, [], densities);
        Assert.Equal(logDensity, densities.Select(p => p.LogDensity));
    }

    [Fact]
    public void Start_OfBatchNormalisation_GradientGoesThroughTheStatistics()
    {
        // The float32 loss of a shard with its own statistics, by differences of itself: exported layers have running means instead.
        var flow = Trained("maf, batch normalisation", 3);
        var events = Events(3, 64, 8);
        var (_, gradients) = Run(flow, events, gradient: true, training: true);
        foreach (var parameter in flow.Parameters.Parameters.Where(p => p.Name.Contains("output", StringComparison.Ordinal) || p.Name.Contains("norm", StringComparison.Ordinal)).Where(p => !IsRunningStatistic(p.Name)))
        {
            var (before, h) = (parameter.Value.Span[0], 1f / 64);
            double LossAt(float value)
            {
                parameter.Value.Span[0] = value;
                return -Run(flow, events, gradient: false, training: true).LogLikelihood / events.Columns;
            }

            var near = LossAt(before + h) - LossAt(before - h);
            var far = LossAt(before + (2 * h)) - LossAt(before - (2 * h));
            parameter.Value.Span[0] = before;
            var expected = ((8 * near) - far) / (12.0 * h);
            Assert.True(Math.Abs(gradients[parameter.Index][0] - expected) <= (5e-3 * Math.Abs(expected)) + 2e-4, $"{parameter.Name}: gradient {gradients[parameter.Index][0]}, by differences {expected}");
        }
    }

    [Fact]
    public void InitialiseFrom_Actnorm_LeavesTheFirstLayerStandardised()
    {
        var flow = new TrainableFlow(s_families["glow"], 2, 1);
        var events = new Tensor(2, 500);
        var random = new PhiloxStream(9, 0);
        for (var i = 0; i < 500; i++)
        {
            (events[0, i], events[1, i]) = (5 + (3 * random.NextFloat()), -200 + (70 * random.NextFloat()));
        }

        flow.InitialiseFrom(events);

        var first = (ScaleShiftLayer)flow.Layers[0].Export();
        for (var f = 0; f < 2; f++)
        {
            double[] y = [.. Enumerable.Range(0, 500).Select(i => (first.Scale[f] * events[f, i]) + first.Shift[f])];
            Assert.Equal(0, y.Average(), 1e-4);
            Assert.Equal(1, y.Average(v => v * v), 1e-4);
        }
    }

    [Theory]
    [InlineData("realnvp")]
    [InlineData("nsf")]
    public void Build_CouplingsOfOneFeature_AreRefused(string family) =>
        Assert.Contains("expected at least 2", Assert.Throws<ArgumentException>(() => new TrainableFlow(s_families[family], 1, 1)).Message, StringComparison.Ordinal);

    private static IReadOnlyList<FlowLayer> Layers(string family, int features)
    {
        if (!s_matching.TryGetValue(family, out var matching))
        {
            return Trained(family, features).Export();
        }

        var parameters = new ParameterSet();
        var velocity = new TrainableVelocity(parameters, features, 1, matching.Frequencies, matching.Network, 7);
        Move(parameters);
        return [new ContinuousLayer(velocity.Export(), matching.Solver)];
    }

    /// <summary>A flow some way off its start: all parameters moved at random.</summary>
    private static TrainableFlow Trained(string family, int features)
    {
        var flow = new TrainableFlow(s_families[family], features, 7);
        Move(flow.Parameters);
        return flow;
    }

    private static void Move(ParameterSet parameters)
    {
        foreach (var parameter in parameters.Parameters)
        {
            var random = new PhiloxStream(3, (ulong)parameter.Index);
            foreach (ref var w in parameter.Value.Span)
            {
                w += IsRunningStatistic(parameter.Name) ? 0.2f * random.NextFloat() : 0.12f * ((2 * random.NextFloat()) - 1);
            }
        }
    }

    private static bool IsRunningStatistic(string name) => name.Contains("norm.mean", StringComparison.Ordinal) && !name.Contains("actnorm", StringComparison.Ordinal) || name.Contains("variance", StringComparison.Ordinal);

    private static Tensor Events(int features, int count, ulong seed)
    {
        var events = new Tensor(features, count);
        var random = new PhiloxStream(11, seed);
        foreach (ref var x in events.Span)
        {
            x = (float)(1.3 * Numerics.Functions.NormalQuantile.Of(random.NextDouble()));
        }

        return events;
    }

    private static (double LogLikelihood, float[][] Gradients) Run(TrainableFlow flow, Tensor events, bool gradient, bool training = false)
    {
        var tape = new Tape(flow.Parameters);
        var pass = new FlowPass(tape, events.Columns, training);
        flow.Forward(pass, events);
        if (gradient)
        {
            tape.Backward();
        }

        return (pass.LogLikelihood, [.. tape.Parameters.Select(p => p.Gradient!.Span.ToArray())]);
    }

    private static (double[] Z, double LogDeterminant) Forward(IReadOnlyList<FlowLayer> layers, double[] x)
    {
        var matrix = new double[x.Length * FlowLayer.Stride];
        for (var f = 0; f < x.Length; f++)
        {
            matrix[f * FlowLayer.Stride] = x[f];
        }

        var logDensity = new double[1];
        foreach (var layer in layers)
        {
            layer.Forward(matrix, logDensity, new FlowScratch());
        }

        return ([.. x.Select((_, f) => matrix[f * FlowLayer.Stride])], logDensity[0]);
    }

    private static LayeredFlow Layered(IReadOnlyList<FlowLayer> layers, int features) => new(
        Schema(features), [.. Enumerable.Range(0, features).Select(_ => new ColumnPreprocessing([]))], layers, FlowBase.StandardNormal(features), new byte[32]);

    private static SampleSchema Schema(int features) => new([.. Enumerable.Range(0, features).Select(f => new ColumnSchema($"x{f}", "1", ""))], []);

    private static double[] Densities(TrainableFlow flow, Tensor events) => Densities(Layered(flow.Export(), flow.Features), events);

    private static double[] Densities(ILikelihoodModel flow, Tensor events)
    {
        var sample = EventSample.For(flow.Schema);
        for (var e = 0; e < events.Columns; e++)
        {
            sample.AddRow(e, [.. Enumerable.Range(0, events.Rows).Select(f => (double)events[f, e])]);
        }

        var densities = new EventDensity[sample.Count];
        flow.LogDensity(sample, [], densities);
        return [.. densities.Select(p => p.LogDensity)];
    }

    private static (float[][] Events, double[] LogDensity) Generate(ILikelihoodModel flow, long first, int count)
    {
        var block = new EventBlock(flow.Schema);
        var logDensity = new double[count];
        flow.Generate([new EventRange(new EventStream(5, []), first, count)], block, logDensity);
        return ([.. Enumerable.Range(0, count).Select(e => block.Scalars.Select(column => column[e]).ToArray())], logDensity);
    }

    private static ILikelihoodModel Reload(IReadOnlyList<FlowLayer> layers, int features) => EventGenerator.Load(FlowFile.Of(Schema(features), layers)).Likelihood!;
}
