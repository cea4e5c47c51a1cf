using System.Globalization;
using System.Text;
using EventService.Engine.Autodiff;
using EventService.Engine.Random;
using EventService.Engine.Tensors;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Columns;
using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Flows;
using EventService.Models.Flows.Networks;
using EventService.Models.Sampling;
using EventService.Numerics.Functions;
using EventService.Physics.Events;
using EventService.Training;
using EventService.Training.Catalog;
using EventService.Training.Families;
using EventService.Training.Layers;
using EventService.Training.TableFlows;

namespace EventService.Models.Tests.Flows;

/// <summary>
/// Flows under a condition: what the tape trains with gates is what the flow with scaled weights is under each condition.
/// </summary>
public sealed class ConditionalFlowTests
{
    private static readonly ConditionerSizes s_plain = new(12, 2, Residual: false, FlowActivation.Tanh);
    private static readonly ConditionerSizes s_residual = new(12, 1, Residual: true, FlowActivation.GeluTanh);

    private static readonly ConditionParameter[] s_conditions =
    [
        new ConditionParameter("mGluino", "GeV", "", 1000, 2000, [1000, 2000]),
        new ConditionParameter("mChi", "GeV", "", 100, 100, [100]),
    ];

    private static readonly Dictionary<string, LikelihoodFamily> s_families = new()
    {
        ["made"] = new Made { Network = s_plain },
        ["made-mog"] = new MadeMog { Network = s_residual, Components = 3 },
        ["maf"] = new MaskedAutoregressiveFlow { Network = s_residual, Layers = 2, Norm = LayerNorm.Actnorm },
        ["maf-made-mog"] = new MafMadeMog { Network = s_plain, Layers = 1, Components = 3, Norm = LayerNorm.None },
        ["iaf"] = new InverseAutoregressiveFlow { Network = s_plain, Layers = 2 },
        ["a-rqs"] = new AutoregressiveSplineFlow { Network = s_residual, Layers = 2, Bins = 4 },
        ["nsf"] = new NeuralSplineFlow { Network = s_plain, Layers = 2, Bins = 4 },
        ["realnvp"] = new RealNvp { Network = s_plain, Layers = 2 },
        ["glow"] = new Glow { Network = s_residual, Layers = 2 },
    };

    public static TheoryData<string> Families() => [.. s_families.Keys];

