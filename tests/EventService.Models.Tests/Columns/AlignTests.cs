using System.Globalization;
using System.Text;
using System.Text.Json;
using EventService.Engine.Random;
using EventService.Engine.Serialization;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Columns;
using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.Flows;
using EventService.Models.Flows.Continuous;
using EventService.Models.Flows.Networks;
using EventService.Models.Sampling;
using EventService.Numerics.Functions;
using EventService.Physics.Events;
using EventService.Training;
using EventService.Training.Catalog;
using EventService.Training.TableFlows;

namespace EventService.Models.Tests.Columns;

/// <summary>
/// Aligned columns: a map that goes by the condition. Of normal samples of different mean and width everything is known in closed form.
/// </summary>
public sealed class AlignTests
{
    private static readonly ConditionParameter s_mass = new("m", "GeV", "", 1000, 2000, [1000, 1400, 2000]);

    // N(0, 1), N(4, 3^2), N(1, 2^2) at 1000, 1400 and 2000.
    private static readonly ObservableMap.Align s_align = new([-1, -0.2, 1], [0, 4, 1], [1, 3, 2]);

    [Theory]
    [InlineData(-1, 0, 1)]
    [InlineData(-0.2, 4, 3)]
    [InlineData(1, 1, 2)]
    [InlineData(-0.6, 2, 2)]
    [InlineData(0.4, 2.5, 2.5)]
    [InlineData(-1.5, 0, 1)]   // beyond the trained values, the nearest
    [InlineData(1.5, 1, 2)]
    public void Align_AtACondition_HasTheMomentsBetweenThoseOfTheNeighbours(double condition, double mean, double scale)
    {
        Assert.Null(s_align.Fault());
        foreach (var u in new[] { -2.0, 0, 0.5, 30 })
        {
            Assert.Equal(mean + (scale * u), s_align.Inverse(u, condition), 1e-13);
            var (t, log) = s_align.Forward(mean + (scale * u), condition);
            Assert.Equal(u, t, 1e-13);
            Assert.Equal(-Math.Log(scale), log, 1e-14);
        }
    }

    [Fact]
    public void At_AnyCondition_IsTheMapOfTheConditionToTheBit()
    {
        for (var k = 0; k < 1000; k++)
        {
            var random = new PhiloxStream(3, (ulong)k);
            double condition = (2.2 * random.NextDouble()) - 1.1, x = 10 * NormalQuantile.Of(random.NextDouble());
            var at = s_align.At(condition);
            Assert.False(at.TakesCondition);
            Assert.Equal(at.Forward(x), s_align.Forward(x, condition));
            Assert.Equal(at.Inverse(x), s_align.Inverse(x, condition));
        }
    }

    [Fact]
    public void Align_UnderNoCondition_HasNoNumbers()
    {
        Assert.False(new ColumnPreprocessing([s_align]).TryForward(1, out _, out _));
        Assert.Equal(float.NaN, new ColumnPreprocessing([s_align]).Inverse(1));
        Assert.True(new ColumnPreprocessing([s_align]).At(0.3).TryForward(1, out _, out _));
    }

    [Fact]
    public void Fault_OfWhatIsNoAlignment_SaysSo()
    {
        Assert.Contains("as many", new ObservableMap.Align([-1, 1], [0], [1, 1]).Fault(), StringComparison.Ordinal);
        Assert.Contains("at least two", new ObservableMap.Align([0], [0], [1]).Fault(), StringComparison.Ordinal);
        Assert.Contains("rise", new ObservableMap.Align([1, -1], [0, 0], [1, 1]).Fault(), StringComparison.Ordinal);
        Assert.Contains("scale 0", new ObservableMap.Align([-1, 1], [0, 0], [1, 0]).Fault(), StringComparison.Ordinal);
    }

    [Fact]
    public void Flow_AlignedWithoutVelocity_IsTheInterpolatedNormal()
    {
        // Halfway from N(4, 3^2) to N(1, 2^2) lies N(2.5, 2.5^2), and on the first leg, a quarter of the way, N(1, 1.5^2).
        var flow = Still();
        foreach (var (mass, mean, deviation) in new[] { (1700.0, 2.5, 2.5), (1100.0, 1.0, 1.5), (2000.0, 1.0, 2.0) })
        {
            float[] draws = [-1.5f, 0, 0.25f, 4], found = new float[4];
            flow.At([mass]).FromBase(draws, found);
            Assert.All(draws.Zip(found), p => Assert.Equal(mean + (deviation * p.First), p.Second, 1e-6));

            var events = EventSample.For(flow.Schema);
            foreach (var x in found)
            {
                events.AddRow(events.Count, [x]);
            }

            var densities = new EventDensity[found.Length];
            flow.LogDensity(events, [mass], densities);
            Assert.All(draws.Zip(densities), p => Assert.Equal((-0.5 * p.First * p.First) - (0.5 * Math.Log(2 * Math.PI)) - Math.Log(deviation), p.Second.LogDensity, 1e-6));
        }
    }

