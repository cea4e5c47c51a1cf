using System.CommandLine;
using System.Text.Json;

using EventService.Cli;
using EventService.FunctionalTests.Models;

namespace EventService.FunctionalTests;

[Collection(ServiceCollection.Name)]
public sealed class CliTests : IDisposable
{
    private readonly HttpClient _client;
    private readonly Uri _grpc;
    private readonly string _folder = Directory.CreateTempSubdirectory("eventservice-cli-").FullName;

    public CliTests(RunningService service)
    {
        _client = service.CreateClient();
        _grpc = service.GrpcAddress;
        // The shipped folder of the service also holds a file that is no model.
        File.WriteAllBytes(Path.Combine(_folder, "a.safetensors"), TestModels.Bytes("ttbar-analytic", "ttbar"));
        File.WriteAllBytes(Path.Combine(_folder, "b.safetensors"), TestModels.Bytes("gluino-analytic", "gluino", conditions: [TestModels.GluinoMass]));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("events.npy", "npy")]
    [InlineData("events.jsonl", "jsonl")]
    [InlineData("events.csv", "dm-csv")]
    public async Task Generate_IntoAFile_GivesTheBytesOfTheServer(string name, string format)
    {
        var file = Path.Combine(_folder, name);
        Assert.Equal("", await Run("generate", "--process", "ttbar", "-n", "2k", "--seed", "11", "--first", "3", "-o", file));

        using var served = await _client.PostAsync($"/generate?process=ttbar&n=2k&seed=11&first=3&format={format}", null);
        Assert.Equal(await served.Content.ReadAsByteArrayAsync(), await File.ReadAllBytesAsync(file));
        Assert.False(File.Exists(file + ".partial"));
    }

    [Fact]
    public async Task Generate_IntoADevice_WritesToItAndDoesNotReplaceIt()
    {
        Assert.Equal("", await Run("generate", "--process", "ttbar", "-n", "2k", "--format", "npy", "-o", "/dev/null"));
        Assert.Equal("", await File.ReadAllTextAsync("/dev/null"));
        Assert.False(File.Exists("/dev/null.partial"));
    }

    [Fact]
    public async Task Generate_WithEverything_WritesTheReceiptOfTheServer()
    {
        var (file, receipt) = (Path.Combine(_folder, "e.jsonl"), Path.Combine(_folder, "receipt.json"));
        Assert.Equal("", await Run(
            "generate", "--process", "gluino", "--condition", "mGluino=1400", "-n", "10", "--seed", "18446744073709551615",
            "--columns", "MET_pt,Jet", "--log-density", "--lumi", "3", "-o", file, "--receipt", receipt));

        using var served = await _client.PostAsync("/generate?process=gluino&mGluino=1400&n=10&seed=18446744073709551615&columns=MET_pt,Jet&logDensity=true&lumi=3", null);
        Assert.Equal(await served.Content.ReadAsStringAsync(), await File.ReadAllTextAsync(file));
        var expected = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(served.Headers.GetValues("EventService-Receipt").Single())!;
        Assert.True(expected.Remove("version")); // a file has no number in a registry
        var found = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(await File.ReadAllTextAsync(receipt))!;
        Assert.Equal(expected.Select(p => $"{p.Key}: {p.Value}"), found.Select(p => $"{p.Key}: {p.Value}"));
    }

    [Theory]
    [InlineData("events.npy", "--log-density")]
    [InlineData("events.jsonl", "--columns", "MET_pt,Jet_pt,Jet_energy,nElectron")]
    [InlineData("events.jsonl", "--cut", "nJet>=2,MET_pt>20", "--log-density")]
    [InlineData("events.csv")]
    public async Task Generate_AtAServer_GivesTheBytesOfALocalModel(string name, params string[] options)
    {
        var (here, there, receipt) = (Path.Combine(_folder, name), Path.Combine(_folder, "s-" + name), Path.Combine(_folder, "receipt.json"));
        string[] asked = ["generate", "--process", "ttbar", "-n", "5k", "--seed", "11", "--first", "3", .. options];
        Assert.Equal("", await Run([.. asked, "-o", here]));
        Assert.Equal("", await Run([.. asked, "-o", there, "--server", $"{_grpc}", "--receipt", receipt]));
        Assert.Equal(await File.ReadAllBytesAsync(here), await File.ReadAllBytesAsync(there));
        Assert.Equal(1, JsonElement.Parse(await File.ReadAllTextAsync(receipt)).GetProperty("version").GetInt32());
    }

