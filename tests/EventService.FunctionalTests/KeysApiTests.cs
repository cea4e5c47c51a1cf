using System.Net;
using System.Net.Http.Headers;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

using EventService.FunctionalTests.Databases;
using EventService.FunctionalTests.Models;
using EventService.Registry;
using EventService.Registry.Databases;
using EventService.Registry.Keys;
using EventService.Server.Callers;
using EventService.Server.Keys;
using EventService.Server.Settings;

using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace EventService.FunctionalTests;

public sealed class KeysApiTests
{
    [Theory, OnSqlite, OnPostgres]
    public async Task Key_WithAScope_AllowsWhatThatScopeNames(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 2, registry: test, settings: ("AnonymousScopes", "none"));
        var clients = new Dictionary<string, HttpClient>
        {
            ["nobody"] = service.CreateClient(),
            ["read"] = await service.ClientAsync("reader", "read"),
            ["generate"] = await service.ClientAsync("analyst", "generate"),
            ["publish"] = await service.ClientAsync("owner", "publish"),
            ["admin"] = await service.ClientAsync("root", "admin"),
        };
        foreach (var (scope, send) in new (string, Func<HttpClient, Task<HttpResponseMessage>>)[]
        {
            ("read", c => c.GetAsync("/models")),
            ("read", c => c.GetAsync("/processes")),
            ("read", c => c.GetAsync("/models/ttbar-analytic/versions/1/file")),
            ("read", c => c.GetAsync("/models/ttbar-analytic/versions/1/card")),
            ("read", c => c.GetAsync("/models/ttbar-analytic/history")),
            ("read", c => c.GetAsync("/models/ttbar-analytic/aliases/production")),
            ("generate", c => c.PostAsync("/generate?process=ttbar&n=1", null)),
            ("generate", c => c.PostAsync("/density?process=ttbar", new StringContent("1;ttbar;1;100;0.1;j,30000,20000,0.1,0.2"))),
            ("publish", c => c.PublishAsync(TestModels.Bytes("mine", "ttbar"))),
            ("publish", c => c.MoveAsync("ttbar-analytic", "candidate", """{"version":1,"reason":"try"}""")),
            ("publish", c => c.DeleteAsync("/models/ttbar-analytic/aliases/candidate?reason=tried")),
            ("publish", c => c.AddCardAsync("ttbar-analytic", 1, TestCards.Of(TestModels.Bytes("ttbar-analytic", "ttbar")))),
            ("publish", c => c.SetStateAsync("ttbar-analytic", 1, "active")),
            ("admin", c => c.GetAsync("/keys")),
        })
        {
            foreach (var (name, client) in clients)
            {
                using var response = await send(client);
                var what = $"{name} asks for {response.RequestMessage!.Method} {response.RequestMessage.RequestUri!.PathAndQuery}: {await response.Content.ReadAsStringAsync()}";
                if (name == scope || name == "admin")
                {
                    // Whoever asks after one who was allowed may find it done.
                    Assert.True(response.IsSuccessStatusCode || response.StatusCode == HttpStatusCode.NotFound, what);
                }
                else
                {
                    Assert.True(response.StatusCode == (name == "nobody" ? HttpStatusCode.Unauthorized : HttpStatusCode.Forbidden), what);
                    Assert.Equal(name == "nobody" ? ["Bearer"] : [], response.Headers.WwwAuthenticate.Select(h => h.ToString()));
                }
            }
        }

