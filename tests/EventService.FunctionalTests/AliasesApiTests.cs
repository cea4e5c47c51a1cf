using System.Globalization;
using System.Text.Json;

using EventService.FunctionalTests.Databases;
using EventService.FunctionalTests.Models;

namespace EventService.FunctionalTests;

/// <summary>What names of versions mean, over HTTP: the gate of production, promoters in each other's way, history.</summary>
public sealed class AliasesApiTests
{
    private static readonly byte[][] s_files = [.. Enumerable.Range(1, 4).Select(i => TestModels.Bytes("m", "ttbar", description: $"version {i}"))];

    [Theory, OnSqlite, OnPostgres]
    public async Task Production_TakesAPassingCardOrARecordedOverride(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 2, registry: test);
        var client = await PublishedAsync(service);
        var admin = await service.ClientAsync("root", "admin");

        await Problem.ExpectAsync(await client.MoveAsync("m", "production", """{"version":1,"reason":"first"}"""), 422,
            "Version 1 of model 'm' has no validation card. Expected one that passes before 'production' may mean it.");
        await client.AddCardAsync("m", 1, TestCards.Of(s_files[0], ratio: 3.5)).JsonAsync(201);
        await Problem.ExpectAsync(await client.MoveAsync("m", "production", """{"version":1,"reason":"first"}"""), 422,
            "Version 1 of model 'm' has a validation card that does not pass: W1 of HT is 3.50 times its Monte Carlo floor, the gate is 3.0.");
        Assert.Empty((await client.JsonAsync("/models/m")).GetProperty("aliases").EnumerateObject());

        await client.AddCardAsync("m", 1, TestCards.Of(s_files[0])).JsonAsync(201);
        var moved = await client.MoveAsync("m", "production", """{"version":1,"reason":"first"}""").JsonAsync();
        Assert.Equal((1, 1, "alice", "first", "card"), (Int(moved, "version"), Int(moved, "revision"), Text(moved, "actor"), Text(moved, "reason"), Text(moved, "grounds")));

        const string byOverride = """{"version":2,"reason":"the detector changed","override":true}""";
        await Problem.ExpectAsync(await client.MoveAsync("m", "production", byOverride), 403, "An override takes 'admin'.");
        var overridden = await admin.MoveAsync("m", "production", byOverride).JsonAsync();
        Assert.Equal((2, "root", "override"), (Int(overridden, "version"), Text(overridden, "actor"), Text(overridden, "grounds")));

        // Other aliases have no gate.
        var candidate = await client.MoveAsync("m", "candidate", """{"version":3,"reason":"try it"}""").JsonAsync();
        Assert.Equal(JsonValueKind.Null, candidate.GetProperty("grounds").ValueKind);
        Assert.Equal(
            ["production null 1 card", "production 1 2 override", "candidate null 3 null"],
            (await client.JsonAsync("/models/m/history")).EnumerateArray().Where(e => Text(e, "what") == "moved")
                .Select(e => $"{Text(e, "alias")} {Raw(e, "from")} {Raw(e, "version")} {Text(e, "grounds") ?? "null"}"));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task PutAlias_TwoPromotersOfOneRevision_OneGets409(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 2, registry: test);
        await using var other = new RunningService(workers: 2, registry: test);
        var client = await PublishedAsync(service);
        var elsewhere = await other.ClientAsync("bob", "read publish");
        for (var revision = 0; revision < 10; revision++)
        {
            var statuses = await Task.WhenAll(
                Status(client.MoveAsync("m", "candidate", $$"""{"version":{{1 + (revision % 2 * 2)}},"reason":"mine","revision":{{revision}}}""")),
                Status(elsewhere.MoveAsync("m", "candidate", $$"""{"version":{{2 + (revision % 2 * 2)}},"reason":"mine","revision":{{revision}}}""")));
            Assert.Equal([200, 409], statuses.Order());
        }

        Assert.Equal(10, (await client.JsonAsync("/models/m/history?alias=candidate")).GetArrayLength());
        await Problem.ExpectAsync(await client.MoveAsync("m", "candidate", """{"version":1,"reason":"mine","revision":3}"""), 409,
            "Alias 'candidate' of model 'm' is at revision 10, expected 3: somebody else has moved it.");

        static async Task<int> Status(Task<HttpResponseMessage> sent)
        {
            using var response = await sent;
            return (int)response.StatusCode;
        }
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task PutAlias_Rollback_GoesBackStepByStepAndNeedsNoCard(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 2, registry: test);
        var client = await PublishedAsync(service);
        var admin = await service.ClientAsync("root", "admin");
        foreach (var version in new[] { 1, 2, 3 })
        {
            await admin.MoveAsync("m", "production", $$"""{"version":{{version}},"reason":"next","override":true}""").JsonAsync();
        }

