using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Tests;
using EventService.Training.Catalog;
using EventService.Training.TableFlows;
using EventService.Training.Tables;

namespace EventService.Training.Tests.Tables;

/// <summary>
/// Recipes with several points: their files are read as they say, efficiencies and digests stand with the points, faults are named.
/// </summary>
public sealed class PointTableTests : IDisposable
{
    private const string Text = """
        {
          "name": "toy", "process": "toy",
          "data": {
            "conditions": [{ "name": "mGluino", "unit": "GeV", "alternative": { "name": "gap", "unit": "TeV", "description": "Mass above 100 GeV", "offset": -0.1, "scale": 0.001 } }],
            "constraints": [{ "terms": { "mGluino": 1 }, "above": 0, "meaning": "a mass is above 0" }],
            "points": [
              { "file": "a.csv", "values": { "mGluino": 1000 }, "crossSectionPb": 0.1854 },
              { "file": "b.csv", "values": { "mGluino": 1200 }, "crossSectionPb": 0.2, "selectionEfficiency": 0.5 }
            ],
            "require": ["jet4_pt"],
            "maps": [{ "kind": "standardise" }],
            "columns": [{ "name": "HT", "observable": "HT", "unit": "GeV" }, { "name": "first", "observable": "jet1_pt", "unit": "GeV" }]
          },
          "architecture": { "layers": 1, "family": "maf", "norm": "None", "network": { "width": 8, "blocks": 1 } },
          "training": { "epochs": 1, "learningRate": 0.001, "batchSize": 16, "shardSize": 16 }
        }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("eventservice-points-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Read_OfWholeEvents_TakesThoseWithAllObservablesAndTheirEfficiency()
    {
        var table = Read(Text);

        // Of 50 events 49 have four jets (counted by eye and by awk). The first has HT = 1292.72 GeV and a leading jet of 423.375 GeV.
        Assert.Equal([0, 49, 98], table.Starts);
        Assert.Equal([1292.721, 423.375, 1000], table.Sample.Row(0).ToArray().Select(v => Math.Round(v, 3)), (x, y) => Math.Abs(x - y) < 0.01);
        Assert.Equal(1200, table.Sample.Row(49)[2]);
        Assert.Equal(Enumerable.Range(0, 49).Concat(Enumerable.Range(0, 49)).Select(k => (long)k), table.Sample.EventNumber.ToArray());

        // The weight is 0.1854 pb * 10000/pb / 20000 generated events: 49 of them are 0.00245 of all. With a given efficiency 49 of 50 of
        // it are left.
        Assert.Equal(49 / 20_000.0, table.Points[0].SelectionEfficiency!.Value, 1e-7); // six digits in both
        Assert.Equal(0.5 * 49 / 50, table.Points[1].SelectionEfficiency!.Value, 1e-12);
        Assert.Equal(0.1854, table.Points[0].CrossSectionPb);

        // Of 49 rows 5 are for tests and 2 for early stopping.
        Assert.Equal(42, table.Points[0].TrainingEvents);
        var digest = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(_folder, "a.csv"))));
        Assert.Equal(digest, table.Points[0].DataSha256);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{digest}  a.csv\n{digest}  b.csv\n"))), table.Sha256);
    }

    [Fact]
    public void Write_OfAModelOfPoints_HasThemInItsDocument()
    {
        var recipe = TrainableFamilies.Parse<TableFlowRecipe>(Encoding.UTF8.GetBytes(Text));
        var training = new TableTraining(Read(Text), recipe, 1, 1000);
        training.Trainer.Run(Path.Combine(_folder, "checkpoint"), _ => { }, CancellationToken.None);
        using var stream = new MemoryStream();
        training.Write(stream, new ModelOrigin("command", "data", "digest"));

        var generator = EventGenerator.Load(stream.ToArray());
        Assert.Equal([1000.0, 1200], generator.Conditions.Points.Select(p => p.Values.Single()));
        Assert.Equal("1000 to 1200 GeV (gap 0.9 to 1.1 TeV)", generator.Conditions.HullText);
        Assert.Equal(Math.Sqrt(0.1854 * 0.2), generator.Conditions.YieldAt([1100]).CrossSectionPb, 1e-12);
        Assert.Equal((0.1854 + 0.2) / 2, generator.Document.CrossSectionPb, 1e-12);
        Assert.Equal("mGluino > 0", $"{generator.Document.Domain!.Constraints.Single()}");
        Assert.Equal((84L, 4L, 10L), (generator.Document.Training.TrainingEvents, generator.Document.Training.ValidationEvents, generator.Document.Training.TestEvents));
    }

    [Theory]
    [InlineData("\"name\": \"gap\"", "\"name\": \"first\"", "the alternative 'first' has the name of a column of the events")]
    [InlineData("\"name\": \"gap\"", "\"name\": \"a gap\"", "the column name 'a gap' is not allowed")]
    [InlineData("\"scale\": 0.001", "\"scale\": -1", "the alternative 'gap' has the scale -1, expected")]
    [InlineData("\"scale\": 0.001", "\"slope\": 0.001", "data.conditions[0].alternative.slope is not a field there; expected name, unit, description, offset, scale")]
    [InlineData("\"observable\": \"HT\"", "\"observable\": \"HT\", \"alternative\": { \"name\": \"b\", \"unit\": \"1\", \"description\": \"\", \"offset\": 0, \"scale\": 1 }", "data.columns have an alternative, which only data.conditions have")]
    [InlineData("\"observable\": \"HT\"", "\"observable\": \"HTT\"", "the observable 'HTT' is not known. Known: jet1_pt")]
    [InlineData("\"observable\": \"HT\"", "\"source\": \"HT\"", "some columns are observables and some are not")]
    [InlineData("\"values\": { \"mGluino\": 1200 }", "\"values\": { \"mStop\": 1200 }", "the point of 'b.csv' has values of mStop, expected of mGluino")]
    [InlineData("\"values\": { \"mGluino\": 1200 }", "\"values\": { \"mGluino\": -1 }", "data.points: a trained point breaks a constraint")]
    [InlineData("\"values\": { \"mGluino\": 1200 }", "\"values\": { \"mGluino\": 1000 }", "data.points: a trained point is there twice")]
    [InlineData("\"crossSectionPb\": 0.1854", "\"crossSectionPb\": 0", "the point of 'a.csv' has the cross-section 0 pb")]
    [InlineData("\"a.csv\"", "\"../a.csv\"", "the point of '../a.csv' has the file '../a.csv', expected a name without folders")]
    [InlineData("\"process\": \"toy\"", "\"process\": \"toy\", \"crossSectionPb\": 1", "crossSectionPb and data.points are there")]
    [InlineData("\"name\": \"mGluino\", ", "\"name\": \"mGluino\", \"source\": \"m\", ", "data.conditions have a source")]
    public void Parse_OfAFault_NamesIt(string good, string bad, string message)
    {
        Assert.Contains(good, Text, StringComparison.Ordinal);
        var at = Text.IndexOf(good, StringComparison.Ordinal);
        var e = Assert.Throws<ModelFormatException>(() => TrainableFamilies.Parse<TableFlowRecipe>(Encoding.UTF8.GetBytes(string.Concat(Text.AsSpan(0, at), bad, Text.AsSpan(at + good.Length)))));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_WithACrossSectionThatIsTooSmall_SaysThatTheEfficiencyIsNone()
    {
        var e = Assert.Throws<ModelFormatException>(() => Read(Text.Replace("0.1854", "0.0001", StringComparison.Ordinal)));
        Assert.StartsWith(string.Create(CultureInfo.InvariantCulture, $"a.csv has the efficiency {4.5}"), e.Message, StringComparison.Ordinal);
    }

    private PointTable Read(string text)
    {
        var events = Path.Combine(Repository.Root, "tests", "TestData", "gluino_01-50.csv");
        File.Copy(events, Path.Combine(_folder, "a.csv"), overwrite: true);
        File.Copy(events, Path.Combine(_folder, "b.csv"), overwrite: true);
        return PointTable.Read(TrainableFamilies.Parse<TableFlowRecipe>(Encoding.UTF8.GetBytes(text)), _folder);
    }
}
