using System.Collections.Concurrent;

using EventService.FunctionalTests.Databases;
using EventService.Generation.Requests;
using EventService.Models.Documents;
using EventService.Registry.Jobs;
using EventService.Registry.Tables;

namespace EventService.FunctionalTests.Jobs;

/// <summary>Who works on a job: one at a time, whoever is fast, slow or dead.</summary>
public sealed class JobLeaseTests
{
    private static readonly TimeSpan s_lease = TimeSpan.FromSeconds(30);

    [Theory, OnSqlite, OnPostgres]
    public async Task Jobs_TakenByManyWorkersAtOnce_AreTakenOnceEach(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        var store = new JobStore(test.Contexts, TimeProvider.System);
        for (var i = 0; i < 20; i++)
        {
            await store.SubmitAsync(NewJob());
        }

        var taken = new ConcurrentBag<long>();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            var leases = new JobLeases(test.Contexts, TimeProvider.System, s_lease);
            while (await leases.TakeAsync("folder", $"machine {worker}", []) is { } lease)
            {
                taken.Add(lease.Job.Id);
            }
        })));
        Assert.Equal(Enumerable.Range(1, 20).Select(i => (long)i), taken.Order());
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Lease_ThatRanOut_IsTakenOver_AndItsHolderChangesNothingMore(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        var time = new ManualTime();
        var store = new JobStore(test.Contexts, time);
        var leases = new JobLeases(test.Contexts, time, s_lease);
        var id = (await store.SubmitAsync(NewJob())).Job.Job.Id;

        var first = (await leases.TakeAsync("shared", "a", []))!;
        Assert.Null(await leases.TakeAsync("shared", "b", []));
        time.Now += s_lease * 0.9;
        Assert.True(await leases.RenewAsync(first, 10, 5));
        time.Now += s_lease * 0.9;
        Assert.Null(await leases.TakeAsync("shared", "b", []));
        Assert.True(await leases.SetPartAsync(first, 0, Part(id, 0)));
        time.Now += s_lease * 0.2;
        Assert.Null(await leases.TakeAsync("another folder", "b", []));
        Assert.Null(await leases.TakeAsync("shared", "a", [id]));
        var second = (await leases.TakeAsync("shared", "b", []))!;
        Assert.Equal((id, 10), (second.Job.Id, second.Job.Done));
        Assert.Single(await leases.PartsAsync(second));

        Assert.False(await leases.RenewAsync(first, 20, 5));
        Assert.False(await leases.SetPartAsync(first, 1, Part(id, 1)));
        Assert.False(await leases.SetPartAsync(first, 0, null));
        Assert.False(await leases.FinishAsync(first, JobState.Failed, 20, "late"));
        await leases.ReleaseAsync(first, 0, TimeSpan.Zero, null);
        Assert.Single(await leases.PartsAsync(second));
        Assert.Equal(JobState.Running, (await store.GetAsync(id, null)).Job.State);

        Assert.True(await leases.SetPartAsync(second, 1, Part(id, 1)));
        Assert.True(await leases.SetPartAsync(second, 1, Part(id, 1))); // as after an answer that was lost
        Assert.True(await leases.FinishAsync(second, JobState.Done, 100, null));
        Assert.Equal((JobState.Done, 100L, 2), ((await store.GetAsync(id, null)).Job.State, (await store.GetAsync(id, null)).Job.Done, (await store.GetAsync(id, null)).PartsDone));
        time.Now += s_lease * 10;
        Assert.Null(await leases.TakeAsync("shared", "c", []));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Job_HandedBack_IsBegunWhenItsWaitIsOver(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        var time = new ManualTime();
        var store = new JobStore(test.Contexts, time);
        var leases = new JobLeases(test.Contexts, time, s_lease);
        var id = (await store.SubmitAsync(NewJob())).Job.Job.Id;
        await leases.ReleaseAsync((await leases.TakeAsync("f", "a", []))!, 50, TimeSpan.FromMinutes(1), "The disk is full.");
        var waiting = (await store.GetAsync(id, null)).Job;
        Assert.Equal((JobState.Queued, "The disk is full.", 50), (waiting.State, waiting.Error, waiting.Done));
        Assert.Null(await leases.TakeAsync("f", "a", []));
        time.Now += TimeSpan.FromSeconds(61);
        var again = (await leases.TakeAsync("f", "a", []))!;
        Assert.Equal((1, null), (again.Job.Attempts, again.Job.Error));

        // Whoever dies while at it is counted; a finished part shows that it is not the job's fault.
        time.Now += s_lease * 2;
        again = (await leases.TakeAsync("f", "a", []))!;
        Assert.Equal(2, again.Job.Attempts);
        await leases.SetPartAsync(again, 0, Part(id, 0));
        time.Now += s_lease * 2;
        Assert.Equal(1, (await leases.TakeAsync("f", "a", []))!.Job.Attempts);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Job_CancelledWhileItRuns_IsLostToItsWorker(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        var store = new JobStore(test.Contexts, TimeProvider.System);
        var leases = new JobLeases(test.Contexts, TimeProvider.System, s_lease);
        var id = (await store.SubmitAsync(NewJob())).Job.Job.Id;
        var lease = (await leases.TakeAsync("f", "a", []))!;
        await leases.SetPartAsync(lease, 0, Part(id, 0));
        await store.CancelAsync(id);
        Assert.False(await leases.RenewAsync(lease, 1, 1));
        Assert.False(await leases.SetPartAsync(lease, 1, Part(id, 1)));
        var stored = await store.GetAsync(id, null);
        Assert.Equal((JobState.Cancelled, 0), (stored.Job.State, stored.PartsDone));
    }

    private static JobPart Part(long id, int number) => new() { JobId = id, Number = number, Bytes = 3, Sha256 = "abc" };

    private static NewJob NewJob() => new(
        new JobRequest(new SortedDictionary<string, string>(StringComparer.Ordinal) { ["process"] = "ttbar" }, 50, ".npy", new Receipt
        {
            Process = "ttbar",
            Model = "m",
            Version = 1,
            Sha256 = "",
            Seed = "1",
            First = 0,
            N = 100,
            Condition = new Dictionary<string, double>(),
            Numerics = "",
            ServiceVersion = "",
            Format = "npy",
            LogDensity = false,
            CrossSectionPb = 1,
            SelectionEfficiency = 1,
            Acceptance = 1,
            AcceptanceError = 0,
        }),
        "somebody", null, null);
}