    [Fact]
    public void Flow_UnderConditionsOfTheirOwn_GivesTheBitsOfEachAlone()
    {
        const int events = 90;
        var flow = Still();
        Assert.True(flow.MixesConditions);
        EventRange[] ranges = [.. Enumerable.Range(0, events).Select(k => new EventRange(new EventStream(5, [1000 + (1000.0 * (k * 37 % events) / (events - 1))]), k, 1))];
        var (together, densities) = (new EventBlock(flow.Schema), new double[events]);
        flow.Generate(ranges, together, densities);
        var (sample, later) = (EventSample.For(flow.Schema), new EventDensity[events]);
        for (var k = 0; k < events; k++)
        {
            var (alone, density) = (new EventBlock(flow.Schema), new double[1]);
            flow.Generate([ranges[k]], alone, density);
            Assert.Equal(alone.Scalars[0][0], together.Scalars[0][k]);
            Assert.Equal(density[0], densities[k]);
            sample.AddRow(k, [together.Scalars[0][k]]);
        }

        flow.LogDensities(sample, [.. ranges.Select(r => r.Stream.Condition)], later);
        Assert.Equal(densities, later.Select(d => d.LogDensity));
    }

    [Theory]
    [InlineData("""{ "family": "made", "network": { "width": 4, "blocks": 1, "activation": "Tanh" } }""")]
    [InlineData("""{ "family": "flow-matching", "frequencies": 2, "solver": { "method": "midpoint", "steps": 4 }, "source": { "flow": { "family": "made", "network": { "width": 4, "blocks": 1, "activation": "Tanh" } } }, "network": { "width": 8, "blocks": 1, "activation": "Tanh" } }""")]
    [InlineData("""{ "family": "flow-matching", "frequencies": 2, "solver": { "method": "midpoint", "steps": 4 }, "source": {}, "network": { "width": 8, "blocks": 1, "activation": "Tanh" } }""")]
    public void Train_OnAlignedColumns_ServesTheInterpolatedMomentsFromAFile(string architecture)
    {
        // N(0, 1) and N(4, 2^2) beside a column from the threshold 30 on, exponential with means 10 and 20 above it: halfway N(2, 1.5^2),
        // and a mean of 45.
        var file = Train(architecture, epochs: 6);
        var model = EventGenerator.Load(file);
        Assert.Equal(["align", "align"], model.Document.Preprocessing.EnumerateArray().Select(maps => maps[0].GetProperty("kind").GetString()));
        Assert.Equal([30, 30], model.Document.Preprocessing[1][0].GetProperty("means").EnumerateArray().Select(m => m.GetDouble()));

        var (block, density) = (new EventBlock(model.Model.Schema), model.Likelihood is null ? [] : new double[8000]);
        model.Model.Generate([new EventRange(new EventStream(3, [0.5]), 0, 8000)], block, density);
        double[] x = [.. block.Scalars[0][..8000].Select(v => (double)v)], y = [.. block.Scalars[1][..8000].Select(v => (double)v)];
        Assert.Equal(2, x.Average(), 0.12);
        Assert.Equal(1.5, Math.Sqrt(x.Average(v => v * v) - (x.Average() * x.Average())), 0.12);
        Assert.Equal(45, y.Average(), 1.2);
        Assert.True(y.Min() > 30, $"{y.Min()} is below the threshold");
        if (model.Likelihood is { } likelihood)
        {
            var (events, again) = (EventSample.For(model.Model.Schema), new EventDensity[8000]);
            for (var k = 0; k < again.Length; k++)
            {
                events.AddRow(k, [x[k], y[k]]);
            }

            likelihood.LogDensity(events, [0.5], again);
            Assert.Equal(density, again.Select(d => d.LogDensity));
        }
    }

