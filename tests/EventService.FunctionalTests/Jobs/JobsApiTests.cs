using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

using EventService.FunctionalTests.Databases;
using EventService.FunctionalTests.Models;

namespace EventService.FunctionalTests.Jobs;

/// <summary>Jobs over HTTP: what comes out, who sees it, and what happens to it.</summary>
public sealed class JobsApiTests
{
    [Theory, OnSqlite, OnPostgres]
    public async Task Job_OfEachFormat_GivesTheBytesOfGenerate(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 2, registry: test);
        using var client = service.CreateClient();

        const string jsonl = "process=gluino&mGluino=1500&seed=7&first=30&n=5000&cut=nJet>=2&logDensity=true&columns=Jet,MET_pt&format=jsonl";
        const string csv = "process=ttbar&seed=8&n=4001&format=dm-csv";
        const string npy = "process=ttbar&seed=9&first=100&n=2500&format=npy";
        var ids = new List<long>();
        foreach (var query in new[] { jsonl, csv, npy })
        {
            ids.Add((await client.SubmitAsync($"{query}&eventsPerPart=1000")).Id());
        }

        var done = await client.WaitAsync(ids[0], "done");
        Assert.Equal((5000, 5000, 5, 5), (done.GetProperty("n").GetInt64(), done.GetProperty("done").GetInt64(), done.GetProperty("parts").GetInt32(), done.GetProperty("partsDone").GetInt32()));
        Assert.Equal(await client.GenerateAsync(jsonl), (await client.DownloadAsync(ids[0])).SelectMany(p => p));
        await client.WaitAsync(ids[1], "done");
        Assert.Equal(await client.GenerateAsync(csv), (await client.DownloadAsync(ids[1])).SelectMany(p => p));
        await client.WaitAsync(ids[2], "done");
        var parts = await client.DownloadAsync(ids[2]);
        Assert.Equal(3, parts.Count);
        Assert.Equal(await client.GenerateAsync("process=ttbar&seed=9&first=100&n=1000&format=npy"), parts[0]);
        Assert.Equal(await client.GenerateAsync("process=ttbar&seed=9&first=2100&n=500&format=npy"), parts[2]);
        Assert.Equal(["manifest.json", "part-000000.npy", "part-000001.npy", "part-000002.npy"], Files(Path.Combine(DataFolder(service, test), "jobs", $"{ids[2]}")));

        // The receipt of the whole is that of the same request to /generate.
        using var generated = await client.PostAsync($"/generate?{npy}", null);
        Assert.Equal(
            JsonElement.Parse(generated.Headers.GetValues("EventService-Receipt").Single()).EnumerateObject().Select(p => p.ToString()),
            (await client.JsonAsync($"/jobs/{ids[2]}/manifest")).GetProperty("receipt").EnumerateObject().Select(p => p.ToString().Replace("\n", "", StringComparison.Ordinal).Replace(": ", ":", StringComparison.Ordinal)));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Job_WithoutSeed_KeepsTheOneThatWasDrawn(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 2, registry: test);
        using var client = service.CreateClient();
        var first = await client.SubmitAsync("process=ttbar&n=2k&eventsPerPart=700");
        var second = await client.SubmitAsync("process=ttbar&n=2k&eventsPerPart=700");
        var seed = first.GetProperty("receipt").GetProperty("seed").GetString();
        Assert.NotEqual(seed, second.GetProperty("receipt").GetProperty("seed").GetString());

