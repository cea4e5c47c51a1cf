using System.CommandLine;
using System.Globalization;
using System.Text.Json;

using EventService.Cli;
using EventService.Engine.Random;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Sampling;
using EventService.Numerics.Functions;

namespace EventService.FunctionalTests.Scans;

/// <summary>From one file a mass to a served model that interpolates, by the command line and by the service.</summary>
public sealed class TrainPointsTests : IDisposable
{
    private static readonly int[] s_masses = [1000, 1500, 2000];

    private readonly string _folder = Directory.CreateTempSubdirectory("eventservice-points-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Train_OnAFileAMass_GivesAModelThatIsEvaluatedByPointAndServedBetween()
    {
        // x normal about a hundredth of the mass, of width 10.
        var data = Directory.CreateDirectory(Path.Combine(_folder, "data")).FullName;
        foreach (var mass in s_masses)
        {
            var random = new PhiloxStream(1, (ulong)mass);
            await File.WriteAllLinesAsync(Path.Combine(data, $"m{mass}.csv"),
                Enumerable.Range(0, 3000).Select(_ => string.Create(CultureInfo.InvariantCulture, $"{(mass / 100) + (10 * NormalQuantile.Of(random.NextDouble())):F4}")).Prepend("x"));
        }

        var recipe = Path.Combine(_folder, "recipe.json");
        await File.WriteAllTextAsync(recipe, """
            {
              "name": "line", "process": "line",
              "data": {
                "conditions": [{"name": "mX", "unit": "GeV", "description": "A mass"}],
                "points": [
                  {"file": "m1000.csv", "values": {"mX": 1000}, "crossSectionPb": 4, "selectionEfficiency": 0.5},
                  {"file": "m1500.csv", "values": {"mX": 1500}, "crossSectionPb": 1, "selectionEfficiency": 0.6},
                  {"file": "m2000.csv", "values": {"mX": 2000}, "crossSectionPb": 0.25, "selectionEfficiency": 0.7}
                ],
                "maps": [{"kind": "standardise"}], "columns": [{"name": "x", "unit": "GeV"}]
              },
              "architecture": {"family": "maf", "layers": 3, "norm": "None", "network": {"width": 16, "blocks": 1}},
              "training": {"epochs": 15, "batchSize": 256, "shardSize": 128, "learningRate": 0.01, "warmUpSteps": 10, "averageDecay": 0.99}
            }
            """);
        var models = Directory.CreateDirectory(Path.Combine(_folder, "models")).FullName;
        var (model, report) = (Path.Combine(models, "line.safetensors"), Path.Combine(_folder, "report"));
        await RunAsync("train", data, "--recipe", recipe, "--output", model, "--checkpoint", Path.Combine(_folder, "checkpoint"), "--threads", "1");
        await RunAsync("evaluate", "--model", model, "--data", data, "--recipe", recipe, "--events", "500", "--samples", "1", "--resamplings", "2", "--output", report);

        var points = JsonElement.Parse(await File.ReadAllTextAsync(Path.Combine(report, "points.json"))).GetProperty("points").EnumerateArray().ToArray();
        Assert.Equal(s_masses.Select(m => $"mX={m}"), points.Select(p => p.GetProperty("name").GetString()));
        Assert.All(s_masses, m => Assert.True(File.Exists(Path.Combine(report, $"mX={m}", "report.html"))));
        var card = JsonElement.Parse(await File.ReadAllTextAsync(Path.Combine(report, "card.json")));
        Assert.Equal(["x at mX=1000", "x at mX=1500", "x at mX=2000"], card.GetProperty("observables").EnumerateArray().Select(o => o.GetProperty("name").GetString()!).Order());

        using var service = new RunningService(workers: 1, modelsFolder: models);
        using var client = service.CreateClient();
        using var served = await client.PostAsync("/generate?process=line&mX=1250&n=4000&seed=1&format=npy&lumi=3", null);
        var table = new NpyTable(await served.Content.ReadAsByteArrayAsync());
        double[] x = [.. Enumerable.Range(0, table.Count).Select(k => table.Number(k, "x"))];

        // Between the points the flow interpolates: 12.5 +- 10 if it were perfect; the points have 10 and 15, known to 0.2.
        Assert.Equal(12.5, x.Average(), 1.5);
        Assert.Equal(10, Math.Sqrt(x.Average(v => (v - x.Average()) * (v - x.Average()))), 1.0);

        // 3/fb: 2 pb is the geometric mean of 4 and 1, the efficiency 0.55; 1 to 1.5 TeV is an outermost interval.
        var receipt = JsonElement.Parse(served.Headers.GetValues("EventService-Receipt").Single());
        Assert.Equal(2 * 0.55 * 3000, receipt.GetProperty("expectedEvents").GetDouble(), 1e-9);
        Assert.Single(receipt.GetProperty("warnings").EnumerateArray());
        await Problem.ExpectAsync(await client.PostAsync("/generate?process=line&mX=2100", null), 422, "mX is 2100 GeV, outside what this model was trained on: 1000 to 2000 GeV. The nearest point that it has is mX=2000.");

        // Turns at the real flow too: each event is that of its point alone.
        var scan = (await client.PostForTextAsync("/generate?process=line&mX=1000,1250,2000&n=300&seed=1&columns=x")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var alone = (await client.PostForTextAsync("/generate?process=line&mX=1250&n=300&seed=1&columns=x")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(alone.Where((_, k) => k % 3 == 1), scan.Where((_, k) => k % 3 == 1));
    }

    private static async Task RunAsync(params string[] arguments)
    {
        using var error = new StringWriter();
        var root = new RootCommand { Train.Command(), Evaluate.Command(EventGenerator.Load) };
        Assert.True(await Terminal.RunAsync(root, arguments, error) == 0, error.ToString());
    }
}
