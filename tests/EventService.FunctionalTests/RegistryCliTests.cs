using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;

using EventService.Cli;
using EventService.Cli.Keys;
using EventService.Cli.Models;
using EventService.FunctionalTests.Databases;
using EventService.FunctionalTests.Models;
using EventService.Registry.Keys;

using Microsoft.Extensions.DependencyInjection;

namespace EventService.FunctionalTests;

/// <summary>
/// Every verb of 'eventservice models' and 'eventservice keys', against a server and against a database, word for word the same.
/// </summary>
public sealed partial class RegistryCliTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("eventservice-cli-").FullName;

    public RegistryCliTests()
    {
        for (var i = 1; i <= 3; i++)
        {
            var file = TestModels.Bytes("mine", "ttbar", description: $"version {i}");
            File.WriteAllBytes(Local($"{i}.safetensors"), file);
            File.WriteAllText(Local($"{i}.card.json"), TestCards.Of(file, ratio: i == 2 ? 4 : 1));
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory, OnSqlite, OnPostgres]
    public async Task Verbs_AgainstAServerAndADatabase_SayTheSame(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 2, registry: test, settings: ("ModelsFolder", Path.Combine(test.Folder, "none")));
        service.CreateClient();
        var (key, _) = await service.Services.GetRequiredService<KeyStore>().CreateAsync(new CreateKeyRequest("alice", "admin"), "tests");
        string[] server = ["--server", service.CreateClient().BaseAddress!.ToString(), "--key", key];
        await using var other = await TestRegistry.MigratedAsync(database);
        string[] local = [.. database == DatabaseKind.Sqlite ? new[] { "--data", other.Folder } : ["--database", other.ConnectionString], "--actor", "alice"];

        var said = await AllVerbsAsync(server);
        Assert.Equal(said, await AllVerbsAsync(local));

        // And what they say is true: these lines are the issue's questions and their answers.
        Assert.Contains("mine version 1 (ttbar), ", said[0], StringComparison.Ordinal);
        Assert.EndsWith(": published, card passes\n", said[0], StringComparison.Ordinal);
        Assert.EndsWith(": published, card does not pass\n", said[1], StringComparison.Ordinal);
        Assert.EndsWith(": was there already\n", said[2], StringComparison.Ordinal);
        Assert.All(said, text => Assert.DoesNotContain(key, text, StringComparison.Ordinal));
    }

    [Theory, OnSqlite]
    public async Task Keys_MadeRotatedAndRevokedWithoutAServer_WorkAtOne(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 2, registry: test);
        var address = service.CreateClient().BaseAddress!.ToString();
        string[] local = ["--data", Path.Combine(test.Folder, "registry.sqlite"), "--actor", "operator"];

        var made = await RunAsync(["keys", "create", "alice", "--scopes", "read,admin", "--events-per-second", "1000", "--concurrent-requests", "4", "--expires", "2100-01-01", .. local]);
        var first = Key().Match(made).Value;
        Assert.Contains("SCOPES", await RunAsync(["keys", "list", "--server", address, "--key", first]), StringComparison.Ordinal);
        var rotated = await RunAsync(["keys", "rotate", "1", "--server", address, "--key", first]);
        var second = Key().Match(rotated).Value;
        Assert.NotEqual(first, second);
        await RunAsync(["keys", "list", "--server", address, "--key", first], expectedCode: 1, "eventservice: Key 1 of 'alice' is revoked.");
        var list = await RunAsync(["keys", "list", "--server", address, "--key", second]);
        Assert.Equal(list, await RunAsync(["keys", "list", .. local]));
        var rows = list.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => Regex.Split(l, "  +")).ToArray();
        Assert.Equal(["ID", "NAME", "STATE", "SCOPES", "EVENTS/S", "REQUESTS", "BY", "AT", "EXPIRES", "REVOKED"], rows[0]);
        Assert.Equal(["1", "alice", "revoked", "read admin", "1000", "4", "operator"], rows[1][..7]);
        Assert.Equal(["2", "alice", "valid", "read admin", "1000", "4", "alice"], rows[2][..7]);
        Assert.Equal("2100-01-01 00:00:00Z", rows[2][8]);
        await RunAsync(["keys", "revoke", "2", "--server", address, "--key", second]);
        await RunAsync(["keys", "list", "--server", address, "--key", second], expectedCode: 1, "eventservice: Key 2 of 'alice' is revoked.");
    }

    [Fact]
    public async Task Registry_ThatIsNotNamedOrNotThere_IsAnErrorWithItsReason()
    {
        await RunAsync(["models", "list"], 1, "eventservice: Name one registry: --server URL, --data FOLDER or --database CONNECTION.");
        await RunAsync(["models", "list", "--server", "http://localhost:1", "--data", _folder], 1, "eventservice: Name one registry:");
        await RunAsync(["models", "list", "--data", Local("none")], 1, $"eventservice: There is no registry at {Local("none")}");
        await RunAsync(["models", "list", "--server", "localhost:8080"], 1, "eventservice: The server is 'localhost:8080', expected an address such as http://localhost:8080.");
        await RunAsync(["models", "list", "--server", "http://127.0.0.1:1"], 1, "eventservice: http://127.0.0.1:1/ does not answer: ");
        await RunAsync(["models", "publish", Local("1.safetensors"), "--data", _folder, "--actor", "eventservice"], 1, "eventservice: The actor 'eventservice' is the service's own");
        await RunAsync(["models", "publish", Local("1.card.json"), "--data", _folder], 1, "eventservice: The file is refused, nothing was registered. The first eight bytes give a header of ");
    }

    /// <summary>The verbs one after another; what each wrote, without the times, which differ.</summary>
    private async Task<List<string>> AllVerbsAsync(string[] registry)
    {
        var said = new List<string>();
        await SayAsync("models", "publish", Local("1.safetensors"), "--card", Local("1.card.json"));
        await SayAsync("models", "publish", Local("2.safetensors"), "--card", Local("2.card.json"));
        await SayAsync("models", "publish", Local("1.safetensors"));
        await SayAsync("models", "publish", Local("3.safetensors"), "--name", "yours", "--json");
        await SayAsync("models", "publish", Local("3.safetensors"));
        await SayAsync("models", "promote", "mine", "1", "--reason", "first");
        await RefusedAsync("eventservice: Version 2 of model 'mine' has a validation card that does not pass: W1 of HT is 4.00 times its Monte Carlo floor, the gate is 3.0.", "models", "promote", "mine", "2", "--reason", "second");
        await RefusedAsync("eventservice: Version 3 of model 'mine' has no validation card.", "models", "promote", "mine", "3", "--reason", "third");
        await SayAsync("models", "promote", "mine", "2", "--reason", "we know", "--override");
        await RefusedAsync("eventservice: Alias 'production' of model 'mine' is at revision 2, expected 1: somebody else has moved it.", "models", "promote", "mine", "1", "--reason", "back", "--revision", "1");
        await SayAsync("models", "validate", "mine", "3", Local("3.card.json"));
        await SayAsync("models", "promote", "mine", "3", "--reason", "third");
        await SayAsync("models", "promote", "mine", "1", "--alias", "candidate", "--reason", "compare");
        await SayAsync("models", "rollback", "mine", "--reason", "worse");
        await SayAsync("models", "rollback", "mine", "--reason", "worse still", "--json");
        await SayAsync("models", "unalias", "mine", "candidate", "--reason", "compared");
        await SayAsync("models", "retire", "mine", "2", "--reason", "old");
        await SayAsync("models", "reactivate", "mine", "2", "--reason", "needed");
        await SayAsync("models", "retire", "mine", "3", "--reason", "broken");
        await RefusedAsync("eventservice: Version 3 of model 'mine' is retired.", "models", "promote", "mine", "3", "--reason", "again");
        await SayAsync("models", "list");
        await SayAsync("models", "list", "--search", "YOU", "--process", "ttbar", "--json");
        await SayAsync("models", "list", "--alias", "production", "--limit", "1");
        await SayAsync("models", "list", "--limit", "1");
        await SayAsync("models", "list", "--after", "mine");
        await SayAsync("models", "show", "mine");
        await SayAsync("models", "show", "mine", "1");
        await SayAsync("models", "show", "mine", "1", "--json");
        await RefusedAsync("eventservice: Model 'none' not found. Registered: 'mine', 'yours'.", "models", "show", "none");
        await SayAsync("models", "history", "mine");
        await SayAsync("models", "history", "mine", "--alias", "production", "--json");
        await SayAsync("models", "at", "mine", DateTime.MaxValue.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        await RefusedAsync("eventservice: Alias 'production' of model 'mine' meant nothing at 2001-01-01 00:00:00Z.", "models", "at", "mine", "2001-01-01");
        await RefusedAsync("eventservice: The time is 'noon', expected one such as", "models", "at", "mine", "noon");
        await SayAsync("models", "card", "mine", "1");
        Assert.Equal(await File.ReadAllTextAsync(Local("1.card.json")), said[^1].TrimEnd());

        await SayAsync("models", "download", "mine", "2", "-o", Local("out"));
        Assert.Equal(await File.ReadAllBytesAsync(Local("2.safetensors")), await File.ReadAllBytesAsync(Local("out")));
        await SayAsync("models", "download", "mine", "-o", Local("out"));
        Assert.Equal(await File.ReadAllBytesAsync(Local("1.safetensors")), await File.ReadAllBytesAsync(Local("out")));
        return said;

        async Task SayAsync(params string[] arguments) => said.Add(Time().Replace(await RunAsync([.. arguments, .. registry]), "TIME"));

        Task RefusedAsync(string error, params string[] arguments) => RunAsync([.. arguments, .. registry], expectedCode: 1, error);
    }

    /// <summary>Runs the program's commands in this process; returns what it writes.</summary>
    private static async Task<string> RunAsync(string[] arguments, int expectedCode = 0, string expectedError = "")
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var root = new RootCommand { ModelsCommand.Command(TestModels.Load), KeysCommand.Command(TestModels.Load) };
        var code = await Terminal.RunAsync(root, arguments, error, output);
        Assert.True(code == expectedCode, $"{string.Join(' ', arguments)}: {code} {error}");
        Assert.StartsWith(expectedError, error.ToString(), StringComparison.Ordinal);
        return output.ToString();
    }

    private string Local(string name) => Path.Combine(_folder, name);

    // Fractions of a second have as many digits as they need, so the columns' widths differ with them.
    [GeneratedRegex(@"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z *|(?<=AT|LAST) +(?=ALIASES|WHAT|\n)")]
    private static partial Regex Time();

    [GeneratedRegex("esk_[A-Za-z0-9_-]{43}")]
    private static partial Regex Key();
}