    [Theory]
    [InlineData("Process 'higgs' not found. Known: ", "--process", "higgs")]
    [InlineData("'dm-csv' always holds whole events.", "--process", "ttbar", "--format", "dm-csv", "--columns", "Jet")]
    [InlineData("Parameter 'mSquark' is not known.", "--process", "gluino", "--condition", "mSquark=3")]
    [InlineData("n is 'many', expected a whole number from 1", "--process", "ttbar", "-n", "many")]
    public async Task Generate_AtAServer_WhatCannotBe_SaysWhyAndLeavesNoFile(string sentence, params string[] options)
    {
        var error = await Run(["generate", .. options, "-o", Path.Combine(_folder, "out"), "--server", $"{_grpc}"], expectedCode: 1);
        Assert.StartsWith($"eventservice: {sentence}", error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(_folder, "out*"));
    }

    [Theory]
    [InlineData("jsonl")]
    [InlineData("npy")]
    public async Task Density_OfAFile_GivesTheBytesOfTheServer(string format)
    {
        var (events, densities) = (Path.Combine(_folder, "e.csv"), Path.Combine(_folder, "d." + format));
        Assert.Equal("", await Run("generate", "--process", "ttbar", "-n", "700", "-o", events));
        Assert.Equal("", await Run("density", events, "--process", "ttbar", "-o", densities));

        using var content = new ByteArrayContent(await File.ReadAllBytesAsync(events));
        using var served = await _client.PostAsync($"/density?process=ttbar&format={format}", content);
        Assert.Equal(await served.Content.ReadAsByteArrayAsync(), await File.ReadAllBytesAsync(densities));
    }

    [Theory]
    [InlineData("No model of process 'higgs' in ", "generate", "--process", "higgs")]
    [InlineData("Neither process nor model is given, expected one of them, such as --process ttbar.", "generate")]
    [InlineData("n is 'many', expected a whole number from 1", "generate", "--process", "ttbar", "-n", "many")]
    [InlineData("mGluino is not given; this model needs it", "generate", "--process", "gluino")]
    [InlineData("--condition is 'mGluino', expected NAME=VALUE", "generate", "--process", "gluino", "--condition", "mGluino")]
    [InlineData("Parameter 'mSquark' is not known. Known: mGluino.", "generate", "--process", "gluino", "--condition", "mSquark=3")]
    [InlineData("'dm-csv' always holds whole events.", "generate", "--process", "ttbar", "--format", "dm-csv", "--columns", "Jet")]
    [InlineData("Could not find file", "density", "missing.csv", "--process", "ttbar")]
    public async Task Run_WhatCannotBe_SaysWhyAndLeavesNoFile(string sentence, params string[] arguments)
    {
        var output = Path.Combine(_folder, "out");
        var error = await Run([.. arguments, "--output", output], expectedCode: 1);
        Assert.StartsWith($"eventservice: {sentence}", error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(_folder, "out*"));
    }

    private Task<string> Run(params string[] arguments) => Run(arguments, expectedCode: 0);

    /// <summary>Runs the program's commands in this process with the test's models; returns what it says went wrong.</summary>
    private async Task<string> Run(string[] arguments, int expectedCode)
    {
        using var error = new StringWriter();
        var root = new RootCommand { Generate.Command(TestModels.Load), Density.Command(TestModels.Load) };
        Assert.Equal(expectedCode, await Terminal.RunAsync(root, [.. arguments, "--models", _folder], error));
        return error.ToString();
    }
}
