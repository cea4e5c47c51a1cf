using System.CommandLine;
using System.Globalization;

using EventService.Cli;
using EventService.Engine.Random;
using EventService.Models;
using EventService.Models.Sampling;
using EventService.Numerics.Functions;
using EventService.Registry.Files;

namespace EventService.FunctionalTests;

/// <summary>From data and a recipe to served events, by the command line and by the service.</summary>
public sealed class TrainRecipeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("eventservice-recipe-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Train_OnATable_GivesAModelThatIsEvaluatedAndServed()
    {
        // x normal about 50, y = x + a normal of half the width.
        var data = Path.Combine(_folder, "table.csv");
        var random = new PhiloxStream(1, 2);
        double Normal() => NormalQuantile.Of(random.NextDouble());
        await File.WriteAllLinesAsync(data, Enumerable.Range(0, 4000).Select(_ => 50 + (10 * Normal())).Select(x => string.Create(CultureInfo.InvariantCulture, $"{x:F4},{x + (5 * Normal()):F4}")).Prepend("x,y"));
        var recipe = await RecipeAsync("""
            {
              "name": "line", "process": "line", "crossSectionPb": 2,
              "data": { "maps": [{"kind": "standardise"}], "columns": [{"name": "x", "unit": "GeV"}, {"name": "y", "unit": "GeV"}] },
              "architecture": {"family": "maf", "layers": 2, "norm": "None", "network": {"width": 8, "blocks": 1}},
              "training": {"epochs": 15, "batchSize": 128, "shardSize": 64, "learningRate": 0.01, "warmUpSteps": 10},
              "refinement": {
                "network": {"width": 8, "blocks": 1, "activation": "GeluTanh"},
                "training": {"epochs": 2, "batchSize": 128, "shardSize": 64, "learningRate": 0.003, "warmUpSteps": 10},
                "acceptanceEvents": 2000
              }
            }
            """);
        var models = Directory.CreateDirectory(Path.Combine(_folder, "models")).FullName;
        var model = Path.Combine(models, "line.safetensors");
        Assert.Equal("", await Run("train", data, "--recipe", recipe, "--output", model, "--checkpoint", Path.Combine(_folder, "checkpoint")));
        Assert.Equal("", await Run("evaluate", "--model", model, "--data", data, "--recipe", recipe, "--events", "1000", "--samples", "1", "--resamplings", "2", "--output", Path.Combine(_folder, "report")));
        Assert.True(File.Exists(Path.Combine(_folder, "report", "card.json")));

        using var service = new RunningService(workers: 1, modelsFolder: models);
        using var client = service.CreateClient();
        using var served = await client.PostAsync("/generate?process=line&n=10000&seed=1&format=npy", null);
        var table = new NpyTable(await served.Content.ReadAsByteArrayAsync());
        double[] x = [.. Enumerable.Range(0, table.Count).Select(k => table.Number(k, "x"))], d = [.. x.Select((v, k) => table.Number(k, "y") - v)];

        // Of 3600 training events the mean is known to 0.17 and 0.08, and the flow need not fit them exactly.
        Assert.Equal(50, x.Average(), 1.0);
        Assert.Equal(0, d.Average(), 0.5);
        Assert.Equal(5, Math.Sqrt(d.Average(v => v * v)), 0.5);
    }

    [Fact]
    public async Task Train_OnWholeEvents_GivesAModelThatIsServedWithoutDensities()
    {
        var recipe = await RecipeAsync("""
            {
              "name": "fixed", "process": "fixed", "crossSectionPb": 509.4, "composition": "fixed-event", "acceptanceEvents": 1000,
              "maps": [{"kind": "gauss-rank", "quantiles": 50}],
              "architecture": {"family": "a-rqs", "layers": 1, "bins": 4, "order": "Reverse", "network": {"width": 16, "blocks": 1}},
              "training": {"epochs": 3, "batchSize": 256, "shardSize": 128, "learningRate": 0.003, "warmUpSteps": 5}
            }
            """);
        var models = Directory.CreateDirectory(Path.Combine(_folder, "models")).FullName;
        Assert.Equal("", await Run("train", TestFile.Path("Evaluation", "ttbar-4000.csv.gz"), "--recipe", recipe, "--output", Path.Combine(models, "fixed.safetensors"), "--checkpoint", Path.Combine(_folder, "checkpoint")));
        var events = Path.Combine(_folder, "events.csv");
        Assert.Equal("", await Run("generate", "--models", models, "--process", "fixed", "-n", "300", "--seed", "5", "--format", "dm-csv", "-o", events));

        using var service = new RunningService(workers: 2, modelsFolder: models);
        using var client = service.CreateClient();
        using var served = await client.PostAsync("/generate?process=fixed&n=300&seed=5&format=dm-csv", null);
        var text = await served.Content.ReadAsStringAsync();
        Assert.Equal(await File.ReadAllTextAsync(events), text);
        Assert.Equal(300, text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        using var body = new StringContent(text, System.Text.Encoding.UTF8, "text/csv");
        using var density = await client.PostAsync("/density?process=fixed", body);
        Assert.Equal(422, (int)density.StatusCode);
    }

    [Theory]
    [InlineData("{\"name\": 1}", "The recipe is not understood: architecture is missing, expected an object with family, which is one of made, ")]
    [InlineData("{\"composition\": \"particles\"}", "The recipe is not understood: maps is missing, expected a list, each an object with kind.")]
    [InlineData("[", "The recipe is no JSON: line 1, column 2: ")]
    public async Task Train_WithAFaultyRecipe_SaysSoAndWritesNothing(string text, string sentence)
    {
        var output = Path.Combine(_folder, "model.safetensors");
        var error = await Run(["train", TestFile.Path("Evaluation", "ttbar-4000.csv.gz"), "--recipe", await RecipeAsync(text), "--output", output], 1);
        Assert.StartsWith("eventservice: " + sentence, error, StringComparison.Ordinal);
        Assert.False(File.Exists(output));
    }

    [Fact]
    public async Task Constrain_OfAShippedModel_GivesOneWhoseEventsAreInside()
    {
        const string text = """
            {
              "name": "cms-zee", "process": "cms-zee", "crossSectionPb": 0,
              "data": {
                "maps": [{"kind": "standardise"}],
                "columns": [{"name": "m_ee", "unit": "GeV"}, {"name": "electron1_pt", "unit": "GeV"}, {"name": "electron1_eta", "unit": "1"}, {"name": "electron2_eta", "unit": "1"}, {"name": "dphi", "unit": "rad"}],
                "inequalities": [{"terms": {"electron1_eta": 1, "electron2_eta": -1}, "atLeast": 0, "meaning": "electrons are sorted in eta"}]
              },
              "architecture": {"family": "made", "network": {"width": 4, "blocks": 1}},
              "training": {"epochs": 1, "learningRate": 0.01}
            }
            """;
        var recipe = await RecipeAsync(text);
        string shipped = Path.Combine(LocalModels.Resolve("models"), "cms-zee.safetensors"), model = Path.Combine(_folder, "half.safetensors"), events = Path.Combine(_folder, "half.npy");

        Assert.Equal("", await Run("constrain", shipped, "--recipe", recipe, "--output", model));
        Assert.Equal("", await Run("generate", "--model", model, "-n", "2000", "--seed", "1", "--format", "npy", "-o", events));

        // Neither electron is told from the other by the direction of the beams: half of all is inside, but for what the flow has not
        // learnt.
        Assert.Equal(0.5, EventGenerator.Open(model).Document.Acceptance, 0.05);
        var table = new NpyTable(await File.ReadAllBytesAsync(events));
        Assert.All(Enumerable.Range(0, 2000), k => Assert.True(table.Number(k, "electron1_eta") >= table.Number(k, "electron2_eta")));

        await RecipeAsync(text.Replace("\"name\": \"cms-zee\"", "\"name\": \"other\"", StringComparison.Ordinal));
        Assert.Contains("is the model 'cms-zee', but the recipe is that of 'other'", await Run(["constrain", shipped, "--recipe", recipe, "--output", model], 1), StringComparison.Ordinal);
        await RecipeAsync(text.Replace("\"inequalities\": [{\"terms\": {\"electron1_eta\": 1, \"electron2_eta\": -1}, \"atLeast\": 0, \"meaning\": \"electrons are sorted in eta\"}]", "\"mirror\": []", StringComparison.Ordinal));
        Assert.Contains("has no data.inequalities, expected what holds", await Run(["constrain", shipped, "--recipe", recipe, "--output", model], 1), StringComparison.Ordinal);
    }

    private async Task<string> RecipeAsync(string text)
    {
        var path = Path.Combine(_folder, "recipe.json");
        await File.WriteAllTextAsync(path, text);
        return path;
    }

    private static Task<string> Run(params string[] arguments) => Run(arguments, expectedCode: 0);

    private static async Task<string> Run(string[] arguments, int expectedCode)
    {
        using var error = new StringWriter();
        var root = new RootCommand { Train.Command(), Constrain.Command(), Generate.Command(EventGenerator.Load), Evaluate.Command(EventGenerator.Load) };
        Assert.Equal(expectedCode, await Terminal.RunAsync(root, arguments, error));
        return error.ToString();
    }
}