        const string rollback = """{"rollback":true,"reason":"worse"}""";
        var second = await client.MoveAsync("m", "production", rollback).JsonAsync();
        Assert.Equal((2, 4, "alice", "rollback"), (Int(second, "version"), Int(second, "revision"), Text(second, "actor"), Text(second, "grounds")));
        Assert.Equal(1, Int(await client.MoveAsync("m", "production", rollback).JsonAsync(), "version"));
        await Problem.ExpectAsync(await client.MoveAsync("m", "production", rollback), 409, "Alias 'production' of model 'm' has no earlier version to go back to.");

        // What was left by going back is not returned to: after 4, back is 1.
        await admin.MoveAsync("m", "production", """{"version":4,"reason":"next","override":true}""").JsonAsync();
        Assert.Equal(1, Int(await client.MoveAsync("m", "production", rollback).JsonAsync(), "version"));
        await Problem.ExpectAsync(await client.MoveAsync("m", "none", rollback), 404, "Model 'm' has no alias 'none'. Aliases: 'production'.");
        await Problem.ExpectAsync(await client.MoveAsync("m", "production", """{"rollback":true,"reason":"worse","revision":1}"""), 409, "Alias 'production' of model 'm' is at revision 7, expected 1");
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task GetAlias_AtATime_IsWhatItMeantThen(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 2, registry: test);
        var client = await PublishedAsync(service);
        var admin = await service.ClientAsync("root", "admin");
        foreach (var version in new[] { 1, 2, 1 })
        {
            await admin.MoveAsync("m", "production", $$"""{"version":{{version}},"reason":"to {{version}}","override":true}""").JsonAsync();
        }