    [Fact]
    public void Train_AlignedAndStraightened_GivesTheSameFileAfterAnInterruption()
    {
        const string architecture = """{ "family": "flow-matching", "frequencies": 2, "solver": { "method": "midpoint", "steps": 4 }, "source": { "flow": { "family": "made", "network": { "width": 4, "blocks": 1, "activation": "Tanh" } } }, "network": { "width": 8, "blocks": 1, "activation": "Tanh" } }""";
        var curved = EventGenerator.Load(Train(architecture, epochs: 1));
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.checkpoint");
        try
        {
            using var stop = new CancellationTokenSource();
            Assert.Throws<OperationCanceledException>(() => Training(architecture, 3, 1, curved).Trainer.Run(path, p =>
            {
                if (p.Step == 25)
                {
                    stop.Cancel();
                }
            }, stop.Token));
            var second = Training(architecture, 3, 2, curved);
            second.Trainer.Resume(path);
            second.Trainer.Run(null, _ => { }, default);

            Assert.Equal(Train(architecture, 3, curved), Written(second));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Align_WithoutTheOneConditionItGoesBy_IsRefused()
    {
        var text = Text("""{ "family": "made", "network": { "width": 4, "blocks": 1, "activation": "Tanh" } }""", 1);
        Assert.Contains("'x' has align, which goes by one of data.conditions, but there are 0", Assert.Throws<ModelFormatException>(() => TrainableFamilies.Parse<TableFlowRecipe>(Encoding.UTF8.GetBytes(
            text.Replace("""{ "name": "a", "unit": "1" }""", "", StringComparison.Ordinal)))).Message, StringComparison.Ordinal);

        // One column more with the same value everywhere is one value of the condition.
        var recipe = TrainableFamilies.Parse<TableFlowRecipe>(Encoding.UTF8.GetBytes(text));
        var table = string.Join('\n', Enumerable.Range(0, 2000).Select(k => k == 0 ? "x,y,a" : string.Create(CultureInfo.InvariantCulture, $"{k},{k + 30},1")));
        Assert.Contains("align finds 1 values of the condition", Assert.Throws<ArgumentException>(() => new TableTraining(recipe.ReadTable(new MemoryStream(Encoding.UTF8.GetBytes(table)), "toy.csv"), recipe, 1, 1000)).Message, StringComparison.Ordinal);

        // A file whose document has another condition beside.
        var file = SafeTensorsFile.Read(Train("""{ "family": "made", "network": { "width": 4, "blocks": 1, "activation": "Tanh" } }""", epochs: 1));
        var document = JsonSerializer.Deserialize<ModelDocument>(file.Metadata[ModelDocument.MetadataKey], ModelJson.Options)!;
        document = document with { Conditions = [.. document.Conditions, s_mass] };
        Assert.Contains("goes by one condition", Assert.Throws<ModelFormatException>(() => LayeredFlowFile.Architecture.Build(document, file, new byte[32])).Message, StringComparison.Ordinal);
    }

    /// <summary>A normal column that is aligned and carried nowhere.</summary>
    private static ConditionalFlow Still()
    {
        // One feature, the time, two legs.
        var field = new VelocityField(1, 2, 0, new ConditionerNetwork(4, FlowActivation.Relu, [new ConditionerStep.Dense(new DenseMap(1, 4, new double[4], new double[1]))]));
        var layer = new ContinuousLayer(field, new OdeMethod.Midpoint(3), [-1, -0.2, 1], 0);
        return new ConditionalFlow([s_mass], [layer], layers => new LayeredFlow(
            new SampleSchema([new ColumnSchema("x", "GeV", "")], []), [new ColumnPreprocessing([s_align])], layers, FlowBase.StandardNormal(1), new byte[32]));
    }

    private static string Text(string architecture, int epochs) => $$"""
        {
          "name": "toy", "process": "toy", "crossSectionPb": 2,
          "data": {
            "maps": [{ "kind": "align" }],
            "columns": [{ "name": "x", "unit": "GeV" }, { "name": "y", "unit": "GeV", "maps": [{ "kind": "align", "threshold": 30 }, { "kind": "log" }, { "kind": "gauss-rank", "quantiles": 50 }] }],
            "conditions": [{ "name": "a", "unit": "1" }]
          },
          "architecture": {{architecture}},
          "training": { "epochs": {{epochs}}, "batchSize": 256, "shardSize": 128, "learningRate": 0.01, "warmUpSteps": 20, "seed": 4, "averageDecay": 0.95 }
        }
        """;

    private static TableTraining Training(string architecture, int epochs, int threads, EventGenerator? teacher = null)
    {
        var recipe = TrainableFamilies.Parse<TableFlowRecipe>(Encoding.UTF8.GetBytes(Text(architecture, epochs)));
        var table = new StringBuilder("x,y,a\n");
        for (var k = 0; k < 6000; k++)
        {
            // The row's place does not tell its sample, so that the split takes from both.
            var random = new PhiloxStream(12, (ulong)k);
            var a = random.NextBelow(2);
            double z = NormalQuantile.Of(random.NextDouble()), e = -Math.Log(1 - random.NextDouble());
            table.AppendLine(CultureInfo.InvariantCulture, $"{(a == 0 ? z : 4 + (2 * z))},{30 + ((a == 0 ? 10 : 20) * e)},{a}");
        }

        return new TableTraining(recipe.ReadTable(new MemoryStream(Encoding.UTF8.GetBytes(table.ToString())), "toy.csv"), recipe, threads, 1000, teacher);
    }

    private static byte[] Train(string architecture, int epochs, EventGenerator? teacher = null)
    {
        var training = Training(architecture, epochs, 1, teacher);
        training.Trainer.Run(null, _ => { }, default);
        return Written(training);
    }

    private static byte[] Written(TableTraining training)
    {
        using var stream = new MemoryStream();
        training.Write(stream, new ModelOrigin("eventservice train", "toy.csv", ""));
        return stream.ToArray();
    }
}
