using System.CommandLine;
using System.Text;
using System.Text.Json;

using EventService.Cli;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Sampling;

namespace EventService.FunctionalTests;

/// <summary>A flow of another library from its state dict to served events and densities, by the command line and by the service.</summary>
public sealed class ImportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("eventservice-import-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("nflows-coupling-lu", "lep_pt", 5)]
    [InlineData("zuko-nsf", "m_jj", 4)]
    public async Task Import_ThenServe_GivesTheSameEventsAndDensitiesAsTheCommandLine(string fixture, string column, int columns)
    {
        var models = Directory.CreateDirectory(Path.Combine(_folder, "models")).FullName;
        Assert.Equal("", await Run("import", Fixture(fixture, "state.safetensors"), Fixture(fixture, "description.json"), "-o", Path.Combine(models, "imported.safetensors")));
        var (events, densities) = (Path.Combine(_folder, "events.npy"), Path.Combine(_folder, "densities.jsonl"));
        Assert.Equal("", await Run("generate", "--models", models, "--model", fixture, "-n", "2000", "--seed", "5", "--log-density", "-o", events));
        Assert.Equal("", await Run("density", events, "--models", models, "--model", fixture, "-o", densities));

        using var service = new RunningService(workers: 2, modelsFolder: models);
        using var client = service.CreateClient();
        using var served = await client.PostAsync($"/generate?process=fixture-{fixture}&n=2000&seed=5&logDensity=true&format=npy", null);
        var bytes = await served.Content.ReadAsByteArrayAsync();
        Assert.Equal(await File.ReadAllBytesAsync(events), bytes);
        var table = new NpyTable(bytes);
        Assert.Equal(columns + 2, table.Fields.Count()); // event and logDensity
        Assert.Equal(2000, table.Count);

        using var body = new ByteArrayContent(bytes);
        using var answer = await client.PostAsync($"/density?process=fixture-{fixture}", body);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.Equal(await File.ReadAllTextAsync(densities), text);
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        for (var k = 0; k < lines.Length; k++)
        {
            Assert.Equal(table.Number(k, "logDensity"), JsonElement.Parse(lines[k]).GetProperty("logDensity").GetDouble());
        }

        using var cut = await client.PostAsync($"/generate?process=fixture-{fixture}&n=500&seed=5&cut={column}>100&columns={column}", null);
        var kept = (await cut.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Enumerable.Range(0, 500).Count(k => table.Number(k, column) > 100), kept.Length);
        using var jsonl = new StringContent(string.Join('\n', kept), Encoding.UTF8, "application/x-ndjson");
        using var faulty = await client.PostAsync($"/density?process=fixture-{fixture}", jsonl);
        await Problem.ExpectAsync(faulty, 400, "the body, line 1, column ");
    }

    [Fact]
    public async Task Service_AskedForWholeEventsOfATable_SaysWhatToAskFor()
    {
        var models = Directory.CreateDirectory(Path.Combine(_folder, "models")).FullName;
        Assert.Equal("", await Run("import", Fixture("zuko-maf", "state.safetensors"), Fixture("zuko-maf", "description.json"), "-o", Path.Combine(models, "imported.safetensors")));
        using var service = new RunningService(workers: 1, modelsFolder: models);
        using var client = service.CreateClient();

        using var generated = await client.PostAsync("/generate?process=fixture-zuko-maf&n=10&format=dm-csv", null);
        Assert.Equal(422, (int)generated.StatusCode);
        using var body = new StringContent("1;ttbar;2.5;30000;0.5;j,110000,100000,0,1\n", Encoding.UTF8, "text/csv");
        using var density = await client.PostAsync("/density?process=fixture-zuko-maf", body);
        await Problem.ExpectAsync(density, 422, "'dm-csv' holds whole collision events, but the model's events have the columns lep_pt, lep_eta, met, mt_w, ht.");
        Assert.StartsWith("eventservice: Model 'zuko-maf' has the columns lep_pt,", await Run(["evaluate", "--model", Path.Combine(models, "imported.safetensors"), "--data", "none.csv", "-o", Path.Combine(_folder, "out")], 1), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_OfTorchSave_SaysHowToConvertAndLeavesNoFile()
    {
        var (state, output) = (Path.Combine(_folder, "flow.pt"), Path.Combine(_folder, "model.safetensors"));
        await File.WriteAllBytesAsync(state, [0x50, 0x4b, 3, 4, .. new byte[60]]);

        var error = await Run(["import", state, Fixture("zuko-maf", "description.json"), "-o", output], 1);

        Assert.StartsWith("eventservice: This is a zip archive, as torch.save writes it", error, StringComparison.Ordinal);
        Assert.False(File.Exists(output));
    }

    private static string Fixture(string name, string file) => TestFile.Path("Import", name, file);

    private static Task<string> Run(params string[] arguments) => Run(arguments, expectedCode: 0);

    private static async Task<string> Run(string[] arguments, int expectedCode)
    {
        using var error = new StringWriter();
        var root = new RootCommand { Import.Command(), Generate.Command(EventGenerator.Load), Density.Command(EventGenerator.Load), Evaluate.Command(EventGenerator.Load) };
        Assert.Equal(expectedCode, await Terminal.RunAsync(root, arguments, error));
        return error.ToString();
    }
}
