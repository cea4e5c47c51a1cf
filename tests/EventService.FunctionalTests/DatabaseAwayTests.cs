using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;

using EventService.FunctionalTests.Databases;
using EventService.FunctionalTests.Models;

namespace EventService.FunctionalTests;

/// <summary>PostgreSQL goes away for a few seconds under load; benchmarks/soak/database_outage.py stops a server for 30 s.</summary>
public sealed class DatabaseAwayTests
{
    private static readonly TimeSpan s_away = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private sealed record Answer(string What, HttpStatusCode Status, bool RetryAfter, TimeSpan Begun, TimeSpan Ended);

    [Theory, OnPostgres]
    public async Task Load_WhileTheDatabaseIsAway_GeneratesAndIsTold503AndRecovers(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 2, registry: test, settings: ("AnonymousScopes", "none"));
        var client = await service.ClientAsync("alice", "admin");
        (await client.PostAsync("/generate?process=ttbar&n=10", null)).EnsureSuccessStatusCode();

        using var end = new CancellationTokenSource();
        var clock = Stopwatch.StartNew();
        var answers = new ConcurrentBag<Answer>();
        var published = new ConcurrentBag<(int Version, byte[] File)>();
        var load = Enumerable.Range(0, 4).Select(_ => LoopAsync("generate", () => client.PostAsync("/generate?process=ttbar&n=1000&format=npy", null)))
            .Append(LoopAsync("list", () => client.GetAsync("/models")))
            .Append(LoopAsync("file", () => client.GetAsync("/models/ttbar-analytic/versions/1/file")))
            .Append(LoopAsync("ready", () => client.GetAsync("/health/ready")))
            .Append(LoopAsync("publish", PublishAsync)).ToArray();
        await Task.Delay(1000);
        var closed = clock.Elapsed;
        await PostgresServer.CloseAsync(test.ConnectionString);
        var away = clock.Elapsed;
        await Task.Delay(s_away);
        var back = clock.Elapsed;
        await PostgresServer.OpenAsync(test.ConnectionString);
        var open = clock.Elapsed;
        while (!new[] { "list", "file", "publish" }.All(what => answers.Any(a => a.What == what && a.Begun > open && (int)a.Status is 200 or 201)))
        {
            Assert.True(clock.Elapsed < open + s_patience, "The registry does not recover.");
            await Task.Delay(100);
        }

        await end.CancelAsync();
        await Task.WhenAll(load);

        // Generation never noticed; a probe was never told to take the server out.
        Assert.All(answers.Where(a => a.What is "generate" or "ready"), a => Assert.Equal(HttpStatusCode.OK, a.Status));
        Assert.True(answers.Count(a => a.What == "generate" && a.Begun > away && a.Ended < back) > 10, "Hardly anything was generated meanwhile.");

        // Registry calls fail while it is away, only then, and say when to come again.
        foreach (var answer in answers.Where(a => a.What is "list" or "file" or "publish"))
        {
            var within = answer.Begun > away && answer.Ended < back;
            var outside = answer.Ended < closed || answer.Begun > open;
            Assert.True(!within || answer.Status == HttpStatusCode.ServiceUnavailable, $"{answer}");
            Assert.True(!outside || (int)answer.Status is 200 or 201, $"{answer}");
            Assert.True(answer.Status != HttpStatusCode.ServiceUnavailable || answer.RetryAfter, $"{answer}");
            Assert.True((int)answer.Status is 200 or 201 or 503, $"{answer}");
        }

        Assert.Contains(answers, a => a.What == "publish" && a.Status == HttpStatusCode.ServiceUnavailable);

        // What was acknowledged is there.
        Assert.NotEmpty(published);
        foreach (var (version, file) in published)
        {
            Assert.Equal(file, await client.GetByteArrayAsync($"/models/mine/versions/{version}/file"));
        }

        async Task LoopAsync(string what, Func<Task<HttpResponseMessage>> send)
        {
            while (!end.IsCancellationRequested)
            {
                var begun = clock.Elapsed;
                using var response = await send();
                await response.Content.ReadAsByteArrayAsync();
                answers.Add(new Answer(what, response.StatusCode, response.Headers.RetryAfter is not null, begun, clock.Elapsed));
                await Task.Delay(10);
            }
        }

        async Task<HttpResponseMessage> PublishAsync()
        {
            var file = TestModels.Bytes("mine", "ttbar", description: Guid.NewGuid().ToString());
            var response = await client.PublishAsync(file);
            if (response.StatusCode == HttpStatusCode.Created)
            {
                published.Add((System.Text.Json.JsonElement.Parse(await response.Content.ReadAsStringAsync()).GetProperty("version").GetInt32(), file));
            }

            return response;
        }
    }
}
