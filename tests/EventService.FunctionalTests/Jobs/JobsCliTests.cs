using System.CommandLine;
using System.Text.Json;

using EventService.Cli;
using EventService.Cli.Jobs;

namespace EventService.FunctionalTests.Jobs;

/// <summary>eventservice jobs, against a running server.</summary>
public sealed class JobsCliTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("eventservice-cli-jobs-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Jobs_SubmittedWaitedForAndDownloaded_AreTheEventsOfGenerate()
    {
        await using var service = new RunningService(workers: 2);
        using var client = service.CreateClient();
        string[] server = ["--server", client.BaseAddress!.ToString()];
        string[] submit = ["jobs", "submit", "--process", "gluino", "--condition", "mGluino=1500", "-n", "5k", "--seed", "12", "--log-density", "--events-per-part", "2k", "--request-id", "cli"];
        var submitted = JsonElement.Parse(await RunAsync([.. submit, "--json", .. server]));
        Assert.Equal(submitted.Id(), JsonElement.Parse(await RunAsync([.. submit, "--json", .. server])).Id());
        var id = $"{submitted.Id()}";

        var waited = await RunAsync(["jobs", "wait", id, .. server]);
        Assert.Contains("state          done\n", waited, StringComparison.Ordinal);
        Assert.Contains("done           5000 (100.0 %)\n", waited, StringComparison.Ordinal);
        Assert.Equal(waited, await RunAsync(["jobs", "show", id, .. server]));
        Assert.Contains("done   anonymous  gluino   5000  5000 (100.0 %)", await RunAsync(["jobs", "list", "--state", "done", .. server]), StringComparison.Ordinal);

        var output = Path.Combine(_folder, "out");
        Assert.StartsWith("3 parts, ", await RunAsync(["jobs", "download", id, "-o", output, .. server]), StringComparison.Ordinal);
        var expected = await client.GenerateAsync("process=gluino&mGluino=1500&n=5k&seed=12&logDensity=true");
        Assert.Equal(expected, await ConcatenatedAsync(output));
        Assert.Equal(await client.GetStringAsync($"/jobs/{id}/manifest"), await File.ReadAllTextAsync(Path.Combine(output, "manifest.json")));

        // Interrupted: one part is there in half, one is damaged.
        var (half, damaged) = (Path.Combine(output, "part-000001.jsonl"), Path.Combine(output, "part-000002.jsonl"));
        var bytes = await File.ReadAllBytesAsync(half);
        await File.WriteAllBytesAsync(half + ".partial", bytes[..(bytes.Length / 2)]);
        File.Delete(half);
        await File.WriteAllTextAsync(damaged, "something else");
        await RunAsync(["jobs", "download", id, "-o", output, .. server]);
        Assert.Equal(expected, await ConcatenatedAsync(output));
        Assert.Equal(4, Directory.GetFiles(output).Length);

        Assert.Contains("state          deleted\n", await RunAsync(["jobs", "cancel", id, .. server]), StringComparison.Ordinal);
        await RunAsync(["jobs", "download", id, .. server], 1, $"eventservice: Job {id} is deleted, its files are gone.");
    }

    [Fact]
    public async Task Jobs_ThatFail_HaveAnExitStatusAndASentence()
    {
        await using var service = new RunningService(workers: 1);
        using var client = service.CreateClient();
        string[] server = ["--server", client.BaseAddress!.ToString()];
        Assert.Contains("error          Event 3072 failed", await RunAsync(["jobs", "submit", "--process", "failing", "-n", "10k", "--events-per-part", "1024", "--wait", .. server], 1), StringComparison.Ordinal);
        await RunAsync(["jobs", "submit", "--process", "ttbra", .. server], 1, "eventservice: Process 'ttbra' not found.");
        await RunAsync(["jobs", "show", "99", .. server], 1, "eventservice: Job 99 not found among those of 'anonymous'.");
        await RunAsync(["jobs", "list"], 1, "eventservice: Name a server: --server URL, or variable EVENTSERVICE_SERVER.");
    }

    private static async Task<byte[]> ConcatenatedAsync(string folder) =>
        [.. (await Task.WhenAll(Directory.GetFiles(folder, "part-*.jsonl").Order(StringComparer.Ordinal).Select(f => File.ReadAllBytesAsync(f)))).SelectMany(b => b)];

    private static async Task<string> RunAsync(string[] arguments, int expectedCode = 0, string expectedError = "")
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await Terminal.RunAsync(new RootCommand { JobsCommand.Command(TimeProvider.System) }, arguments, error, output);
        Assert.True(code == expectedCode, $"{string.Join(' ', arguments)}: {code} {error}");
        Assert.StartsWith(expectedError, error.ToString(), StringComparison.Ordinal);
        return output.ToString();
    }
}