    [Theory]
    [MemberData(nameof(Families))]
    public void Likelihood_OfTheTape_IsThatOfTheFlowUnderEachCondition(string family)
    {
        var flow = Trained(family);
        var (events, conditions) = Events(24);

        var (logLikelihood, _) = Run(flow, events, conditions);

        Assert.Equal(LogLikelihood(flow, events, conditions), logLikelihood, 1e-3);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Gradient_OfTheGates_AgreesWithDifferencesOfTheExportedDensity(string family)
    {
        var flow = Trained(family);
        var (events, conditions) = Events(8);
        var (_, gradients) = Run(flow, events, conditions);
        var random = new PhiloxStream(5, 0);
        foreach (var parameter in flow.Parameters.Parameters.Where(p => p.Name.Contains(".gate.", StringComparison.Ordinal)))
        {
            var i = (int)random.NextBelow((uint)parameter.Value.Length);
            var (before, h) = (parameter.Value.Span[i], 1f / 16384);
            double LossAt(float value)
            {
                parameter.Value.Span[i] = value;
                return -LogLikelihood(flow, events, conditions) / events.Columns;
            }

            double up = LossAt(before + h), down = LossAt(before - h);
            parameter.Value.Span[i] = before;
            var expected = (up - down) / ((double)(before + h) - (before - h));
            Assert.True(Math.Abs(gradients[parameter.Index][i] - expected) <= (2e-3 * Math.Abs(expected)) + 2e-4, $"{parameter.Name}[{i}]: gradient {gradients[parameter.Index][i]}, by differences {expected}");
        }
    }

    [Fact]
    public void Condition_OfTheFirstFeature_MovesItToo()
    {
        // The first target of an autoregressive network sees the condition, though no feature.
        var flow = Trained("made");
        var (low, high) = (Conditional(flow).At([1000, 100]), Conditional(flow).At([2000, 100]));
        var draws = new float[] { 0.3f, 0, 0 };
        var (a, b) = (new float[3], new float[3]);
        low.FromBase(draws, a);
        high.FromBase(draws, b);
        Assert.True(Math.Abs(a[0] - b[0]) > 1e-3, $"{a[0]} and {b[0]}");
    }

    [Fact]
    public void Train_OnAMeanThatFollowsTheCondition_LearnsItAndServesItFromAFile()
    {
        // x ~ N(m / 100, 1) at m = 100, 200, ... 500: the entropy is log(2 pi e) / 2, and the mean of events at m = 350, between trained
        // points, is 3.5.
        var recipe = TrainableFamilies.Parse<TableFlowRecipe>(Encoding.UTF8.GetBytes("""
            {
              "name": "scan", "process": "scan", "crossSectionPb": 1,
              "data": {
                "maps": [{ "kind": "standardise" }],
                "columns": [{ "name": "x", "unit": "GeV" }],
                "conditions": [{ "name": "m", "unit": "GeV", "description": "Mass" }]
              },
              "architecture": { "family": "maf", "layers": 2, "norm": "Actnorm", "network": { "width": 16, "blocks": 2, "activation": "Tanh" } },
              "training": { "epochs": 12, "batchSize": 256, "shardSize": 128, "learningRate": 0.01, "warmUpSteps": 20, "averageDecay": 0.99, "seed": 3 }
            }
            """));
        var table = new StringBuilder("x,m\n");
        for (var k = 0; k < 20_000; k++)
        {
            var random = new PhiloxStream(15, (ulong)k);
            var m = 100 * (1 + (k % 5));
            table.AppendLine(CultureInfo.InvariantCulture, $"{(m / 100.0) + NormalQuantile.Of(random.NextDouble())},{m}");
        }

        var sample = recipe.ReadTable(new MemoryStream(Encoding.UTF8.GetBytes(table.ToString())), "scan.csv");
        var training = new TableTraining(sample, recipe, 2, 1000);
        training.Trainer.Run(null, _ => { }, default);
        using var stream = new MemoryStream();
        var document = training.Write(stream, new ModelOrigin("", "", ""));

        Assert.Equal(0.5 * Math.Log(2 * Math.PI * Math.E), document.Training.TrainingLoss, 0.02);
        var parameter = Assert.Single(document.Conditions);
        Assert.Equal(("m", 100.0, 500.0), (parameter.Name, parameter.Minimum, parameter.Maximum));
        Assert.Equal([100, 200, 300, 400, 500], parameter.TrainedPoints);

        var model = EventGenerator.Load(stream.ToArray()).Likelihood!;
        var (alone, together) = (new EventBlock(model.Schema), new EventBlock(model.Schema));
        model.Generate(new EventStream(1, [350]), 0, 20_000, alone, default);
        Assert.Equal(3.5, alone.Scalars[0][..20_000].Average(v => (double)v), 0.06);

        // Ranges of several conditions in one call are those of one call each.
        model.Generate([new EventRange(new EventStream(1, [100]), 5, 7), new EventRange(new EventStream(1, [350]), 0, 9)], together, default);
        Assert.Equal(alone.Scalars[0][..9], together.Scalars[0][7..16]);
        Assert.Contains("expected m", Assert.Throws<ArgumentException>(() => model.LogDensity(EventSample.For(model.Schema), [], [])).Message, StringComparison.Ordinal);
    }

    private static TrainableFlow Trained(string family)
    {
        var flow = new TrainableFlow(s_families[family], 3, 7, conditions: 2);
        foreach (var parameter in flow.Parameters.Parameters.Where(p => !p.Name.Contains("norm.variance", StringComparison.Ordinal)))
        {
            var random = new PhiloxStream(3, (ulong)parameter.Index);
            foreach (ref var w in parameter.Value.Span)
            {
                w += 0.15f * ((2 * random.NextFloat()) - 1);
            }
        }

        return flow;
    }

    private static (Tensor Events, Tensor Conditions) Events(int count)
    {
        var (events, conditions) = (new Tensor(3, count), new Tensor(2, count));
        var random = new PhiloxStream(11, 2);
        for (var e = 0; e < count; e++)
        {
            for (var f = 0; f < 3; f++)
            {
                events[f, e] = (float)NormalQuantile.Of(random.NextDouble());
            }

            conditions[0, e] = (e % 4 / 2f) - 0.75f;   // of 1000 to 2000 as -1 to 1; the second parameter has one value, which is 0
        }

        return (events, conditions);
    }

    private static (double LogLikelihood, float[][] Gradients) Run(TrainableFlow flow, Tensor events, Tensor conditions)
    {
        var tape = new Tape(flow.Parameters);
        var pass = new FlowPass(tape, events.Columns, training: false) { Condition = Tape.Constant(conditions) };
        flow.Forward(pass, events);
        tape.Backward();
        return (pass.LogLikelihood, [.. tape.Parameters.Select(p => p.Gradient!.Span.ToArray())]);
    }

    private static double LogLikelihood(TrainableFlow flow, Tensor events, Tensor conditions)
    {
        var conditional = Conditional(flow);
        double sum = 0;
        for (var e = 0; e < events.Columns; e++)
        {
            var sample = EventSample.For(conditional.Schema);
            sample.AddRow(0, [events[0, e], events[1, e], events[2, e]]);
            var density = new EventDensity[1];
            conditional.LogDensity(sample, [1500 + (500 * (double)conditions[0, e]), 100], density);
            sum += density[0].LogDensity;
        }

        return sum;
    }

    private static ConditionalFlow Conditional(TrainableFlow flow)
    {
        var schema = new SampleSchema([.. Enumerable.Range(0, 3).Select(f => new ColumnSchema($"x{f}", "1", ""))], []);
        return new ConditionalFlow(s_conditions, flow.Export(), layers => new LayeredFlow(
            schema, [.. Enumerable.Range(0, 3).Select(_ => new ColumnPreprocessing([]))], layers, FlowBase.StandardNormal(3), new byte[32]));
    }
}
