using System.Globalization;
using System.Text;

using EventService.Engine.Random;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.Sampling;
using EventService.Numerics.Functions;
using EventService.Physics.Events;
using EventService.Training.Catalog;
using EventService.Training.TableFlows;

namespace EventService.Training.Tests.Matching;

/// <summary>
/// Flow matching by recipe on normal distributions, of which entropies and optimal transport are known: from noise, under a condition, and
/// between two data distributions with a flow or a sample as source.
/// </summary>
public sealed class FlowMatchingTests
{
    private const double Correlation = 0.8;

    [Theory]
    [InlineData("Optimal")]
    [InlineData("Independent")]
    public void Train_FromNoiseToACorrelatedNormal_ReachesItsEntropy(string pairing)
    {
        var recipe = Parse(Noise.Replace("PAIRING", pairing, StringComparison.Ordinal));
        var (document, _) = Train(recipe, Table("x,y", 8000, (random, _) => Normal(ref random, Correlation)));

        // Differential entropy of a normal distribution: log(2 pi e) + log(1 - rho^2) / 2. 200 validation events: error 1 / sqrt(200).
        var entropy = 1 + Math.Log(2 * Math.PI) + (0.5 * Math.Log(1 - (Correlation * Correlation)));
        Assert.Equal(entropy, document.Training.ValidationLoss, 0.2);
    }

    [Fact]
    public void Train_OptimalPairing_LeavesLessVelocityToGuess()
    {
        // The loss that is left is the spread of velocities at a point: straight paths of optimal pairs do not cross.
        var table = Table("x,y", 8000, (random, _) => Normal(ref random, Correlation));
        double LossOf(string pairing) => Train(Parse(Noise.Replace("PAIRING", pairing, StringComparison.Ordinal)), table).Document.Training.TrainingLoss;
        var (optimal, independent) = (LossOf("Optimal"), LossOf("Independent"));
        Assert.True(optimal < 0.3 * independent, $"{optimal} and {independent}");
    }

    [Fact]
    public void Train_FromNoiseUnderACondition_FollowsItBetweenTrainedPoints()
    {
        var recipe = Parse(Noise.Replace("PAIRING", "Optimal", StringComparison.Ordinal).Replace("\"CONDITIONS\": []", "\"conditions\": [{ \"name\": \"m\", \"unit\": \"GeV\" }]", StringComparison.Ordinal));
        var table = Table("x,y,m", 9000, (random, k) =>
        {
            double[] p = Normal(ref random, 0), m = [100 * (1 + (k % 3))];
            return [p[0] + (m[0] / 100), p[1], m[0]];
        });

        var model = EventGenerator.Load(Train(recipe, table).File);

        var block = new EventBlock(model.Model.Schema);
        model.Model.Generate([new EventRange(new EventStream(1, [250]), 0, 8000)], block, default);
        Assert.Equal(2.5, block.Scalars[0][..8000].Average(v => (double)v), 0.15);
        Assert.Equal(0, block.Scalars[1][..8000].Average(v => (double)v), 0.15);
    }

    [Fact]
    public void Train_BetweenTwoNormals_ReadsTheGeodesicBetweenThem()
    {
        // From N((0, 0), 1) to N((4, 0), 2^2 on x): the optimal map is x -> 4 + 2 x, so that halfway the mean is 2 and the deviation 1.5
        // (displacement interpolation, McCann 1997).
        var recipe = Parse(Data.Replace("SOURCE", FlowSource, StringComparison.Ordinal).Replace("\"epochs\": 12", "\"epochs\": 20", StringComparison.Ordinal).Replace("0.01", "0.02", StringComparison.Ordinal));
        var (document, file) = Train(recipe, Shifted(12_000));
        Assert.Equal(("a", 0.0, 1.0), (document.Conditions[0].Name, document.Conditions[0].Minimum, document.Conditions[0].Maximum));
        var model = EventGenerator.Load(file);

        foreach (var (a, mean, deviation) in new[] { (0.0, 0.0, 1.0), (0.5, 2.0, 1.5), (1.0, 4.0, 2.0) })
        {
            var x = Generate(model, a, 8000);
            Assert.Equal(mean, x.Average(), 0.15);
            Assert.Equal(deviation, Math.Sqrt(x.Average(v => v * v) - (x.Average() * x.Average())), 0.15);
        }

        // The density halfway, of the source carried along: that of the normal distribution there, at its centre and one deviation from it.
        var events = EventSample.For(model.Model.Schema);
        events.AddRow(0, [2, 0]);
        events.AddRow(1, [3.5, 0]);
        var densities = new EventDensity[2];
        model.Likelihood!.LogDensity(events, [0.5], densities);
        var centre = -Math.Log(2 * Math.PI * 1.5);
        Assert.Equal(centre, densities[0].LogDensity, 0.2);
        Assert.Equal(centre - 0.5, densities[1].LogDensity, 0.2);
    }