        // What a cluster and a browser ask takes no key.
        foreach (var path in new[] { "/health/live", "/health/ready", "/swagger/v1/swagger.json" })
        {
            await clients["nobody"].JsonAsync(path);
        }
    }

    [Theory, OnSqlite]
    public async Task Key_ThatIsNone_IsRefusedWithTheReason(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 2, registry: test);
        var client = service.CreateClient();
        foreach (var (header, sentence) in new[]
        {
            ("Bearer esk_unknown", "The key is not known here. Was it copied whole?"),
            ("Bearer password", "The Authorization header holds no key of this service, expected 'Bearer esk_...'."),
            ("Basic dXNlcjpwYXNz", "The Authorization header holds no key of this service"),
        })
        {
            // Also where nobody would need one: a key that is thought to work and does not is an error.
            using var request = new HttpRequestMessage(HttpMethod.Get, "/models");
            request.Headers.TryAddWithoutValidation("Authorization", header);
            await Problem.ExpectAsync(await client.SendAsync(request), 401, sentence);
        }

        await Problem.ExpectAsync(await client.PublishAsync([1]), 401, "No key is given, and without one this server allows 'read', 'generate'; this takes 'publish'.");
        var reader = await service.ClientAsync("reader", "read");
        await Problem.ExpectAsync(await reader.PublishAsync([1]), 403, "Key 1 of 'reader' allows 'read', this takes 'publish'.");
    }

    [Theory]
    [InlineData("http://127.0.0.1:0", "", 200)]
    [InlineData("http://[::1]:0;http://localhost:0", "", 200)]
    [InlineData("http://*:0", "", 401)]
    [InlineData("http://127.0.0.1:0;http://0.0.0.0:0", "", 401)]
    [InlineData("http://0.0.0.0:0", "read", 200)]
    [InlineData("http://127.0.0.1:0", "none", 401)]
    public void Anonymous_ByDefault_MayReadOnlyWhereTheServerListensOnThisMachine(string urls, string scopes, int status)
    {
        var builder = Microsoft.AspNetCore.Builder.WebApplication.CreateBuilder(["--urls", urls, "--EventService:AnonymousScopes", scopes]);
        var settings = Server.Settings.SettingsStart.AddSettings(builder);
        Assert.Equal(status == 200, KeyScope.Allow(settings.ScopesOfAnonymous, KeyScope.Read));
        Assert.False(KeyScope.Allow(settings.ScopesOfAnonymous, KeyScope.Publish));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Keys_AreMadeShownOnceRotatedAndRevokedLive(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 2, registry: test);
        await using var other = new RunningService(workers: 2, registry: test);
        var admin = await service.ClientAsync("root", "admin");

        using var created = await admin.PostJsonAsync("/keys", """{"name":"alice@cern.ch","scopes":"publish,read","eventsPerSecond":1000,"concurrentRequests":2,"expiresAt":"2100-01-01T00:00:00Z"}""");
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var issued = JsonElement.Parse(await created.Content.ReadAsStringAsync());
        var key = issued.GetProperty("key").GetString()!;
        Assert.Matches("^esk_[A-Za-z0-9_-]{43}$", key);

        // What is stored is the digest, and nothing that is listed holds the key.
        Assert.Equal([Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))], await test.QueryAsync("SELECT hash FROM api_key WHERE name = 'alice@cern.ch'"));
        var listed = await admin.JsonAsync("/keys");
        Assert.DoesNotContain(key, listed.GetRawText(), StringComparison.Ordinal);
        var alice = listed[1];
        Assert.Equal(
            ("alice@cern.ch", "valid", 1000L, 2, "root", "[\"read\",\"publish\"]"),
            (alice.GetProperty("name").GetString(), alice.GetProperty("state").GetString(), alice.GetProperty("eventsPerSecond").GetInt64(),
                alice.GetProperty("concurrentRequests").GetInt32(), alice.GetProperty("createdBy").GetString(), alice.GetProperty("scopes").GetRawText()));

        Assert.Equal(200, await StatusAsync(service, key));
        Assert.Equal(200, await StatusAsync(other, key));

        // Rotated with an overlap both work, with none only the new one does.
        var id = issued.GetProperty("details").GetProperty("id").GetInt64();
        var second = (await admin.PostJsonAsync($"/keys/{id}/rotate", """{"overlapSeconds":600}""").JsonAsync(201)).GetProperty("key").GetString()!;
        Assert.Equal((200, 200), (await StatusAsync(service, key), await StatusAsync(service, second)));
        var secondId = (await admin.JsonAsync("/keys"))[2].GetProperty("id").GetInt64();
        var rotated = await admin.PostAsync($"/keys/{secondId}/rotate", null).JsonAsync(201);
        var third = rotated.GetProperty("key").GetString()!;
        Assert.Equal(1000, rotated.GetProperty("details").GetProperty("eventsPerSecond").GetInt64());
        Assert.Equal((401, 200), (await StatusAsync(service, second), await StatusAsync(service, third)));
        await Problem.ExpectAsync(await admin.PostAsync($"/keys/{secondId}/rotate", null), 409, $"Key {secondId} of 'alice@cern.ch' is revoked. Make a new one.");

        // Revoked here at once, at the other server soon.
        var thirdId = rotated.GetProperty("details").GetProperty("id").GetInt64();
        Assert.Equal("revoked", (await admin.DeleteAsync($"/keys/{thirdId}").JsonAsync()).GetProperty("state").GetString());
        Assert.Equal(401, await StatusAsync(service, third));
        for (var tries = 0; await StatusAsync(other, third) != 401; tries++)
        {
            Assert.True(tries < 100, "The other server goes on taking a key that was revoked.");
            await Task.Delay(100);
        }

        await Problem.ExpectAsync(await admin.DeleteAsync("/keys/99"), 404, "There is no key 99. Keys: 1, 2, 3, 4.");
    }

    [Theory]
    [InlineData("""{"name":"eventservice"}""", 400, "The name of the key 'eventservice' is the service's own")]
    [InlineData("""{"name":"anonymous"}""", 400, "The name of the key 'anonymous' is the service's own")]
    [InlineData("""{"name":"a b"}""", 400, "The name of the key is 'a b', expected")]
    [InlineData("""{"name":"a","scopes":"write"}""", 400, "Scope 'write' is not known, expected read, generate, publish, admin.")]
    [InlineData("""{"name":"a","scopes":" "}""", 400, "The key would allow nothing")]
    [InlineData("""{"name":"a","eventsPerSecond":0}""", 400, "A quota below 1 lets nothing through")]
    [InlineData("""{"name":"a","expiresAt":"2001-01-01T00:00:00Z"}""", 400, "The key would expire at 2001-01-01")]
    [InlineData("""{"name":"root"}""", 409, "The name 'root' is that of key 1")]
    [InlineData("""{"scopes":"read"}""", 400, "The body is not the JSON that is expected")]
    public async Task PostKey_ThatMakesNoSense_IsRefused(string json, int status, string sentence)
    {
        await using var test = await TestRegistry.EmptyAsync(DatabaseKind.Sqlite);
        await using var service = new RunningService(workers: 1, registry: test);
        var admin = await service.ClientAsync("root", "admin");
        await Problem.ExpectAsync(await admin.PostJsonAsync("/keys", json), status, sentence);
        Assert.Single((await admin.JsonAsync("/keys")).EnumerateArray());
    }

    [Theory, OnSqlite]
    public async Task Caller_CarriesItsQuota(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 1, registry: test);
        await service.ClientAsync("root", "admin");
        var (key, row) = await service.Services.GetRequiredService<KeyStore>().CreateAsync(new CreateKeyRequest("alice", EventsPerSecond: 500, ConcurrentRequests: 3), "tests");

        var caller = await CallerAsync($"Bearer {key}");
        Assert.Equal(("alice", row.Id, new KeyQuota(500, 3)), (caller.Name, caller.KeyId, caller.Quota));
        Assert.Equal([KeyScope.Read, KeyScope.Generate], caller.Scopes);
        var nobody = await CallerAsync(header: null);
        Assert.Equal(("anonymous", null, KeyQuota.None), (nobody.Name, nobody.KeyId, nobody.Quota));

        async Task<Caller> CallerAsync(string? header)
        {
            await using var scope = service.Services.CreateAsyncScope();
            var context = new DefaultHttpContext { RequestServices = scope.ServiceProvider };
            context.Request.Headers.Authorization = header;
            context.User = (await context.AuthenticateAsync(KeysStart.Scheme)).Principal ?? new ClaimsPrincipal();
            return context.Caller();
        }
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Cache_WhileTheDatabaseIsAway_TrustsKnownKeysForAWhile(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        var time = new ManualTime();
        var contexts = new SwitchedContexts(test.Contexts);
        var keys = new KeyStore(contexts, time);
        var cache = new KeyCache(keys, time, TimeSpan.FromMinutes(15));
        var (alice, _) = await keys.CreateAsync(new CreateKeyRequest("alice"), "tests");
        var (bob, bobs) = await keys.CreateAsync(new CreateKeyRequest("bob"), "tests");
        await keys.RevokeAsync(bobs.Id);
        await cache.RefreshAsync();

        contexts.IsOn = false;
        Assert.True(DatabaseFailure.Is(await Assert.ThrowsAnyAsync<Exception>(() => cache.RefreshAsync())));
        time.Now += TimeSpan.FromMinutes(15);
        Assert.Equal("valid", keys.StateOf((await cache.FindAsync(alice))!));
        Assert.Equal("revoked", keys.StateOf((await cache.FindAsync(bob))!));
        var unknown = await Assert.ThrowsAsync<RegistryException>(async () => await cache.FindAsync("esk_other"));
        Assert.Equal((RegistryFault.Unusable, "The registry's database is away, and this server has not seen the key before. Try again shortly."), (unknown.Fault, unknown.Message));
        time.Now += TimeSpan.FromSeconds(1);
        Assert.Equal(RegistryFault.Unusable, (await Assert.ThrowsAsync<RegistryException>(async () => await cache.FindAsync(alice))).Fault);

        contexts.IsOn = true;
        await cache.RefreshAsync();
        Assert.NotNull(await cache.FindAsync(alice));
        Assert.Null(await cache.FindAsync("esk_other"));
        var (carol, _) = await keys.CreateAsync(new CreateKeyRequest("carol"), "tests");
        Assert.Equal("carol", (await cache.FindAsync(carol))!.Name);

        // Once met, a key newer than the last reading works without the database too.
        contexts.IsOn = false;
        Assert.Equal("carol", (await cache.FindAsync(carol))!.Name);
    }

    [Theory, OnPostgres]
    public async Task Service_WhileTheDatabaseIsAway_TakesKnownKeysAndAnswers503ToUnknownOnes(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 2, registry: test, settings: ("AnonymousScopes", "none"));
        var client = await service.ClientAsync("alice", "generate");
        const string request = "/generate?process=ttbar&n=10";
        (await client.PostAsync(request, null)).EnsureSuccessStatusCode();

        await PostgresServer.CloseAsync(test.ConnectionString);
        Assert.Equal(HttpStatusCode.OK, (await client.PostAsync(request, null)).StatusCode);
        var stranger = service.CreateClient();
        stranger.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "esk_other");
        using (var unknown = await stranger.PostAsync(request, null))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, unknown.StatusCode);
            Assert.NotNull(unknown.Headers.RetryAfter);
        }

        Assert.Equal(HttpStatusCode.Unauthorized, (await service.CreateClient().PostAsync(request, null)).StatusCode);
        await PostgresServer.OpenAsync(test.ConnectionString);
        for (var tries = 0; (await stranger.PostAsync(request, null)).StatusCode != HttpStatusCode.Unauthorized; tries++)
        {
            Assert.True(tries < 100, "An unknown key is not refused again.");
            await Task.Delay(100);
        }
    }

    private static async Task<int> StatusAsync(RunningService service, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/models");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var response = await service.CreateClient().SendAsync(request);
        return (int)response.StatusCode;
    }
}
