using System.Globalization;
using System.Text;

using EventService.Engine.Random;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Columns;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.Sampling;
using EventService.Numerics.Functions;
using EventService.Physics.Events;
using EventService.Training.Catalog;
using EventService.Training.TableFlows;

namespace EventService.Training.Tests.TableFlows;

/// <summary>
/// Training of flows on tables by recipe: the density is learnt, bits depend on data and recipe only, checkpoints know their run.
/// </summary>
public sealed class TableTrainingTests
{
    private const double Correlation = 0.8;

    private const string Small = """
        {
          "name": "toy", "process": "toy", "crossSectionPb": 2,
          "data": {
            "maps": [{ "kind": "standardise" }],
            "mirror": ["x", "y"],
            "columns": [{ "name": "x", "unit": "GeV" }, { "name": "y", "unit": "GeV" }]
          },
          "architecture": { "family": "FAMILY", LAYERS "network": { "width": 8, "blocks": 1, "activation": "Tanh" } },
          "training": { "epochs": 3, "batchSize": 256, "shardSize": 64, "learningRate": 0.01, "warmUpSteps": 10, "seed": 4, "averageDecay": 0.98 }
        }
        """;

    private const string Refined = """
        {
          "name": "peaks", "process": "peaks", "crossSectionPb": 1,
          "data": { "maps": [{ "kind": "standardise" }], "columns": [{ "name": "x", "unit": "GeV" }] },
          "architecture": { "family": "made", "network": { "width": 4, "blocks": 1 } },
          "training": { "epochs": 8, "batchSize": 512, "shardSize": 256, "learningRate": 0.02, "warmUpSteps": 10, "averageDecay": 0.98 },
          "refinement": {
            "network": { "width": 16, "blocks": 2, "activation": "GeluTanh" },
            "training": { "epochs": 8, "batchSize": 256, "shardSize": 128, "learningRate": 0.01, "warmUpSteps": 10, "averageDecay": 0.98 },
            "acceptanceEvents": 20000, "marginalQuantiles": 20
          }
        }
        """;

    [Fact]
    public void Train_OnACorrelatedNormal_ReachesItsEntropy()
    {
        // Differential entropy of a normal distribution of unit variances: log(2 pi e) + log(1 - rho^2) / 2, exact for a flow of one affine
        // layer.
        var recipe = Parse("made", "", epochs: 12);
        var sample = Normal(20_000);

        var (document, _) = Train(recipe, sample, 2);

        var entropy = 1 + Math.Log(2 * Math.PI) + (0.5 * Math.Log(1 - (Correlation * Correlation)));
        Assert.Equal(entropy, document.Training.ValidationLoss, 0.06);   // 500 validation events: error 1 / sqrt(500) = 0.045
        Assert.Equal(entropy, document.Training.TrainingLoss, 0.02);
        Assert.Equal((17_500L, 500L, 2000L), (document.Training.TrainingEvents, document.Training.ValidationEvents, document.Training.TestEvents));
    }

    [Theory]
    [InlineData("maf", "\"layers\": 2,")]
    [InlineData("glow", "\"layers\": 2,")]
    public void Train_OnOtherThreads_GivesTheSameFile(string family, string layers)
    {
        var (recipe, sample) = (Parse(family, layers), Normal(3000));
        Assert.Equal(Train(recipe, sample, 1).File, Train(recipe, sample, 4).File);
    }