    [Fact]
    public void Train_FromTheEventsThemselves_GivesEventsAndRefusesDensities()
    {
        var (_, file) = Train(Parse(Data.Replace("SOURCE", "{ \"at\": 1 }", StringComparison.Ordinal)), Shifted(12_000));
        var model = EventGenerator.Load(file);

        Assert.Equal("transported-sample", model.Document.Architecture);
        Assert.Equal(4, Generate(model, 1, 8000).Average(), 0.15);
        Assert.Equal(0, Generate(model, 0, 8000).Average(), 0.15);   // the way back, from where the events are
        Assert.Equal(GoldenSample.Digest(model), GoldenSample.Digest(EventGenerator.Load(file)));
        Assert.Null(model.Likelihood);
        var e = Assert.Throws<RequestException>(() => GenerateRequest.Parse(new Dictionary<string, string> { ["a"] = "0.5", ["logDensity"] = "true" }, model, "jsonl"));
        Assert.Contains("has no density", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_Straightened_HasTheMidpointOfTheMap()
    {
        // Pairs at random: halfway x is (x0 + x1) / 2 of independent numbers, of deviation sqrt(1 + 4) / 2 = 1.118. The field's own map is
        // increasing in x, 4 + 2 x: straight paths have 1.5.
        var recipe = Parse(Data.Replace("SOURCE", FlowSource, StringComparison.Ordinal).Replace("\"frequencies\": 2", "\"frequencies\": 2, \"pairing\": \"Independent\"", StringComparison.Ordinal)
            .Replace("\"epochs\": 12", "\"epochs\": 20", StringComparison.Ordinal).Replace("0.01", "0.02", StringComparison.Ordinal));
        var table = Shifted(12_000);
        var curved = EventGenerator.Load(Train(recipe, table).File);
        var (document, file) = Train(recipe, table, teacher: curved);

        static double Deviation(double[] x) => Math.Sqrt(x.Average(v => v * v) - (x.Average() * x.Average()));
        Assert.Equal(Math.Sqrt(5) / 2, Deviation(Generate(curved, 0.5, 8000)), 0.12);
        Assert.Equal(1.5, Deviation(Generate(EventGenerator.Load(file), 0.5, 8000)), 0.12);
        Assert.Equal(curved.Sha256, document.ParentSha256);
    }

    [Fact]
    public void Train_StraighteningWhatIsNoSuchModel_IsRefused()
    {
        var (noise, data) = (Parse(Noise.Replace("PAIRING", "Independent", StringComparison.Ordinal).Replace("\"epochs\": 12", "\"epochs\": 1", StringComparison.Ordinal)), Parse(Data.Replace("SOURCE", FlowSource, StringComparison.Ordinal)));
        var table = Table("x,y", 2000, (random, _) => Normal(ref random, Correlation));
        var model = EventGenerator.Load(Train(noise, table).File);
        Assert.Contains("no flow between data", Assert.Throws<ArgumentException>(() => Training(noise, table, 1, model)).Message, StringComparison.Ordinal);
        Assert.Contains("no flow between data", Assert.Throws<ArgumentException>(() => Training(data, Shifted(2000), 1, model)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_OnOtherThreads_GivesTheSameFile()
    {
        var (recipe, table) = (Parse(Data.Replace("SOURCE", FlowSource, StringComparison.Ordinal).Replace("\"epochs\": 12", "\"epochs\": 2", StringComparison.Ordinal)), Shifted(2000));
        Assert.Equal(Train(recipe, table, 1).File, Train(recipe, table, 4).File);
    }

    [Fact]
    public void Train_InterruptedAndResumed_GivesTheSameFile()
    {
        var (recipe, table) = (Parse(Data.Replace("SOURCE", FlowSource, StringComparison.Ordinal).Replace("\"epochs\": 12", "\"epochs\": 3", StringComparison.Ordinal)), Shifted(3000));
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.checkpoint");
        try
        {
            using var stop = new CancellationTokenSource();
            Assert.Throws<OperationCanceledException>(() => Training(recipe, table, 1).Trainer.Run(path, p =>
            {
                if (p.Step == 12)
                {
                    stop.Cancel();
                }
            }, stop.Token));

            var second = Training(recipe, table, 1);
            second.Trainer.Resume(path);
            Assert.InRange(second.Trainer.Epoch, 1, 2);
            second.Trainer.Run(null, _ => { }, default);

            using var stream = new MemoryStream();
            second.Write(stream, new ModelOrigin("eventservice train", "toy.csv", ""));
            Assert.Equal(Train(recipe, table).File, stream.ToArray());
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Train_LargerThanExactPairs_TakesTheEntropicPlan()
    {
        var recipe = Parse(Noise.Replace("PAIRING", "Optimal", StringComparison.Ordinal).Replace("\"frequencies\": 2", "\"frequencies\": 2, \"exactPairs\": 32", StringComparison.Ordinal).Replace("\"epochs\": 12", "\"epochs\": 2", StringComparison.Ordinal));
        var table = Table("x,y", 1500, (random, _) => Normal(ref random, Correlation));
        Assert.InRange(Train(recipe, table).Document.Training.TrainingLoss, 0, 2);
    }

    [Theory]
    [InlineData("\"steps\": 8", "\"steps\": 0", "midpoint has 0 steps")]
    [InlineData("\"frequencies\": 2", "\"frequencies\": 2, \"sigma\": -1", "sigma -1")]
    [InlineData("\"source\": { \"flow\": { \"family\": \"made\"", "\"source\": { \"flow\": { \"family\": \"flow-matching\"", "expected a flow that is trained by likelihood")]
    public void Parse_OfAFault_NamesIt(string good, string bad, string message)
    {
        var text = Data.Replace("SOURCE", FlowSource, StringComparison.Ordinal);
        Assert.Contains(good, text, StringComparison.Ordinal);
        Assert.Contains(message, Assert.Throws<ModelFormatException>(() => Parse(text.Replace(good, bad, StringComparison.Ordinal))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_SourceAtNoData_SaysWhereThereAre() =>
        Assert.Contains("expected one of 0, 1", Assert.Throws<ArgumentException>(() => Training(Parse(Data.Replace("SOURCE", "{ \"at\": 0.3 }", StringComparison.Ordinal)), Shifted(2000), 1)).Message, StringComparison.Ordinal);

    private const string FlowSource = """{ "flow": { "family": "made", "network": { "width": 4, "blocks": 1, "activation": "Tanh" } } }""";

    private const string Noise = """
        {
          "name": "toy", "process": "toy", "crossSectionPb": 2,
          "data": {
            "maps": [{ "kind": "standardise" }], "CONDITIONS": [],
            "columns": [{ "name": "x", "unit": "GeV" }, { "name": "y", "unit": "GeV" }]
          },
          "architecture": {
            "family": "flow-matching", "pairing": "PAIRING", "frequencies": 2, "solver": { "method": "midpoint", "steps": 8 },
            "network": { "width": 24, "blocks": 2, "activation": "GeluTanh" }
          },
          "training": { "epochs": 12, "batchSize": 256, "shardSize": 128, "learningRate": 0.01, "warmUpSteps": 20, "seed": 4, "averageDecay": 0.98 }
        }
        """;

    private const string Data = """
        {
          "name": "toy", "process": "toy", "crossSectionPb": 2,
          "data": {
            "maps": [{ "kind": "standardise" }],
            "columns": [{ "name": "x", "unit": "GeV" }, { "name": "y", "unit": "GeV" }],
            "conditions": [{ "name": "a", "unit": "1" }]
          },
          "architecture": {
            "family": "flow-matching", "frequencies": 2, "solver": { "method": "midpoint", "steps": 8 }, "source": SOURCE,
            "network": { "width": 24, "blocks": 2, "activation": "GeluTanh" }
          },
          "training": { "epochs": 12, "batchSize": 256, "shardSize": 128, "learningRate": 0.01, "warmUpSteps": 20, "seed": 4, "averageDecay": 0.98 }
        }
        """;

    private delegate double[] RowOf(PhiloxStream random, int k);

    private static string Shifted(int count) => Table("x,y,a", count, (random, k) =>
    {
        // The row's place does not tell its sample, so that the split takes from both.
        var a = random.NextBelow(2);
        var p = Normal(ref random, 0);
        return a == 0 ? [p[0], p[1], 0] : [4 + (2 * p[0]), p[1], 1];
    });

    private static double[] Normal(ref PhiloxStream random, double correlation)
    {
        double a = NormalQuantile.Of(random.NextDouble()), b = NormalQuantile.Of(random.NextDouble());
        return [a, (correlation * a) + (Math.Sqrt(1 - (correlation * correlation)) * b)];
    }

    private static string Table(string header, int count, RowOf row)
    {
        var text = new StringBuilder(header + "\n");
        for (var k = 0; k < count; k++)
        {
            text.AppendJoin(',', row(new PhiloxStream(12, (ulong)k), k).Select(v => v.ToString("R", CultureInfo.InvariantCulture))).Append('\n');
        }

        return text.ToString();
    }

    private static double[] Generate(EventGenerator model, double a, int count)
    {
        var block = new EventBlock(model.Model.Schema);
        model.Model.Generate([new EventRange(new EventStream(3, [a]), 0, count)], block, default);
        return [.. block.Scalars[0][..count].Select(v => (double)v)];
    }

    private static TableFlowRecipe Parse(string text) => TrainableFamilies.Parse<TableFlowRecipe>(Encoding.UTF8.GetBytes(text.Replace("\"CONDITIONS\": [],", "", StringComparison.Ordinal)));

    private static TableTraining Training(TableFlowRecipe recipe, string table, int threads, EventGenerator? teacher = null) =>
        new(recipe.ReadTable(new MemoryStream(Encoding.UTF8.GetBytes(table)), "toy.csv"), recipe, threads, 1000, teacher);

    private static (ModelDocument Document, byte[] File) Train(TableFlowRecipe recipe, string table, int threads = 1, EventGenerator? teacher = null)
    {
        var training = Training(recipe, table, threads, teacher);
        training.Trainer.Run(null, _ => { }, default);
        using var stream = new MemoryStream();
        return (training.Write(stream, new ModelOrigin("eventservice train", "toy.csv", "")), stream.ToArray());
    }
}
