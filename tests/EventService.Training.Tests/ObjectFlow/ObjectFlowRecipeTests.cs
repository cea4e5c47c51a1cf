using System.Text;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Models.Tests;
using EventService.Training;
using EventService.Training.Catalog;
using EventService.Training.ObjectFlow;
using EventService.Training.TableFlows;
using EventService.Training.Tables;

namespace EventService.Training.Tests.ObjectFlow;

/// <summary>
/// Recipes of whole events at points: what they say reaches the model, an interrupted training ends in the same file, faults are named.
/// </summary>
public sealed class ObjectFlowRecipeTests : IDisposable
{
    private const string Text = """
        {
          "name": "toy", "process": "toy-process",
          "data": {
            "conditions": [{ "name": "mTop", "unit": "GeV", "alternative": { "name": "shift", "unit": "GeV", "description": "Mass above 172.5 GeV", "offset": -172.5, "scale": 1 } }],
            "constraints": [{ "terms": { "mTop": 1 }, "above": 80.4, "meaning": "a top quark is heavier than the W" }],
            "points": [
              { "file": "a.csv.gz", "values": { "mTop": 170 }, "crossSectionPb": 600, "selectionEfficiency": 0.9 },
              { "file": "b.csv.gz", "values": { "mTop": 180 }, "crossSectionPb": 400, "selectionEfficiency": 0.96 }
            ]
          },
          "architecture": { "family": "object-flow", "width": 8, "headWidth": 6, "azimuthWidth": 6, "bins": 4, "azimuthKnots": 4, "imbalance": true },
          "training": { "epochs": 1, "learningRate": 0.001, "batchSize": 512, "shardSize": 256, "dropout": 0.1 },
          "calibration": { "rounds": 1, "events": 600 },
          "acceptanceEvents": 2048
        }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("eventservice-object-recipe-").FullName;

    public ObjectFlowRecipeTests()
    {
        foreach (var file in new[] { "a.csv.gz", "b.csv.gz" })
        {
            File.Copy(Repository.TestData("Evaluation/ttbar-4000.csv.gz"), Path.Combine(_folder, file));
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Train_InterruptedAndResumed_GivesTheSameModelWithItsPoints()
    {
        var recipe = TrainableFamilies.Parse<ObjectFlowRecipe>(Encoding.UTF8.GetBytes(Text));
        var table = (PointTable)recipe.Read(_folder);
        Assert.Equal([0, 4000, 8000], table.Starts);
        Assert.Equal([.. Enumerable.Range(0, 4000).Concat(Enumerable.Range(0, 4000)).Select(k => (long)k)], table.Sample.EventNumber.ToArray());

        var whole = Train(table, recipe, threads: 2);
        var checkpoint = Path.Combine(_folder, "checkpoint");
        using var stop = new CancellationTokenSource();
        var interrupted = new ObjectFlowTraining(table, recipe, 1, 1000);
        Assert.ThrowsAny<OperationCanceledException>(() => interrupted.Trainer.Run(checkpoint, progress =>
        {
            if (progress.Step == 5)
            {
                stop.Cancel();
            }
        }, stop.Token));
        Assert.Equal(whole, Train(table, recipe, threads: 1, checkpoint));

        // Of 4000 events 400 are for tests and 100 for early stopping.
        var generator = EventGenerator.Load(whole);
        var document = generator.Document;
        Assert.Equal((7000L, 200L, 800L), (document.Training.TrainingEvents, document.Training.ValidationEvents, document.Training.TestEvents));
        Assert.Equal(("toy", "toy-process", 500.0, 0.93), (document.Name, document.Process, document.CrossSectionPb, Math.Round(document.SelectionEfficiency, 12)));
        Assert.Equal("170 to 180 GeV (shift -2.5 to 7.5 GeV)", generator.Conditions.HullText);
        Assert.Equal(Math.Sqrt(600.0 * 400), generator.Conditions.YieldAt([175]).CrossSectionPb, 1e-9);
        Assert.Equal(0.93, generator.Conditions.YieldAt([175]).SelectionEfficiency, 1e-12);
        Assert.InRange(document.Acceptance, 0.5, 1);
    }

    [Theory]
    [InlineData("gluino", "mGluino")]
    [InlineData("stop", "mStop", "mLSP")]
    [InlineData("zprime", "mZp")]
    public void Parse_OfARecipeOfTheRepository_IsThatOfTheShippedModel(string name, params string[] parameters)
    {
        var recipe = TrainableFamilies.Parse<ObjectFlowRecipe>(File.ReadAllBytes(Path.Combine(Repository.Root, "recipes", name + ".json")));
        var model = EventGenerator.Open(Path.Combine(Repository.Root, "models", name + ".safetensors"));
        Assert.Equal(parameters, recipe.Data.Conditions.Select(c => c.Name));
        Assert.Equal((name, recipe.Process), (model.Document.Name, model.Document.Process));
        Assert.Equal(recipe.Data.Points.Select(p => (p.File, p.CrossSectionPb)), model.Conditions.Points.Select(p => (p.DataFile!, p.CrossSectionPb!.Value)));
        Assert.Equal($"eventservice train events --recipe {name}.json --output {name}.safetensors", model.Document.Training.Command);
    }

    [Fact]
    public void Without_APoint_LeavesTheEventsOfTheOthers()
    {
        var recipe = TrainableFamilies.Parse<ObjectFlowRecipe>(Encoding.UTF8.GetBytes(Text));
        var table = (PointTable)recipe.Read(_folder);
        var left = table.Without([170]);
        Assert.Equal([180.0], left.Points.Single().Values);
        Assert.Equal(4000, left.Sample.Count);
        var points = table.ToConditionPoints(["mTop"]);
        Assert.Equal(["mTop=170", "mTop=180"], points.Select(p => p.Name));
        Assert.Equal(400, points[0].TestRows().Length);
    }

    [Theory]
    [InlineData("\"bins\": 4,", "\"bins\": 1,", "architecture: bins is 1, expected 2 to 256")]
    [InlineData("\"azimuthKnots\": 4,", "\"azimuthKnots\": 7,", "architecture: azimuthKnots is 7, expected a divisor of 48")]
    [InlineData("\"bins\": 4,", "\"bins\": 4, \"recoilWidth\": -1,", "architecture: recoilWidth is -1, expected 0 to 100000")]
    [InlineData("\"constraints\": [", "\"derived\": [{ \"terms\": { \"mStop\": 1 } }], \"constraints\": [", "data has a derived input of 'mStop', expected of mTop")]
    [InlineData("\"constraints\": [", "\"derived\": [{ \"terms\": {} }], \"constraints\": [", "data has a derived input without terms")]
    [InlineData("\"width\": 8,", "\"layers\": 8,", "architecture.layers is not a field there; expected family, width, blocks")]
    [InlineData("\"dropout\": 0.1", "\"dropout\": 1", "dropout 1, expected 0 to below 1")]
    [InlineData("\"dropout\": 0.1", "\"restartEpochs\": 1", "training has restartEpochs, expected none")]
    [InlineData("\"rounds\": 1", "\"rounds\": -1", "calibration has -1 rounds of 600 events")]
    [InlineData("\"acceptanceEvents\": 2048", "\"acceptanceEvents\": 1", "acceptanceEvents is 1, expected at least one at each of 2 points")]
    [InlineData("\"name\": \"mTop\"", "\"name\": \"MET_pt\"", "the condition 'MET_pt' has the name of a column of the events")]
    [InlineData("\"name\": \"shift\"", "\"name\": \"MET_pt\"", "the alternative 'MET_pt' has the name of a column of the events")]
    [InlineData("\"name\": \"shift\"", "\"name\": \"mTop\"", "data.conditions: the alternative 'mTop' has the name of another parameter or alternative")]
    [InlineData("\"values\": { \"mTop\": 180 }", "\"values\": { \"mStop\": 180 }", "the point of 'b.csv.gz' has values of mStop, expected of mTop")]
    [InlineData("\"mTop\": 180", "\"mTop\": 170", "a trained point is there twice")]
    [InlineData("\"mTop\": 170", "\"mTop\": 80", "a trained point breaks a constraint")]
    [InlineData("\"crossSectionPb\": 600, ", "", "data.points[0].crossSectionPb is missing, expected a number")]
    public void Parse_OfAFault_NamesIt(string from, string to, string sentence)
    {
        var e = Assert.Throws<ModelFormatException>(() => TrainableFamilies.Parse<ObjectFlowRecipe>(Encoding.UTF8.GetBytes(Text.Replace(from, to, StringComparison.Ordinal))));
        Assert.Contains(sentence, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_OfATableWithDropout_IsRefused()
    {
        const string table = """
            {
              "name": "t", "process": "t", "crossSectionPb": 1,
              "data": { "columns": [{ "name": "x", "unit": "1" }, { "name": "y", "unit": "1" }], "maps": [{ "kind": "standardise" }] },
              "architecture": { "family": "maf", "layers": 1, "norm": "None", "network": { "width": 8, "blocks": 1 } },
              "training": { "epochs": 1, "learningRate": 0.001, "dropout": 0.1 }
            }
            """;
        var e = Assert.Throws<ModelFormatException>(() => TrainableFamilies.Parse<TableFlowRecipe>(Encoding.UTF8.GetBytes(table)));
        Assert.Contains("training has a dropout, which only object flows have", e.Message, StringComparison.Ordinal);
    }

    private byte[] Train(PointTable table, ObjectFlowRecipe recipe, int threads, string? checkpoint = null)
    {
        var training = new ObjectFlowTraining(table, recipe, threads, 1000);
        if (checkpoint is not null)
        {
            training.Trainer.Resume(checkpoint);
        }

        var network = training.Trainer.Run(checkpoint ?? Path.Combine(_folder, "whole"), _ => { }, CancellationToken.None);
        training.Calibrate(network, recipe.Calibration, _ => { });
        using var stream = new MemoryStream();
        training.Write(network, recipe.Identity, double.NaN, new ModelOrigin("command", "data", table.Sha256), recipe.AcceptanceEvents, stream, _ => { });
        return stream.ToArray();
    }
}
