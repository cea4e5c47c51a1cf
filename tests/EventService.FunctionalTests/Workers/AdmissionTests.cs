using System.Net;

using EventService.FunctionalTests.Databases;
using EventService.FunctionalTests.Models;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Registry;
using EventService.Registry.Serving;
using EventService.Registry.Tables;
using EventService.Registry.Versions;

using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;

namespace EventService.FunctionalTests.Workers;

/// <summary>Who is let in, and which models are.</summary>
public sealed class AdmissionTests
{
    [Fact]
    public async Task Generate_QueueFullOfStreams_Is503ForStreamsAndNotForSmallRequests()
    {
        await using var service = new RunningService(workers: 1, settings: ("QueueLength", "2"));
        var client = service.CreateClient();
        var streams = new List<HttpResponseMessage>();
        try
        {
            for (var k = 0; k < 2; k++)
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, "/generate?process=slow&n=1M");
                streams.Add(await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead));
            }

            using var third = await client.PostAsync("/generate?process=slow&n=1M", null);
            Assert.NotNull(third.Headers.RetryAfter?.Delta);
            await Problem.ExpectAsync(third, 503, "The server is serving 2 streams, as many as it may. Try again shortly.");
            Assert.Equal(HttpStatusCode.OK, (await client.PostAsync("/generate?process=ttbar&n=1000", null)).StatusCode);
        }
        finally
        {
            streams.ForEach(s => s.Dispose());
        }

        var metrics = await client.GetStringAsync("/metrics");
        Assert.Contains("eventservice_requests_refused_total{otel_scope_name=\"EventService\",reason=\"full\"} 1", metrics, StringComparison.Ordinal);
        Assert.Contains("eventservice_errors_total{otel_scope_name=\"EventService\",reason=\"ProblemException\",status=\"503\"} 1", metrics, StringComparison.Ordinal);
        Assert.Contains("eventservice_events_total{otel_scope_name=\"EventService\",class=\"small\",key=\"none\",model=\"ttbar-analytic\"} 1000", metrics, StringComparison.Ordinal);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Load_ModelWhoseBitsAreNotThoseRecorded_IsNotServed(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        var golden = new GoldenSamples(test.Contexts, TimeProvider.System, NullLogger<GoldenSamples>.Instance);
        var generator = TestModels.Load(TestModels.Bytes("a", "a"));
        await golden.CheckAsync(generator);
        await golden.CheckAsync(generator);

        // Another model under the same digest: what a machine that computes otherwise looks like.
        var changed = new EventGenerator(generator.Document, TestModels.Load(TestModels.Bytes("shifted", "a", TestModels.Shifted)).Model, generator.Sha256);
        var refused = await Assert.ThrowsAsync<RegistryException>(() => golden.CheckAsync(changed));
        Assert.StartsWith("Model 'a' gives other events here than it gave on ", refused.Message, StringComparison.Ordinal);

        await using var context = await test.Contexts.CreateDbContextAsync();
        var row = await context.GoldenSamples.SingleAsync();
        Assert.Equal((generator.Sha256, NumericsProfile.CpuFp32V2), (row.Sha256, row.Numerics));
        await Assert.ThrowsAnyAsync<Exception>(() => context.GoldenSamples.ExecuteUpdateAsync(set => set.SetProperty(g => g.Digest, "0")));
        await Assert.ThrowsAnyAsync<Exception>(() => context.GoldenSamples.ExecuteDeleteAsync());
    }

    [Fact]
    public void Digest_ModelWhoseEventsDependOnTheirNeighbours_IsRefused()
    {
        var generator = TestModels.Load(TestModels.Bytes("unsteady", "a", TestModels.Unsteady));
        var refused = Assert.Throws<ModelFormatException>(() => GoldenSample.Digest(generator));
        Assert.StartsWith("Model 'unsteady' gives other events in one piece than in several", refused.Message, StringComparison.Ordinal);
    }

    [Theory, OnSqlite]
    public async Task Cache_MoreModelsThanTheMemoryHolds_DropsTheOneNotUsedForLongest(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        List<ModelVersion> versions = [];
        foreach (var name in new[] { "a", "b", "c" })
        {
            await test.AddAsync(name, TestModels.Bytes(name, "p"));
            versions.Add(await test.Registry.FindAsync(new ModelQuery(Model: name)));
        }

        var each = 3 * versions.Max(v => v.SizeBytes);
        var cache = new GeneratorCache(
            test.Registry, TestModels.Load, new GoldenSamples(test.Contexts, TimeProvider.System, NullLogger<GoldenSamples>.Instance), NullLogger<GeneratorCache>.Instance, 2 * each);
        await cache.GetAsync(versions[0]);
        await cache.GetAsync(versions[1]);
        await cache.GetAsync(versions[0]);
        await cache.GetAsync(versions[2]);

        Assert.Equal([true, false, true], new[] { "a", "b", "c" }.Select(cache.Serves));
        Assert.Equal((2, 1, 3, 1), (cache.State.Models, cache.State.Hits, cache.State.Loads, cache.State.Evictions));

        var tight = new GeneratorCache(
            test.Registry, TestModels.Load, new GoldenSamples(test.Contexts, TimeProvider.System, NullLogger<GoldenSamples>.Instance), NullLogger<GeneratorCache>.Instance, each / 2);
        var refused = await Assert.ThrowsAsync<ModelFormatException>(() => tight.GetAsync(versions[0]));
        Assert.Contains("Raise ModelMemoryBytes", refused.Message, StringComparison.Ordinal);
    }
}
