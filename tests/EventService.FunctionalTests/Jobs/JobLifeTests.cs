using System.Text.Json;

using EventService.FunctionalTests.Databases;
using EventService.FunctionalTests.Models;

namespace EventService.FunctionalTests.Jobs;

/// <summary>Jobs over time and over servers: restarts, new versions, two servers, deletion, disks that cannot be written.</summary>
public sealed class JobLifeTests
{
    [Theory, OnSqlite, OnPostgres]
    public async Task Job_AskedForBeforeANewVersion_IsMadeByTheOld(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        long id;
        byte[] expected;
        await using (var first = new RunningService(workers: 2, registry: test, settings: ("ConcurrentJobs", "0")))
        {
            using var client = await first.ClientAsync("alice", "admin");
            expected = await client.GenerateAsync("process=ttbar&n=2000&seed=4");
            id = (await client.SubmitAsync("process=ttbar&n=2000&seed=4&eventsPerPart=600")).Id();
            var other = TestModels.Bytes("ttbar-analytic", "ttbar", description: "A later version");
            await client.PublishAsync(other).JsonAsync(201);
            await client.MoveAsync("ttbar-analytic", "production", """{"version":2,"reason":"test","override":true}""").JsonAsync();
            Assert.Equal("queued", (await client.JsonAsync($"/jobs/{id}")).State());
        }

        await using var second = new RunningService(workers: 1, registry: test);
        using var later = await second.ClientAsync("bob", "admin");
        await later.WaitAsync(id, "done");
        Assert.Equal(expected, (await later.DownloadAsync(id)).SelectMany(p => p));
        Assert.Equal(1, (await later.JsonAsync($"/jobs/{id}/manifest")).GetProperty("receipt").GetProperty("version").GetInt32());
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Job_OnAServerThatStops_GoesOnWithAnother_FromThePartsThatAreWhole(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        var jobs = Path.Combine(test.Folder, "jobs");
        const string query = "process=slow&n=20k&seed=1001&eventsPerPart=1k";
        long id;
        JsonElement handedBack;
        await using (var first = new RunningService(workers: 1, registry: test, settings: ("JobsFolder", jobs)))
        {
            using var client = first.CreateClient();
            id = (await client.SubmitAsync(query)).Id();
            await client.WaitAsync(id, job => job.GetProperty("partsDone").GetInt32() >= 3);
        }

        // One part is damaged, one is gone, and there is something that does not belong there.
        await using (var idle = new RunningService(workers: 1, registry: test, settings: [("JobsFolder", jobs), ("ConcurrentJobs", "0")]))
        {
            handedBack = await idle.CreateClient().JsonAsync($"/jobs/{id}");
        }

        Assert.Equal(("queued", handedBack.GetProperty("partsDone").GetInt32() * 1000), (handedBack.State(), handedBack.GetProperty("done").GetInt32()));
        var damaged = Path.Combine(jobs, $"{id}", "part-000000.jsonl");
        var bytes = await File.ReadAllBytesAsync(damaged);
        bytes[^2] ^= 1;
        await File.WriteAllBytesAsync(damaged, bytes);
        File.Delete(Path.Combine(jobs, $"{id}", "part-000001.jsonl"));
        await File.WriteAllTextAsync(Path.Combine(jobs, $"{id}", "part-000002.jsonl.unfinished"), "half");

        var before = TestModels.SlowEvents(1001);
        await using var second = new RunningService(workers: 2, registry: test, settings: ("JobsFolder", jobs));
        using var later = second.CreateClient();
        await later.WaitAsync(id, "done");
        Assert.Equal(20_000 - ((handedBack.GetProperty("partsDone").GetInt32() - 2) * 1000), TestModels.SlowEvents(1001) - before);
        Assert.Equal(await later.GenerateAsync("process=slow&n=20k&seed=1001"), (await later.DownloadAsync(id)).SelectMany(p => p));
        Assert.Equal(21, Directory.GetFiles(Path.Combine(jobs, $"{id}")).Length);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task TwoServers_OnOneDatabase_MakeEveryEventOnce(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        (string, string)[] settings = [("JobsFolder", Path.Combine(test.Folder, "jobs")), ("ConcurrentJobs", "2")];
        await using var first = new RunningService(workers: 1, registry: test, settings: settings);
        await using var second = new RunningService(workers: 1, registry: test, settings: settings);
        using var one = first.CreateClient();
        using var two = second.CreateClient();
        var ids = new List<long>();
        for (var i = 0; i < 12; i++)
        {
            ids.Add((await (i % 2 == 0 ? one : two).SubmitAsync($"process=slow&n=5k&seed={2000 + (100 * (int)database) + i}&eventsPerPart=1k")).Id());
        }

        for (var i = 0; i < 12; i++)
        {
            await one.WaitAsync(ids[i], "done");
            Assert.Equal(5000, TestModels.SlowEvents((ulong)(2000 + (100 * (int)database) + i)));
        }

        // Any server serves what any has made.
        Assert.Equal(await two.GetByteArrayAsync($"/jobs/{ids[0]}/parts/4"), await one.GetByteArrayAsync($"/jobs/{ids[0]}/parts/4"));
    }

    [Theory, OnPostgres]
    public async Task Files_OfAServerWithAnotherFolder_AreAskedForThere(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var first = new RunningService(workers: 1, registry: test);
        await using var second = new RunningService(workers: 1, registry: test, settings: ("ConcurrentJobs", "0"));
        using var one = first.CreateClient();
        using var two = second.CreateClient();
        var id = (await two.SubmitAsync("process=ttbar&n=100")).Id();
        await one.WaitAsync(id, "done");
        Assert.Equal("done", (await two.JsonAsync($"/jobs/{id}")).State());
        await Problem.ExpectAsync(await two.GetAsync($"/jobs/{id}/parts/0"), 421, $"The files of job {id} lie in the folder of another server.");
        Assert.NotEmpty(await one.GetByteArrayAsync($"/jobs/{id}/parts/0"));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Job_DoneLongAgo_LosesItsFilesAndSaysSo(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        var time = new ManualTime();
        (string, string)[] settings = [("JobsFolder", Path.Combine(test.Folder, "jobs")), ("JobDays", "2")];
        long id;
        await using (var service = new RunningService(workers: 1, registry: test, settings: settings) { Time = time })
        {
            using var client = service.CreateClient();
            id = (await client.SubmitAsync("process=ttbar&n=100")).Id();
            var done = await client.WaitAsync(id, "done");
            Assert.Equal(time.GetUtcNow().UtcDateTime.AddDays(2), done.GetProperty("deletedAfter").GetDateTime());
        }

        // A server sweeps at its start, and then every minute.
        time.Now += (TimeSpan.FromDays(1.9));
        await using (var service = new RunningService(workers: 1, registry: test, settings: settings) { Time = time })
        {
            using var client = service.CreateClient();
            var second = (await client.SubmitAsync("process=ttbar&n=100")).Id();
            await client.WaitAsync(second, "done"); // by then it has swept
            await client.WaitAsync(id, "done");
            Assert.Single(await client.DownloadAsync(id));
        }

        time.Now += (TimeSpan.FromDays(0.2));
        await using (var service = new RunningService(workers: 1, registry: test, settings: settings) { Time = time })
        {
            using var client = service.CreateClient();
            await client.WaitAsync(id, job => job.State() == "deleted" && !Directory.Exists(Path.Combine(test.Folder, "jobs", $"{id}")));
            await Problem.ExpectAsync(await client.GetAsync($"/jobs/{id}/parts/0"), 410, $"Job {id} is deleted, its files are gone.");
            Assert.Equal("done", (await client.JsonAsync("/jobs?state=done"))[0].State());
        }
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Job_WhoseFolderCannotBeWritten_WaitsAndGoesOn(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        var time = new ManualTime();
        var jobs = Directory.CreateDirectory(Path.Combine(test.Folder, "jobs")).FullName;
        await File.WriteAllTextAsync(Path.Combine(jobs, "1"), "in the way");
        await using var service = new RunningService(workers: 1, registry: test, settings: ("JobsFolder", jobs)) { Time = time };
        using var client = service.CreateClient();
        var id = (await client.SubmitAsync("process=ttbar&n=100&seed=6")).Id();
        Assert.Equal(1, id);
        var waiting = await client.WaitAsync(id, job => job.GetProperty("error").ValueKind == JsonValueKind.String);
        Assert.Equal("queued", waiting.State());
        Assert.StartsWith("The folder of jobs cannot be written: ", waiting.GetProperty("error").GetString(), StringComparison.Ordinal);

        File.Delete(Path.Combine(jobs, "1"));
        time.Now += (TimeSpan.FromMinutes(2));
        Assert.Equal(JsonValueKind.Null, (await client.WaitAsync(id, "done")).GetProperty("error").ValueKind);
        Assert.Equal(await client.GenerateAsync("process=ttbar&n=100&seed=6"), await client.GetByteArrayAsync($"/jobs/{id}/parts/0"));
    }
}
