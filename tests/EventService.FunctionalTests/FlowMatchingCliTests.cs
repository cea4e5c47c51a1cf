using System.CommandLine;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;

using EventService.Cli;
using EventService.Engine.Random;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Numerics.Functions;

namespace EventService.FunctionalTests;

/// <summary>Whole events to a table, and a table to a flow between its points with straight paths, by the command line.</summary>
public sealed class FlowMatchingCliTests : IDisposable
{
    // MeV. One muon of 60 GeV; jets of 250, 120, 90, 60 and 40 GeV; MET 200 GeV: in the one-lepton region of the thesis' table 7.1.
    private const string Passes = "7;toy;0.5;200000;1.5;m-,60500,60000,0.1,0.2;j,260000,250000,0.2,3;j,125000,120000,-0.2,-2;j,95000,90000,0.3,1;j,62000,60000,0,0.5;j,42000,40000,-0.3,-1";

    private readonly string _folder = Directory.CreateTempSubdirectory("eventservice-matching-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("table.csv")]
    [InlineData("table.csv.gz")]
    public async Task Observables_OfFilesThatDifferInAParameter_WritesTheEventsThatPass(string name)
    {
        var (first, second, output) = (Path.Combine(_folder, "a.csv"), Path.Combine(_folder, "b.csv"), Path.Combine(_folder, name));
        await File.WriteAllTextAsync(first, Passes + "\n" + Passes.Replace("200000", "150000", StringComparison.Ordinal) + "\n");   // the second has 210 GeV of MET and lepton
        await File.WriteAllTextAsync(second, Passes.Replace("60500,60000", "70500,70000", StringComparison.Ordinal) + "\n");

        await RunAsync("observables", first, second, "--region", "one-lepton", "--parameter", "eps=0.25,0.75", "-o", output);

        using var text = new StreamReader(name.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(File.OpenRead(output), CompressionMode.Decompress) : File.OpenRead(output));
        var lines = (await text.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(',')).ToArray();
        Assert.Equal(3, lines.Length);
        Assert.Equal(
            ["lepton_pt", "lepton_eta", "lepton_phi", "jet1_pt", "jet1_eta", "jet1_phi", "jet2_pt", "jet2_eta", "jet2_phi", "ht", "n_jets", "jet1_mass", "jet2_mass", "met", "met_phi", "dphi_lepton_w", "eps"],
            lines[0]);
        double Of(int row, string column) => double.Parse(lines[row][Array.IndexOf(lines[0], column)], CultureInfo.InvariantCulture);
        Assert.Equal((60.0, 70.0), (Of(1, "lepton_pt"), Of(2, "lepton_pt")));
        Assert.Equal((0.25, 0.75), (Of(1, "eps"), Of(2, "eps")));
        Assert.Equal((250.0, 560.0, 5.0, 200.0), (Of(1, "jet1_pt"), Of(1, "ht"), Of(1, "n_jets"), Of(1, "met")));

        // Jet 1: m^2 = E^2 - (pT cosh eta)^2. W = lepton + MET in the transverse plane.
        Assert.Equal(Math.Sqrt((260.0 * 260) - Math.Pow(250 * Math.Cosh(0.2), 2)), Of(1, "jet1_mass"), 1e-2);
        var w = Math.Atan2((60 * Math.Sin(0.2)) + (200 * Math.Sin(1.5)), (60 * Math.Cos(0.2)) + (200 * Math.Cos(1.5)));
        Assert.Equal(w - 0.2, Of(1, "dphi_lepton_w"), 1e-5);
    }

    [Theory]
    [InlineData("two-lepton", "eps=1", "--region is 'two-lepton', expected one-lepton or zero-lepton")]
    [InlineData("one-lepton", "eps=1,2", "--parameter is 'eps=1,2', expected NAME=VALUE,... with 1 numbers")]
    [InlineData("one-lepton", "eps", "--parameter is 'eps', expected NAME=VALUE")]
    public async Task Observables_OfAnUnknownRegionOrOtherValuesThanFiles_SaysWhatIsExpected(string region, string parameter, string expected)
    {
        var file = Path.Combine(_folder, "a.csv");
        await File.WriteAllTextAsync(file, Passes + "\n");
        var (code, error) = await TryAsync("observables", file, "--region", region, "--parameter", parameter, "-o", Path.Combine(_folder, "t.csv"));
        Assert.Equal(1, code);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_folder, "t.csv")));
    }

    [Fact]
    public async Task Train_WithStraighten_TakesThePathsOfTheFirstModel()
    {
        // From N(0, 1) to N(4, 2^2), with pairs at random: halfway (x0 + x1) / 2 has a deviation of sqrt(1 + 4) / 2 = 1.118. The map of the
        // trained field is increasing, 4 + 2 x: straight paths have 1.5 (McCann 1997).
        foreach (var (name, mean, deviation) in new[] { ("low", 0, 1), ("high", 4, 2) })
        {
            var random = new PhiloxStream(1, (ulong)mean);
            await File.WriteAllLinesAsync(Path.Combine(_folder, name + ".csv"),
                Enumerable.Range(0, 6000).Select(_ => string.Create(CultureInfo.InvariantCulture, $"{mean + (deviation * NormalQuantile.Of(random.NextDouble())):F5}")).Prepend("x"));
        }

        var recipe = Path.Combine(_folder, "recipe.json");
        await File.WriteAllTextAsync(recipe, """
            {
              "name": "line", "process": "line",
              "data": {
                "conditions": [{"name": "a", "unit": "1", "description": "Place on the line"}],
                "points": [
                  {"file": "low.csv", "values": {"a": 0}, "crossSectionPb": 4, "selectionEfficiency": 0.5},
                  {"file": "high.csv", "values": {"a": 1}, "crossSectionPb": 1, "selectionEfficiency": 0.7}
                ],
                "maps": [{"kind": "standardise"}], "columns": [{"name": "x", "unit": "GeV"}]
              },
              "architecture": {
                "family": "flow-matching", "pairing": "Independent", "frequencies": 2, "solver": {"method": "midpoint", "steps": 8},
                "network": {"width": 24, "blocks": 2, "activation": "GeluTanh"},
                "source": {"flow": {"family": "made", "network": {"width": 4, "blocks": 1, "activation": "Tanh"}}}
              },
              "training": {"epochs": 20, "batchSize": 256, "shardSize": 128, "learningRate": 0.02, "warmUpSteps": 20, "seed": 4, "averageDecay": 0.98}
            }
            """);
        var (curved, straight) = (Path.Combine(_folder, "curved.safetensors"), Path.Combine(_folder, "straight.safetensors"));
        await RunAsync("train", _folder, "--recipe", recipe, "--output", curved, "--threads", "1");
        await RunAsync("train", _folder, "--recipe", recipe, "--output", straight, "--threads", "1", "--straighten", curved);

        Assert.Equal(Math.Sqrt(5) / 2, DeviationHalfway(curved), 0.12);
        Assert.Equal(1.5, DeviationHalfway(straight), 0.12);
        var document = EventGenerator.Open(straight).Document;
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(curved))), document.ParentSha256);
        Assert.Equal($"eventservice train {Path.GetFileName(_folder)} --recipe recipe.json --output straight.safetensors --straighten curved.safetensors", document.Training.Command);
        Assert.Equal([4.0, 1.0], document.Domain!.Points.Select(p => p.CrossSectionPb!.Value));

        // A teacher of other columns is none.
        await File.WriteAllTextAsync(recipe, (await File.ReadAllTextAsync(recipe)).Replace("\"standardise\"", "\"gauss-rank\"", StringComparison.Ordinal));
        var (code, error) = await TryAsync("train", _folder, "--recipe", recipe, "--output", Path.Combine(_folder, "other.safetensors"), "--straighten", curved);
        Assert.Equal(1, code);
        Assert.Contains("has other maps of the columns", error, StringComparison.Ordinal);
    }

    private static double DeviationHalfway(string model)
    {
        var events = GeneratedSample.Draw(EventGenerator.Open(model).Model, new EventStream(3, [0.5]), 8000);
        double[] x = [.. Enumerable.Range(0, events.Count).Select(k => events.Row(k)[0])];
        return Math.Sqrt(x.Average(v => v * v) - (x.Average() * x.Average()));
    }

    private static async Task RunAsync(params string[] arguments)
    {
        var (code, error) = await TryAsync(arguments);
        Assert.True(code == 0, error);
    }

    private static async Task<(int Code, string Error)> TryAsync(params string[] arguments)
    {
        using var error = new StringWriter();
        var root = new RootCommand { Observables.Command(), Train.Command() };
        return (await Terminal.RunAsync(root, arguments, error), error.ToString());
    }
}