    [Theory]
    [InlineData("maf", "\"layers\": 2,")]
    [InlineData("a-rqs", "\"layers\": 2, \"bins\": 4,")]
    public void Train_InterruptedAndResumed_GivesTheSameFile(string family, string layers)
    {
        var (recipe, sample) = (Parse(family, layers), Normal(3000));
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.checkpoint");
        try
        {
            using var stop = new CancellationTokenSource();
            var first = new TableTraining(sample, recipe, 1, 1000);
            Assert.Throws<OperationCanceledException>(() => first.Trainer.Run(path, p =>
            {
                if (p.Step == 13)
                {
                    stop.Cancel();
                }
            }, stop.Token));

            var second = new TableTraining(sample, recipe, 1, 1000);
            second.Trainer.Resume(path);
            Assert.InRange(second.Trainer.Epoch, 1, 2);
            second.Trainer.Run(null, _ => { }, default);

            Assert.Equal(Train(recipe, sample, 1).File, Written(second).File);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Resume_OfAnotherRecipe_SaysWhatDiffers()
    {
        var sample = Normal(3000);
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.checkpoint");
        try
        {
            var first = new TableTraining(sample, Parse("made", ""), 1, 1000);
            first.Trainer.Run(path, _ => { }, default);

            var other = new TableTraining(sample, Parse("made", "", epochs: 4), 1, 1000);
            var e = Assert.Throws<ModelFormatException>(() => other.Trainer.Resume(path));
            Assert.Contains(": training.epochs (found 3, expected 4). Give", e.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("architecture", e.Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Refined_FlowThatFillsAGap_LeavesItEmpty()
    {
        // Two peaks of width 0.5 at -2 and 2, to which a flow of one affine layer fits a normal distribution of variance 4.25: 37 % within
        // |x| < 1, where the data have 1 - Phi(2) = 2.3 %.
        var recipe = TrainableFamilies.Parse<TableFlowRecipe>(Encoding.UTF8.GetBytes(Refined));
        var sample = new EventSample(1);
        for (var k = 0; k < 20_000; k++)
        {
            var random = new PhiloxStream(9, (ulong)k);
            var side = (random.NextUInt32() & 1) != 0 ? 2 : -2;
            sample.AddRow(k, [side + (0.5 * NormalQuantile.Of(random.NextDouble()))]);
        }

        var (document, file) = Train(recipe, sample, 2);
        var model = EventGenerator.Load(file).Likelihood!;
        var block = new EventBlock(model.Schema);
        model.Generate(new EventStream(1, []), 0, 20_000, block, default);
        Assert.Equal(0.0228, block.Scalars[0][..20_000].Count(x => Math.Abs(x) < 1) / 20_000.0, 0.015);

        // Entropy of two peaks that hardly overlap: log 2 + log(2 pi e 0.25) / 2 = 1.419; the normal has 2.142.
        Assert.Equal(1.419, document.Training.ValidationLoss, 0.1);
        Assert.InRange(document.Acceptance, 0.05, 0.7);
        Assert.InRange(document.AcceptanceError, 0.0001, 0.01);
        Assert.Equal(file, Train(recipe, sample, 1).File);
    }

    [Fact]
    public void Refined_InterruptedAndResumed_GivesTheSameFile()
    {
        var recipe = TrainableFamilies.Parse<TableFlowRecipe>(Encoding.UTF8.GetBytes(Refined.Replace("\"epochs\": 8", "\"epochs\": 2", StringComparison.Ordinal)));
        var sample = new EventSample(1);
        for (var k = 0; k < 3000; k++)
        {
            sample.AddRow(k, [NormalQuantile.Of(new PhiloxStream(9, (ulong)k).NextDouble())]);
        }

        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.checkpoint");
        try
        {
            using var stop = new CancellationTokenSource();
            var first = new TableTraining(sample, recipe, 1, 1000);
            first.Trainer.Run(null, _ => { }, default);
            Assert.Throws<OperationCanceledException>(() => first.Refinement!.Trainer.Run(path, p =>
            {
                if (p.Step == 13)
                {
                    stop.Cancel();
                }
            }, stop.Token));

            var second = new TableTraining(sample, recipe, 1, 1000);
            second.Trainer.Run(null, _ => { }, default);
            second.Refinement!.Trainer.Resume(path);
            second.Refinement.Trainer.Run(null, _ => { }, default);
            Assert.Equal(Train(recipe, sample, 1).File, Written(second).File);

            // Of another flow it is another training.
            var other = new TableTraining(sample, recipe, 1, 1000);
            Assert.Contains("flow (found", Assert.Throws<ModelFormatException>(() => other.Refinement!.Trainer.Resume(path)).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Dequantised_Counts_AreSampledOnTheirGridAndTheDensityIsABound(bool linear)
    {
        // Geometric counts, P(n) = 0.4 0.6^n: entropy -(0.4 log 0.4 + 0.6 log 0.6) / 0.4, and a mean log-density can only be below minus
        // it.
        var recipe = TrainableFamilies.Parse<TableFlowRecipe>(Encoding.UTF8.GetBytes($$"""
            {
              "name": "counts", "process": "counts", "crossSectionPb": 1,
              "data": {
                "maps": [{ "kind": "dequantise", "step": 1, "linear": {{(linear ? "true" : "false")}} }, { "kind": "gauss-rank", "quantiles": 100 }],
                "columns": [{ "name": "n", "unit": "1" }]
              },
              "architecture": { "family": "a-rqs", "layers": 1, "bins": 8, "network": { "width": 4, "blocks": 1 } },
              "training": { "epochs": 10, "batchSize": 512, "shardSize": 256, "learningRate": 0.01, "warmUpSteps": 10 }
            }
            """));
        var sample = new EventSample(1);
        var random = new PhiloxStream(8, 0);
        for (var k = 0; k < 20_000; k++)
        {
            sample.AddRow(k, [Math.Floor(Math.Log(random.NextDouble()) / Math.Log(0.6))]);
        }

        var (document, file) = Train(recipe, sample, 2);

        var entropy = -((0.4 * Math.Log(0.4)) + (0.6 * Math.Log(0.6))) / 0.4;
        Assert.InRange(document.Training.TrainingLoss, entropy - 0.02, entropy + 0.1);
        var model = EventGenerator.Load(file).Likelihood!;
        Assert.EndsWith("lower bounds, since n has values on a grid", model.BaseMeasure, StringComparison.Ordinal);
        var block = new EventBlock(model.Schema);
        model.Generate(new EventStream(1, []), 0, 20_000, block, default);
        var drawn = block.Scalars[0][..20_000];
        Assert.All(drawn, n => Assert.True(n >= 0 && n == MathF.Round(n), $"{n}"));
        for (var n = 0; n < 5; n++)
        {
            var share = 0.4 * Math.Pow(0.6, n);
            Assert.Equal(share, drawn.Count(x => x == n) / 20_000.0, 4 * Math.Sqrt(share / 20_000) + 0.01);
        }
    }

    [Fact]
    public void Train_ColumnOutsideTheDomainOfItsMaps_SaysWhichAndWhere()
    {
        var recipe = TrainableFamilies.Parse<TableFlowRecipe>(Encoding.UTF8.GetBytes(Text("made", "").Replace("\"standardise\"", "\"log\"", StringComparison.Ordinal).Replace("\"mirror\": [\"x\", \"y\"],", "", StringComparison.Ordinal)));
        var e = Assert.Throws<ArgumentException>(() => new TableTraining(Normal(3000), recipe, 1, 100));
        Assert.Matches("Column '[xy]' is -?[0-9.E-]+ in event [0-9]+, outside the domain of its maps", e.Message);
    }

    [Fact]
    public void Train_WithInequalities_IsTrainingAndTheirMeasurement()
    {
        var plain = Parse("made", "");
        var holds = new ColumnInequality(new Dictionary<string, double> { ["x"] = 1, ["y"] = -1 }, -10, "x is not far below y");
        var recipe = plain with { Data = plain.Data with { Inequalities = [holds] } };
        var sample = Normal(3000);

        var (_, file) = Train(recipe, sample, 1);

        Assert.Equal(SupportMeasurement.Give(Train(plain, sample, 1).File, [holds]).File, file);
    }

    [Fact]
    public void Train_OnAnEventOutsideItsInequalities_SaysWhichAndWhy()
    {
        var plain = Parse("made", "");
        var sorted = new ColumnInequality(new Dictionary<string, double> { ["x"] = 1, ["y"] = -1 }, 0, "x and y are sorted");

        var e = Assert.Throws<ArgumentException>(() => new TableTraining(Normal(3000), plain with { Data = plain.Data with { Mirror = [], Inequalities = [sorted] } }, 1, 100));

        // The recipe mirrors x and y: x = 20 is shown as -20, too.
        var bounded = plain with { Data = plain.Data with { Inequalities = [sorted with { AtLeast = -10, Terms = new Dictionary<string, double> { ["x"] = 1 } }] } };
        var far = new EventSample(2);
        for (var k = 0; k < 3000; k++)
        {
            far.AddRow(k, [k == 1000 ? 20 : k % 7, 0]);
        }

        Assert.Contains("Event 1000 of the table, as data.mirror and data.reflect show it, has x -20, y ", Assert.Throws<ArgumentException>(() => new TableTraining(far, bounded, 1, 100)).Message, StringComparison.Ordinal);
        Assert.Matches(@"^Event [0-9]+ of the table has x -?[0-9.E-]+, y -?[0-9.E-]+, but x and y are sorted: expected x - y >= 0\. Correct data\.inequalities or the table\.$", e.Message);
    }

    [Fact]
    public void Train_FewerEventsThanABatch_IsRefused() =>
        Assert.Contains("too few for batches of 256", Assert.Throws<ArgumentException>(() => new TableTraining(Normal(100), Parse("made", ""), 1, 100)).Message, StringComparison.Ordinal);

    private static string Text(string family, string layers, int epochs = 3) => Small
        .Replace("FAMILY", family, StringComparison.Ordinal)
        .Replace("LAYERS", layers, StringComparison.Ordinal)
        .Replace("\"epochs\": 3", string.Create(CultureInfo.InvariantCulture, $"\"epochs\": {epochs}"), StringComparison.Ordinal);

    private static TableFlowRecipe Parse(string family, string layers, int epochs = 3) => TrainableFamilies.Parse<TableFlowRecipe>(Encoding.UTF8.GetBytes(Text(family, layers, epochs)));

    private static EventSample Normal(int count)
    {
        var sample = new EventSample(2);
        for (var k = 0; k < count; k++)
        {
            var random = new PhiloxStream(12, (ulong)k);
            double a = NormalQuantile.Of(random.NextDouble()), b = NormalQuantile.Of(random.NextDouble());
            sample.AddRow(k, [a, (Correlation * a) + (Math.Sqrt(1 - (Correlation * Correlation)) * b)]);
        }

        return sample;
    }

    private static (ModelDocument Document, byte[] File) Train(TableFlowRecipe recipe, EventSample sample, int threads)
    {
        var training = new TableTraining(sample, recipe, threads, 1000);
        training.Trainer.Run(null, _ => { }, default);
        training.Refinement?.Trainer.Run(null, _ => { }, default);
        return Written(training);
    }

    private static (ModelDocument Document, byte[] File) Written(TableTraining training)
    {
        using var stream = new MemoryStream();
        var document = training.Write(stream, new ModelOrigin("eventservice train", "toy.csv", ""));
        return (document, stream.ToArray());
    }
}