        await client.WaitAsync(first.Id(), "done");
        Assert.Equal(await client.GenerateAsync($"process=ttbar&n=2000&seed={seed}"), (await client.DownloadAsync(first.Id())).SelectMany(p => p));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Submission_SentManyTimesAtOnce_IsOneJob(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 2, registry: test);
        using var alice = await service.ClientAsync("alice", "generate");
        using var bob = await service.ClientAsync("bob", "generate");
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(async _ =>
        {
            using var response = await alice.SendAsync(JobHttp.Submission("process=ttbar&n=3000", "production 1".Replace(' ', '-')));
            return (response.StatusCode, Job: JsonElement.Parse(await response.Content.ReadAsStringAsync()));
        }));

        var job = answers[0].Job;
        Assert.All(answers, a => Assert.Equal(job.Id(), a.Job.Id()));
        Assert.Single(answers, a => a.StatusCode == HttpStatusCode.Accepted);
        Assert.Equal(15, answers.Count(a => a.StatusCode == HttpStatusCode.OK));
        Assert.Single(answers.Select(a => a.Job.GetProperty("receipt").GetProperty("seed").GetString()).Distinct());

        // The same name in the body is the same request; another request, or another owner's, is not.
        Assert.Equal(job.Id(), (await alice.PostJsonAsync("/jobs", """{"process":"ttbar","n":3000,"requestId":"production-1"}""").JsonAsync()).Id());
        await Problem.ExpectAsync(await alice.SendAsync(JobHttp.Submission("process=ttbar&n=3001", "production-1")), 409, $"Request id 'production-1' is that of job {job.Id()}, which asks for something else.");
        await Problem.ExpectAsync(await alice.SendAsync(JobHttp.Submission("process=ttbar&n=3000&seed=1", "production-1")), 409, "Request id 'production-1' is that of job");
        await Problem.ExpectAsync(await alice.SendAsync(JobHttp.Submission("process=ttbar&n=3000&requestId=a", "b")), 400, "requestId is 'a' and Idempotency-Key is 'b', expected one value.");
        Assert.NotEqual(job.Id(), (await bob.SubmitAsync("process=ttbar&n=3000", "production-1")).Id());

        // Also when it is over.
        await alice.WaitAsync(job.Id(), "done");
        Assert.Equal("done", (await alice.SubmitAsync("process=ttbar&n=3000", "production-1", status: 200)).State());
    }

    [Theory]
    [InlineData("", 400, "Neither process nor model is given")]
    [InlineData("process=ttbar&n=ten", 400, "n is 'ten', expected a whole number from 1")]
    [InlineData("process=ttbar&n=2e11", 400, "n is 200000000000, expected at most 100000000000 a job.")]
    [InlineData("process=ttbar&n=1e9&eventsPerPart=1k", 400, "eventsPerPart is 1000, which makes more than 100000 parts of 1000000000 events. Expected at least 10000.")]
    [InlineData("process=ttbar&requestId=%20", 400, "requestId is ' ', expected 1 to 200 visible ASCII characters.")]
    [InlineData("process=ttbar&N=5", 400, "Parameter 'N' is not known. Known: process, model, version, alias, n, seed, first, columns, cut, logDensity, format, lumi, numerics, eventsPerPart, requestId.")]
    [InlineData("process=higgs", 404, "Process 'higgs' not found.")]
    [InlineData("process=ttbar&format=npy&cut=nJet>1", 422, "The header of 'npy' needs the number of events")]
    [InlineData("process=gluino&mGluino=2500", 422, "mGluino is 2500 GeV, outside what this model was trained on")]
    public async Task Submission_OfWhatCannotBe_IsTheProblemOfGenerate(string query, int status, string sentence)
    {
        await using var service = new RunningService(workers: 1, settings: ("ConcurrentJobs", "0"));
        using var client = service.CreateClient();
        await Problem.ExpectAsync(await client.PostAsync($"/jobs?{query}", null), status, sentence);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Job_Cancelled_StopsAndLeavesNoFiles(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 2, registry: test);
        using var client = service.CreateClient();
        var seed = 3000 + (ulong)database;
        var id = (await client.SubmitAsync($"process=slow&n=1M&eventsPerPart=2k&seed={seed}")).Id();
        var running = await client.WaitAsync(id, job => job.GetProperty("partsDone").GetInt32() >= 1);
        Assert.Equal("running", running.State());
        var folder = Path.Combine(DataFolder(service, test), "jobs", $"{id}");
        Assert.NotEmpty(await client.GetByteArrayAsync($"/jobs/{id}/parts/0"));
        await Problem.ExpectAsync(await client.GetAsync($"/jobs/{id}/manifest"), 409, $"Job {id} is running, ");
        await Problem.ExpectAsync(await client.GetAsync($"/jobs/{id}/parts/499"), 404, $"Part 499 of job {id} is not finished yet; the job is running.");
        await Problem.ExpectAsync(await client.GetAsync($"/jobs/{id}/parts/500"), 404, $"Job {id} has the parts 0 to 499, there is no part 500.");

        Assert.Equal("cancelled", (await client.DeleteAsync($"/jobs/{id}").JsonAsync()).State());
        for (var i = 0; i < 100 && Directory.Exists(folder); i++)
        {
            await Task.Delay(100);
        }

        Assert.False(Directory.Exists(folder));
        var generated = TestModels.SlowEvents(seed);
        await Task.Delay(300); // 15 chunks
        Assert.Equal(generated, TestModels.SlowEvents(seed));
        Assert.Equal("cancelled", (await client.JsonAsync($"/jobs/{id}")).State());
        await Problem.ExpectAsync(await client.GetAsync($"/jobs/{id}/parts/0"), 410, $"Job {id} is cancelled, its files are gone.");

        // What is done is deleted by the same request; a second one changes nothing.
        var done = (await client.SubmitAsync("process=ttbar&n=100")).Id();
        await client.WaitAsync(done, "done");
        Assert.Equal("deleted", (await client.DeleteAsync($"/jobs/{done}").JsonAsync()).State());
        Assert.Equal("deleted", (await client.DeleteAsync($"/jobs/{done}").JsonAsync()).State());
        Assert.False(Directory.Exists(Path.Combine(DataFolder(service, test), "jobs", $"{done}")));
        await Problem.ExpectAsync(await client.GetAsync($"/jobs/{done}/manifest"), 410, $"Job {done} is deleted, its files are gone.");
    }

    [Fact]
    public async Task Job_WhoseModelFails_SaysWhyAndKeepsItsParts()
    {
        await using var service = new RunningService(workers: 2);
        using var client = service.CreateClient();
        var id = (await client.SubmitAsync("process=failing&n=10k&eventsPerPart=1024&seed=5")).Id();
        var job = await client.WaitAsync(id, "failed");
        Assert.Equal("Event 3072 failed the validity filter 1000 times.", job.GetProperty("error").GetString());
        Assert.Equal((3, 3072), (job.GetProperty("partsDone").GetInt32(), job.GetProperty("done").GetInt64()));
        Assert.Equal(await client.GenerateAsync("process=failing&n=1024&seed=5"), await client.GetByteArrayAsync($"/jobs/{id}/parts/0"));
        Assert.NotEqual(JsonValueKind.Null, job.GetProperty("deletedAfter").ValueKind);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Jobs_AreSeenByTheirOwnerAndByAdministrators(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 2, registry: test, settings: [("ConcurrentJobs", "0"), ("JobsPerOwner", "3")]);
        using var alice = await service.ClientAsync("alice", "generate");
        using var bob = await service.ClientAsync("bob", "generate");
        using var admin = await service.ClientAsync("root", "admin");
        using var reader = await service.ClientAsync("reader", "read");
        var ids = new List<long>();
        foreach (var client in new[] { alice, bob, alice, alice })
        {
            ids.Add((await client.SubmitAsync("process=ttbar&n=100")).Id());
        }

        await Problem.ExpectAsync(await alice.PostAsync("/jobs?process=ttbar", null), 429, "'alice' has 3 jobs that are not finished, as many as this server allows.");
        Assert.Equal(ids.AsEnumerable().Reverse(), await IdsAsync(admin, "/jobs"));
        Assert.Equal([ids[3], ids[2], ids[0]], await IdsAsync(alice, "/jobs"));
        Assert.Equal([ids[1]], await IdsAsync(bob, "/jobs?owner=alice"));
        Assert.Equal([ids[1]], await IdsAsync(admin, "/jobs?owner=bob"));
        await Problem.ExpectAsync(await bob.GetAsync($"/jobs/{ids[0]}"), 404, $"Job {ids[0]} not found among those of 'bob'.");
        await Problem.ExpectAsync(await bob.DeleteAsync($"/jobs/{ids[0]}"), 404, $"Job {ids[0]} not found among those of 'bob'.");
        await Problem.ExpectAsync(await reader.GetAsync("/jobs"), 403, "Key ");

        await admin.DeleteAsync($"/jobs/{ids[2]}").JsonAsync();
        Assert.Equal([ids[2]], await IdsAsync(alice, "/jobs?state=cancelled"));
        Assert.Equal([ids[3], ids[0]], await IdsAsync(alice, "/jobs?state=queued"));
        await Problem.ExpectAsync(await alice.GetAsync("/jobs?state=ready"), 400, "state is 'ready', expected one of queued, running, done, failed, cancelled, deleted.");
        await Problem.ExpectAsync(await alice.GetAsync("/jobs?limit=0"), 400, "limit is 0, expected 1 to 1000.");

        using var page = await alice.GetAsync("/jobs?limit=2");
        var link = page.Headers.GetValues("Link").Single();
        Assert.Equal($"</jobs?limit=2&after={ids[2]}>; rel=\"next\"", link);
        Assert.Equal([ids[0]], await IdsAsync(alice, link[1..link.IndexOf('>', StringComparison.Ordinal)]));
    }

    [Fact]
    public async Task Part_IsServedWithItsDigestAndInRanges()
    {
        await using var service = new RunningService(workers: 2);
        using var client = service.CreateClient();
        var id = (await client.SubmitAsync("process=ttbar&n=1000&seed=3&format=npy")).Id();
        await client.WaitAsync(id, "done");
        var whole = await client.GenerateAsync("process=ttbar&n=1000&seed=3&format=npy");
        var sha256 = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(whole));

        using var request = new HttpRequestMessage(HttpMethod.Get, $"/jobs/{id}/parts/0");
        request.Headers.Range = new RangeHeaderValue(100, 299);
        using var range = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.PartialContent, range.StatusCode);
        Assert.Equal($"\"{sha256}\"", range.Headers.ETag!.Tag);
        Assert.Equal(whole[100..300], await range.Content.ReadAsByteArrayAsync());

        using var conditional = new HttpRequestMessage(HttpMethod.Get, $"/jobs/{id}/parts/0");
        conditional.Headers.IfNoneMatch.Add(new EntityTagHeaderValue($"\"{sha256}\""));
        using var unchanged = await client.SendAsync(conditional);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);

        using var head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"/jobs/{id}/parts/0"));
        Assert.Equal(whole.Length, head.Content.Headers.ContentLength);
        Assert.Equal("application/x-npy", head.Content.Headers.ContentType!.MediaType);
    }

    internal static string DataFolder(RunningService service, TestRegistry test) => test.Kind == DatabaseKind.Sqlite ? test.Folder : service.DataFolder;

    private static async Task<IEnumerable<long>> IdsAsync(HttpClient client, string path) => (await client.JsonAsync(path)).EnumerateArray().Select(j => j.Id());

    private static IEnumerable<string> Files(string folder) => Directory.GetFiles(folder).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal);
}