        Assert.Equal(204, (int)(await client.DeleteAsync("/models/m/aliases/production?reason=none%20is%20good&revision=3")).StatusCode);
        var times = (await client.JsonAsync("/models/m/history?alias=production")).EnumerateArray().Select(e => DateTimeOffset.Parse(Text(e, "at")!, CultureInfo.InvariantCulture)).ToArray();
        Assert.Equal(4, times.Length);
        foreach (var (time, version, revision) in new[] { (times[0], 1, 1), (times[1].AddTicks(-10), 1, 1), (times[1], 2, 2), (times[2], 1, 3), (times[3].AddTicks(-10), 1, 3) })
        {
            var at = await client.JsonAsync($"/models/m/aliases/production?at={Uri.EscapeDataString(time.ToString("O"))}");
            Assert.Equal((version, revision, $"to {version}"), (Int(at, "version"), Int(at, "revision"), Text(at, "reason")));
            Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(s_files[version - 1])), Text(at, "sha256"));
        }

        // The same moment in another zone; before the first move; after the last; a time that is none.
        var berlin = times[1].ToOffset(TimeSpan.FromHours(1));
        Assert.Equal(2, Int(await client.JsonAsync($"/models/m/aliases/production?at={Uri.EscapeDataString(berlin.ToString("O"))}"), "version"));
        await Problem.ExpectAsync(await client.GetAsync($"/models/m/aliases/production?at={times[0].AddTicks(-10).UtcDateTime:O}"), 404, "Alias 'production' of model 'm' meant nothing at ");
        await Problem.ExpectAsync(await client.GetAsync($"/models/m/aliases/production?at={times[3].UtcDateTime:O}"), 404, "Alias 'production' of model 'm' meant nothing at ");
        await Problem.ExpectAsync(await client.GetAsync("/models/m/aliases/production"), 404, "Alias 'production' of model 'm' is not there.");
        await Problem.ExpectAsync(await client.GetAsync("/models/m/aliases/production?at=yesterday"), 400, "Failed to bind parameter");
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task History_HoldsEverythingThatHappened(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 2, registry: test);
        var client = await PublishedAsync(service);
        await client.AddCardAsync("m", 1, TestCards.Of(s_files[0])).JsonAsync(201);
        await client.MoveAsync("m", "production", """{"version":1,"reason":"first"}""").JsonAsync();
        Assert.Equal("retired", Text(await client.SetStateAsync("m", 2, "retired", "too old").JsonAsync(), "state"));
        Assert.Equal("active", Text(await client.SetStateAsync("m", 2, "active", "needed").JsonAsync(), "state"));
        (await client.DeleteAsync("/models/m/aliases/production?reason=none")).EnsureSuccessStatusCode();

        Assert.Equal(
            [
                "published 1 alice ", "published 2 alice ", "published 3 alice ", "published 4 alice ", "card passed 1 alice ",
                "moved 1 alice first", "retired 2 alice too old", "active 2 alice needed", "removed 1 alice none",
            ],
            (await client.JsonAsync("/models/m/history")).EnumerateArray().Select(e => $"{Text(e, "what")} {Raw(e, "version")} {Text(e, "actor")} {Text(e, "reason")}"));
        await Problem.ExpectAsync(await client.GetAsync("/models/none/history"), 404, "Model 'none' not found.");
    }

    [Theory, OnSqlite]
    public async Task Changes_ThatMakeNoSense_AreRefusedWithTheirReason(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 2, registry: test);
        var client = await PublishedAsync(service);
        await client.MoveAsync("m", "candidate", """{"version":1,"reason":"try it"}""").JsonAsync();

        foreach (var (alias, json, status, sentence) in new[]
        {
            ("candidate", """{"version":2}""", 400, "The body is not the JSON that is expected; /swagger shows it."),
            ("candidate", """{"version":2,"reason":"r","revison":1}""", 400, "The body is not the JSON that is expected; /swagger shows it."),
            ("candidate", """{"version":2,"reason":" "}""", 400, "The reason is missing, expected 1 to 1000 characters"),
            ("candidate", """{"reason":"r"}""", 400, "Neither version nor rollback is given"),
            ("candidate", """{"version":2,"rollback":true,"reason":"r"}""", 400, "Both version and rollback are given"),
            ("candidate", """{"version":9,"reason":"r"}""", 404, "Model 'm' has no version 9. Registered: 1, 2, 3, 4."),
            ("2", """{"version":2,"reason":"r"}""", 400, "The alias is '2', expected a letter and then"),
        })
        {
            await Problem.ExpectAsync(await client.MoveAsync("m", alias, json), status, sentence);
        }

        using (var form = new StringContent("""{"version":2,"reason":"r"}""", System.Text.Encoding.UTF8, "application/x-www-form-urlencoded"))
        {
            await Problem.ExpectAsync(await client.PutAsync("/models/m/aliases/candidate", form), 415, "The body is 'application/x-www-form-urlencoded; charset=utf-8', expected JSON.");
        }

        await Problem.ExpectAsync(await client.SetStateAsync("m", 1, "retired"), 409, "Version 1 of model 'm' is what 'candidate' means. Move or remove the alias first.");
        await Problem.ExpectAsync(await client.SetStateAsync("m", 2, "gone"), 400, "The state is 'gone', expected 'active' or 'retired'.");
        await client.SetStateAsync("m", 2, "retired").JsonAsync();
        await Problem.ExpectAsync(await client.MoveAsync("m", "candidate", """{"version":2,"reason":"r"}"""), 409, "Version 2 of model 'm' is retired.");
        Assert.Equal(1, Int(await client.JsonAsync("/models/m/aliases/candidate"), "version"));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task GetModels_SearchedFilteredAndPaged_ListsThoseThatFit(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 2, registry: test);
        var client = await service.ClientAsync("alice", "read publish");
        foreach (var name in new[] { "x-one", "x-two", "Y_two", "x.three" })
        {
            await client.PublishAsync(TestModels.Bytes(name, name[0] == 'x' ? "wjets" : "Wbb")).JsonAsync(201);
        }

        await client.MoveAsync("x-two", "candidate", """{"version":1,"reason":"try it"}""").JsonAsync();
        Assert.Equal(["x-one", "x-two", "x.three"], await Names("?process=wjets"));
        Assert.Equal(["Y_two", "x-two"], await Names("?q=TWO"));
        Assert.Equal(["Y_two"], await Names("?q=wBB"));
        Assert.Empty(await Names("?q=t%25o"));
        Assert.Equal(["x-two"], await Names("?alias=candidate"));
        await Problem.ExpectAsync(await client.GetAsync("/models?limit=0"), 400, "limit is 0, expected 1 to 1000.");

        // Page by page, as the links say: all models, each once, by code point.
        var all = await Names("");
        var paged = new List<string>();
        for (string? page = "/models?limit=2"; page is not null;)
        {
            using var response = await client.GetAsync(page);
            paged.AddRange(JsonElement.Parse(await response.Content.ReadAsStringAsync()).EnumerateArray().Select(m => Text(m, "name")!));
            page = response.Headers.TryGetValues("Link", out var link) ? link.Single()[1..link.Single().IndexOf('>', StringComparison.Ordinal)] : null;
        }

        Assert.Equal(all.Order(StringComparer.Ordinal), all);
        Assert.Equal(all, paged);
        Assert.Equal(9, all.Length);

        async Task<string[]> Names(string query) => [.. (await client.JsonAsync($"/models{query}")).EnumerateArray().Select(m => Text(m, "name")!)];
    }

    private static async Task<HttpClient> PublishedAsync(RunningService service)
    {
        var client = await service.ClientAsync("alice", "read publish");
        foreach (var file in s_files)
        {
            await client.PublishAsync(file).JsonAsync(201);
        }

        return client;
    }

    private static int Int(JsonElement json, string name) => json.GetProperty(name).GetInt32();

    private static string? Text(JsonElement json, string name) => json.GetProperty(name).GetString();

    private static string Raw(JsonElement json, string name) => json.GetProperty(name).GetRawText();
}
