using System.Diagnostics;
using System.Net;

using EventService.FunctionalTests.Databases;
using EventService.Registry.Keys;
using EventService.Server.Problems;
using EventService.Server.Workers;

using Microsoft.Extensions.DependencyInjection;

namespace EventService.FunctionalTests.Workers;

/// <summary>What a key may do at a time and in a second.</summary>
public sealed class QuotaTests
{
    [Fact]
    public async Task Wait_RateOfEvents_DelaysWhatIsBeyondASecondsWorth()
    {
        var time = new ManualTime();
        var meter = new QuotaMeter(time);
        meter.Enter("Key 'alice'", new KeyQuota(1000, null));
        await meter.WaitAsync(600, default);
        await meter.WaitAsync(400, default);
        var third = meter.WaitAsync(100, default);
        Assert.False(third.IsCompleted);

        // Half a minute without requests gives no more than a second's worth back.
        time.Now += TimeSpan.FromSeconds(30);
        await meter.WaitAsync(1000, default);
        Assert.False(meter.WaitAsync(100, default).IsCompleted);
    }

    [Fact]
    public void Enter_FarBehindTheRate_Is429WithTheTimeToWait()
    {
        var time = new ManualTime();
        var meter = new QuotaMeter(time);
        var quota = new KeyQuota(100, null);
        meter.Enter("Key 'alice'", quota);
        _ = meter.WaitAsync(1500, default);

        var refused = Assert.Throws<ProblemException>(() => meter.Enter("Key 'alice'", quota));
        Assert.Equal((429, TimeSpan.FromSeconds(5)), (refused.Status, refused.RetryAfter));
        Assert.StartsWith("Key 'alice' may have 100 events a second, and its requests under way are already 15 s behind.", refused.Message, StringComparison.Ordinal);
        time.Now += TimeSpan.FromSeconds(5);
        meter.Enter("Key 'alice'", quota);
    }

    [Fact]
    public void Enter_AsManyRequestsAsTheKeyMay_Is429UntilOneEnds()
    {
        var meter = new QuotaMeter(new ManualTime());
        var quota = new KeyQuota(null, 2);
        meter.Enter("Key 'bob'", quota);
        meter.Enter("Key 'bob'", quota);
        Assert.Equal(429, Assert.Throws<ProblemException>(() => meter.Enter("Key 'bob'", quota)).Status);
        meter.Leave();
        meter.Enter("Key 'bob'", quota);
    }

    [Fact]
    public async Task Generate_KeyWithQuotas_IsSlowedDownAndRefusedAndOthersAreNot()
    {
        await using var test = await TestRegistry.EmptyAsync(DatabaseKind.Sqlite);
        await using var service = new RunningService(workers: 2, registry: test);
        var free = service.CreateClient();
        var alice = await LimitedAsync(new CreateKeyRequest("alice", "generate", EventsPerSecond: 1000));
        var bob = await LimitedAsync(new CreateKeyRequest("bob", "generate", ConcurrentRequests: 1));

        var start = Stopwatch.GetTimestamp();
        var events = await alice.PostAsync("/generate?process=ttbar&n=3000&seed=1&format=npy", null);
        Assert.True(Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(1.5), "3000 events at 1000 a second took less than two seconds, less a tolerance.");
        Assert.Equal(await free.PostAsync("/generate?process=ttbar&n=3000&seed=1&format=npy", null).BytesAsync(), await events.Content.ReadAsByteArrayAsync());

        using (var request = new HttpRequestMessage(HttpMethod.Post, "/generate?process=slow&n=1M"))
        using (await bob.SendAsync(request, HttpCompletionOption.ResponseHeadersRead))
        {
            using var second = await bob.PostAsync("/generate?process=ttbar&n=1", null);
            Assert.NotNull(second.Headers.RetryAfter);
            await Problem.ExpectAsync(second, 429, "Key 'bob' has 1 requests under way, as many as it may.");
            Assert.Equal(HttpStatusCode.OK, (await free.PostAsync("/generate?process=ttbar&n=1", null)).StatusCode);
        }

        // The place is free again once the work of the request that went away has ended.
        for (var tries = 0; (await bob.PostAsync("/generate?process=ttbar&n=1", null)).StatusCode != HttpStatusCode.OK; tries++)
        {
            Assert.True(tries < 100, "The place of a request that has ended is not given back.");
            await Task.Delay(50);
        }

        async Task<HttpClient> LimitedAsync(CreateKeyRequest key)
        {
            var client = service.CreateClient();
            var (text, _) = await service.Services.GetRequiredService<KeyStore>().CreateAsync(key, "tests");
            client.DefaultRequestHeaders.Authorization = new("Bearer", text);
            return client;
        }
    }
}
