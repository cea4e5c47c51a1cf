using System.Net;

using EventService.FunctionalTests.Databases;

namespace EventService.FunctionalTests.Workers;

/// <summary>A real server that is told to end (SIGTERM) while it works.</summary>
public sealed class DrainingTests
{
    [Theory, OnSqlite]
    public async Task Server_ToldToEnd_FinishesWhatItCanAndBreaksTheRestVisibly(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var server = await ServerProcess.StartAsync(test, "--EventService:DrainSeconds=2", "--EventService:ShutdownSeconds=10", "--EventService:ModelsFolder=models");
        var client = server.Client;
        (await client.PostAsync("/generate?process=ttbar&n=10", null)).EnsureSuccessStatusCode();

        using var endless = new HttpRequestMessage(HttpMethod.Post, "/generate?process=ttbar&n=1e8&format=jsonl");
        using var stream = await client.SendAsync(endless, HttpCompletionOption.ResponseHeadersRead);
        var reading = stream.Content.CopyToAsync(Stream.Null);
        using var shorter = new HttpRequestMessage(HttpMethod.Post, "/generate?process=ttbar&n=10k&format=npy&seed=1");
        using var finite = await client.SendAsync(shorter, HttpCompletionOption.ResponseHeadersRead);
        var finishing = finite.Content.ReadAsByteArrayAsync();

        server.Terminate();

        // Not ready at once, but requests are still taken: a balancer may not have noticed yet.
        await Task.Delay(500);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/health/ready")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.PostAsync("/generate?process=ttbar&n=10", null)).StatusCode);
        await Task.Delay(2000);
        var late = await client.PostAsync("/generate?process=ttbar&n=10", null);
        Assert.NotNull(late.Headers.RetryAfter);
        await Problem.ExpectAsync(late, 503, "The server is shutting down; ask another");

        Assert.Equal(finite.Content.Headers.ContentLength, (await finishing).Length);
        await Assert.ThrowsAnyAsync<Exception>(() => reading);
        Assert.Equal(0, await server.ExitCodeAsync());
    }
}
