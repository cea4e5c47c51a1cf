using System.Diagnostics;
using System.Net;
using System.Text.Json;

using EventService.FunctionalTests.Databases;
using EventService.FunctionalTests.Models;
using EventService.Registry.Aliases;
using EventService.Registry.Artifacts;
using EventService.Registry.Databases;

using Microsoft.Extensions.Logging.Abstractions;

namespace EventService.FunctionalTests;

public sealed class RegistryWatchTests
{
    private static readonly TimeSpan s_promise = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Theory, OnSqlite, OnPostgres]
    public async Task Watch_AliasMovedByAnotherServer_IsToldWithinTwoSeconds(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        await test.AddAsync("m", [1]);
        await using var watch = new Watching(test, TimeSpan.FromSeconds(1));
        await watch.UntilAsync(moved => moved.Count == 0);

        var other = test.NewServer("other");
        await test.AddAsync("m", [2], promote: false, registry: other);
        var start = Stopwatch.GetTimestamp();
        await other.MoveAliasAsync(new AliasChange("m", "production", 2, "somebody", "better", Override: true));
        await watch.UntilAsync(moved => moved.Contains(new MovedAlias("m", "production", 2)));
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, s_promise);

        await other.MoveAliasAsync(new AliasChange("m", "production", null, "somebody", "none is good"));
        await watch.UntilAsync(moved => moved.Contains(new MovedAlias("m", "production", null)));
    }

    [Theory, OnPostgres]
    public async Task Watch_ThatHardlyPolls_IsToldByTheDatabase(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        await test.AddAsync("m", [1]);
        await using var watch = new Watching(test, TimeSpan.FromHours(1));
        await watch.UntilAsync(moved => moved.Count == 0);

        await test.AddAsync("m", [2], registry: test.NewServer("other"));
        await watch.UntilAsync(moved => moved.Contains(new MovedAlias("m", "production", 2)));
    }

    [Theory, OnPostgres]
    public async Task Watch_WhoseConnectionBreaks_ReadsTheStateAnew(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        await test.AddAsync("m", [1]);
        await using var watch = new Watching(test, TimeSpan.FromSeconds(1));
        await watch.UntilAsync(moved => moved.Count == 0);

        await test.ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
        await test.AddAsync("m", [2], registry: test.NewServer("other"));
        await watch.UntilAsync(moved => moved.Contains(new MovedAlias("m", "production", 2)));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Service_ProductionMovedElsewhere_ServesItWithinTwoSecondsAndLetsRequestsEnd(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 2, registry: test);
        var client = service.CreateClient();
        const string request = "/generate?process=slow&n=20k&seed=1&format=npy";
        using var underWay = await client.SendAsync(new HttpRequestMessage(HttpMethod.Post, request), HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("1", await VersionAsync("slow"));

        var start = Stopwatch.GetTimestamp();
        await test.AddAsync("slow", TestModels.Bytes("slow", "slow", "test-slow", description: "another"), process: "slow");
        while (await VersionAsync("slow") == "1")
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < s_promise, "The service goes on with the old version.");
        }

        var bytes = await underWay.Content.ReadAsByteArrayAsync();
        using var again = await client.PostAsync($"{request}&version=1", null);
        Assert.Equal(await again.Content.ReadAsByteArrayAsync(), bytes);

        async Task<string> VersionAsync(string process)
        {
            using var response = await client.PostAsync($"/generate?process={process}&n=1", null);
            return Assert.Single(response.EnsureSuccessStatusCode().Headers.GetValues("EventService-Model-Version"));
        }
    }

    [Theory, OnPostgres]
    public async Task Service_DatabaseAway_GeneratesWhatItHasLoadedAndRecovers(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 2, registry: test);
        var client = service.CreateClient();
        var before = await GenerateAsync();

        await PostgresServer.CloseAsync(test.ConnectionString);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(before, await GenerateAsync());
            foreach (var path in new[] { "/models", "/models/ttbar-analytic/versions/1/file", "/models/ttbar-analytic/history" })
            {
                using var away = await client.GetAsync(path);
                Assert.Equal(HttpStatusCode.ServiceUnavailable, away.StatusCode);
                Assert.NotNull(away.Headers.RetryAfter);
            }

            var ready = JsonElement.Parse(await client.GetStringAsync("/health/ready"));
            Assert.Equal("ready", ready.GetProperty("status").GetString());
            Assert.StartsWith("degraded: its database does not answer.", ready.GetProperty("registry").GetString(), StringComparison.Ordinal);

            await Task.Delay(1000);
        }

        await PostgresServer.OpenAsync(test.ConnectionString);
        using (var back = await client.GetAsync("/models"))
        {
            Assert.Equal(HttpStatusCode.OK, back.StatusCode);
        }

        await test.AddAsync("ttbar-analytic", TestModels.Bytes("ttbar-analytic", "ttbar", description: "another"));
        var start = Stopwatch.GetTimestamp();
        while (await GenerateAsync() == before)
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < s_patience, "The service does not recover.");
        }

        async Task<string> GenerateAsync()
        {
            using var response = await client.PostAsync("/generate?process=ttbar&n=100&seed=1&format=npy", null);
            var version = Assert.Single(response.EnsureSuccessStatusCode().Headers.GetValues("EventService-Model-Version"));
            return version + " " + ArtifactStore.Digest(await response.Content.ReadAsByteArrayAsync());
        }
    }

    /// <summary>A watch that runs, and what it has told.</summary>
    private sealed class Watching : IAsyncDisposable
    {
        private readonly CancellationTokenSource _end = new();
        private readonly Task _run;
        private readonly System.Threading.Channels.Channel<IReadOnlyList<MovedAlias>> _told =
            System.Threading.Channels.Channel.CreateUnbounded<IReadOnlyList<MovedAlias>>();

        public Watching(TestRegistry test, TimeSpan interval)
        {
            var watch = new RegistryWatch(test.Contexts, NullLogger<RegistryWatch>.Instance) { Interval = interval };
            watch.Changed += moved => _told.Writer.TryWrite(moved);
            _run = Task.Run(() => watch.RunAsync(_end.Token));
        }

        public async Task UntilAsync(Predicate<IReadOnlyList<MovedAlias>> isIt)
        {
            using var patience = new CancellationTokenSource(s_patience);
            while (!isIt(await _told.Reader.ReadAsync(patience.Token)))
            {
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _end.CancelAsync();
            await _run;
            _end.Dispose();
        }
    }
}
