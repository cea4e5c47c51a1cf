using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EventService.Client;
using EventService.Contracts.V1;
using EventService.FunctionalTests.Databases;
using EventService.FunctionalTests.Grpc;
using EventService.FunctionalTests.Jobs;
using EventService.FunctionalTests.Logging;
using EventService.FunctionalTests.Models;
using EventService.Registry.Keys;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace EventService.FunctionalTests.Tokens;

/// <summary>Tokens of a real OpenID provider, over REST and gRPC.</summary>
public sealed class TokenTests
{
    private const string Generate = "/generate?process=ttbar&n=1";
    private const string Listing = "/eventservice.v1.Models/ListModels";

    [OpenIdFact]
    public async Task Token_ByItsClaims_AllowsWhatTheSettingsSay()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        using var service = new TokenService(provider.Issuer);
        foreach (var (token, read, generate, publish) in new[]
        {
            (await provider.PersonAsync("alice"), true, true, true),
            (await provider.PersonAsync("bob"), true, true, false),
            (await provider.PersonAsync("carol"), true, false, false),
            (await provider.PersonAsync("carol", scope: "events.publish"), false, false, false),
            (await provider.PersonAsync("carol", resource: OpenIdProvider.Elliptic), true, false, false),
            (await provider.ProgramAsync("events.read events.generate"), true, true, false),
        })
        {
            var client = service.ClientOf(token);
            Assert.Equal(read ? 200 : 403, (int)(await client.GetAsync("/models")).StatusCode);
            Assert.Equal(generate ? 200 : 403, (int)(await client.PostAsync(Generate, null)).StatusCode);
            // The body is none: 400 is said to who may publish.
            Assert.Equal(publish ? 400 : 403, (int)(await client.PublishAsync([1])).StatusCode);
            Assert.Equal(403, (int)(await client.GetAsync("/keys")).StatusCode);

            using var grpc = new EventServiceClient(service.GrpcAddress, new EventServiceClientOptions { ApiKey = token, Retries = 0 });
            Assert.Equal(read ? null : StatusCode.PermissionDenied, await StatusAsync(() => grpc.ListProcessesAsync()));
            Assert.Equal(generate ? null : StatusCode.PermissionDenied, await StatusAsync(() => GenerateAsync(grpc)));
        }

        await Problem.ExpectAsync(await service.ClientOf(await provider.PersonAsync("carol")).PostAsync(Generate, null), 403,
            $"The token of '{provider.Issuer}#carol' allows 'read', this takes 'generate'.");
    }

    [OpenIdFact]
    public async Task Token_ThatIsNotValid_IsRefusedWithTheReasonOverRestAndGrpc()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        await using var other = await OpenIdProvider.StartAsync();
        using var service = new TokenService(provider.Issuer);
        var valid = await provider.PersonAsync("alice");
        var brief = await provider.PersonAsync("alice", resource: OpenIdProvider.Short);
        Assert.Equal(HttpStatusCode.OK, (await service.ClientOf(valid).PostAsync(Generate, null)).StatusCode);
        await Task.Delay(2500);
        var unknownKey = $"The token is signed by a key that {provider.Issuer} does not publish.";
        var wrongSignature = $"The token is not signed by {provider.Issuer}, or was changed after that.";
        foreach (var (token, sentence) in new[]
        {
            (brief, "The token expired at 20"),
            (await provider.PersonAsync("alice", resource: OpenIdProvider.Mail), "The token is for 'mail', expected 'eventservice'."),
            (await other.PersonAsync("alice"), $"The token is one of '{other.Issuer}', expected one of {provider.Issuer}."),
            (Reissued(await other.PersonAsync("alice"), other.Issuer, provider.Issuer), unknownKey),
            (Changed(valid, p => p.Replace("\"groups\":[", "\"groups\":[\"admins\",", StringComparison.Ordinal)), wrongSignature),
            (Forged(valid), wrongSignature),
            (Unsigned(valid), wrongSignature),
            (await SymmetricAsync(valid, provider.Issuer), wrongSignature),
            ("opaque", "The Authorization header holds neither a key of this service ('Bearer esk_...') nor a token (JWT) of "),
            ("a.b.c", "The Authorization header holds neither a key of this service"),
            ("esk_unknown", "The key is not known here."),
        })
        {
            using var rest = await service.ClientOf(token).PostAsync(Generate, null);
            Assert.Equal(["Bearer"], rest.Headers.WwwAuthenticate.Select(h => h.ToString()));
            await Problem.ExpectAsync(rest, 401, sentence);
            using var grpc = new RawCall(service.GrpcAddress, token);
            var answer = await grpc.SendAsync(Listing, new ListModelsRequest());
            Assert.Equal(StatusCode.Unauthenticated, answer.Status);
            Assert.StartsWith(sentence, answer.Sentence, StringComparison.Ordinal);
        }

        // Nothing of that has changed what is valid.
        Assert.Equal(HttpStatusCode.OK, (await service.ClientOf(valid).PostAsync(Generate, null)).StatusCode);
        using var basic = new HttpRequestMessage(HttpMethod.Get, "/models");
        basic.Headers.TryAddWithoutValidation("Authorization", "Basic dXNlcjpwYXNz");
        await Problem.ExpectAsync(await service.CreateClient().SendAsync(basic), 401,
            $"The Authorization header holds no key of this service, expected 'Bearer esk_...', or a token of {provider.Issuer}.");
    }

    [OpenIdFact]
    public async Task Keys_WhenTheProviderTakesNewOnes_AreFetchedForTheFirstTokenAndOldTokensEnd()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        using var service = new TokenService(provider.Issuer);
        var before = await provider.PersonAsync("alice");
        Assert.Equal(HttpStatusCode.OK, (await service.ClientOf(before).GetAsync("/models")).StatusCode);
        await provider.RotateAsync();
        Assert.Equal(HttpStatusCode.OK, (await service.ClientOf(await provider.PersonAsync("alice")).GetAsync("/models")).StatusCode);
        var unknown = $"The token is signed by a key that {provider.Issuer} does not publish.";
        await Problem.ExpectAsync(await service.ClientOf(before).GetAsync("/models"), 401, unknown);
    }

    [OpenIdFact]
    public async Task Provider_ThatIsAway_StopsNoKeysAndNoTokensOnceItWasThere()
    {
        var port = FreePort.Next();
        using var log = new LogLines();
        using var service = new TokenService($"http://127.0.0.1:{port}", registry: null, log.Setting);
        var key = await service.ClientAsync("alice", "read");
        string token;
        await using (var elsewhere = await OpenIdProvider.StartAsync())
        {
            token = await elsewhere.PersonAsync("alice");
        }

        using (var away = await service.ClientOf(token).GetAsync("/models"))
        {
            Assert.Equal(5, away.Headers.RetryAfter?.Delta?.TotalSeconds);
            await Problem.ExpectAsync(
                away, 503, $"http://127.0.0.1:{port} does not give the keys that tokens are checked with; API keys work meanwhile.");
        }

        using (var grpc = new RawCall(service.GrpcAddress, token))
        {
            Assert.Equal(StatusCode.Unavailable, (await grpc.SendAsync(Listing, new ListModelsRequest())).Status);
        }

        await key.JsonAsync("/models");
        Assert.Contains(log.Loud(), l => l.GetProperty("Properties").GetProperty("EventId").GetProperty("Id").GetInt32() == 2600);

        await using (var provider = await OpenIdProvider.StartAsync(port))
        {
            token = await provider.PersonAsync("alice");
            for (var tries = 0; (await service.ClientOf(token).GetAsync("/models")).StatusCode != HttpStatusCode.OK; tries++)
            {
                Assert.True(tries < 100, "Tokens are not taken when the provider is there.");
                await Task.Delay(200);
            }
        }

        // Gone again: its keys are known.
        Assert.Equal(HttpStatusCode.OK, (await service.ClientOf(token).PostAsync(Generate, null)).StatusCode);
        Assert.DoesNotContain(token.Split('.')[2], log.Text(), StringComparison.Ordinal);
        Assert.DoesNotContain(token.Split('.')[1], log.Text(), StringComparison.Ordinal);
        Assert.All(log.Loud(), l => Assert.Equal("Warning", l.GetProperty("Level").GetString()));
        Assert.DoesNotContain(log.Loud(), l => l.TryGetProperty("Exception", out _));
    }

    [OpenIdFact]
    public async Task Names_OfAPersonAndAKey_DoNotMix()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        await using var test = await TestRegistry.EmptyAsync(DatabaseKind.Sqlite);
        using var service = new TokenService(provider.Issuer, test);
        var person = service.ClientOf(await provider.PersonAsync("alice"));
        var program = service.ClientOf(await provider.ProgramAsync("events.read events.generate"));
        var key = await service.ClientAsync("alice", "generate");
        var admin = await service.ClientAsync("root", "admin");
        var owner = $"{provider.Issuer}#alice";

        // Under one name of the request, which is its owner's: three jobs.
        var jobs = new List<long>();
        foreach (var client in new[] { person, key, program })
        {
            jobs.Add((await client.SubmitAsync("process=ttbar&n=10&seed=1", "same")).Id());
        }

        Assert.Equal(3, jobs.Distinct().Count());
        Assert.Equal([owner], await OwnersAsync(person));
        Assert.Equal(["alice"], await OwnersAsync(key));
        Assert.Equal([$"{provider.Issuer}#batch"], await OwnersAsync(program));
        Assert.Equal([owner], await OwnersAsync(admin, $"?owner={Uri.EscapeDataString(owner)}"));
        Assert.Equal(HttpStatusCode.NotFound, (await key.GetAsync($"/jobs/{jobs[0]}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await person.GetAsync($"/jobs/{jobs[1]}")).StatusCode);
        await person.WaitAsync(jobs[0], "done");

        // Histories name the person too, and no key can take that name.
        (await person.PublishAsync(TestModels.Bytes("mine", "ttbar"))).EnsureSuccessStatusCode();
        var history = await person.JsonAsync("/models/mine/history");
        Assert.Contains(history.EnumerateArray(), h => h.GetProperty("actor").GetString() == owner);
        var named = await admin.PostJsonAsync("/keys", JsonSerializer.Serialize(new { name = owner }));
        await Problem.ExpectAsync(named, 400, $"The name of the key is '{owner}', expected");

        static async Task<string[]> OwnersAsync(HttpClient client, string query = "") =>
            [.. (await client.JsonAsync($"/jobs{query}")).EnumerateArray().Select(j => j.GetProperty("owner").GetString()!)];
    }

    [OpenIdFact]
    public async Task Quota_OfTheSettings_IsEachPersonsOwn()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        using var service = new TokenService(provider.Issuer, registry: null, ("Jwt:ConcurrentRequests", "1"));
        var alice = service.ClientOf(await provider.PersonAsync("alice"));
        var bob = service.ClientOf(await provider.PersonAsync("bob"));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/generate?process=ttbar&n=2M&seed=1");
        using var stream = await alice.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await Problem.ExpectAsync(
            await alice.PostAsync(Generate, null), 429, $"'{provider.Issuer}#alice' has 1 requests under way, as many as it may.");
        Assert.Equal(HttpStatusCode.OK, (await bob.PostAsync(Generate, null)).StatusCode);
    }

    [OpenIdFact]
    public async Task Documents_AndTheCommandLine_TakeTokensWhereTheyTakeKeys()
    {
        await using var provider = await OpenIdProvider.StartAsync();
        using var service = new TokenService(provider.Issuer);
        var document = await service.CreateClient().JsonAsync("/swagger/v1/swagger.json");
        var scheme = document.GetProperty("components").GetProperty("securitySchemes").GetProperty("token");
        Assert.Equal($"{provider.Issuer}/.well-known/openid-configuration", scheme.GetProperty("openIdConnectUrl").GetString());
        var security = document.GetProperty("paths").GetProperty("/generate").GetProperty("post").GetProperty("security");
        var either = JsonElement.Parse("""[{"key":["generate"]},{"token":["generate"]}]""");
        Assert.True(JsonElement.DeepEquals(either, security), $"{security}");

        var (output, error) = (new StringWriter(), new StringWriter());
        var command = new System.CommandLine.RootCommand { Cli.Models.ModelsCommand.Command(TestModels.Load) };
        var server = service.CreateClient().BaseAddress!.ToString();
        var code = await command.Parse(["models", "list", "--server", server, "--key", await provider.PersonAsync("carol")])
            .InvokeAsync(new System.CommandLine.InvocationConfiguration { Output = output, Error = error });
        Assert.True(code == 0, $"{error}");
        Assert.Contains("ttbar-analytic", $"{output}", StringComparison.Ordinal);
    }

    private static async Task<StatusCode?> StatusAsync(Func<Task> call)
    {
        try
        {
            await call();
            return null;
        }
        catch (RpcException e)
        {
            return e.StatusCode;
        }
    }

    private static async Task GenerateAsync(EventServiceClient client)
    {
        using var stream = await client.GenerateAsync(new GenerateRequest { Process = "ttbar", N = 1 });
        await foreach (var _ in stream.ReadAllAsync())
        {
        }
    }

    private static string Decoded(string part) => Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(part));

    private static string Encoded(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);

    private static string Encoded(string text) => Encoded(Encoding.UTF8.GetBytes(text));

    private static string Changed(string token, Func<string, string> change)
    {
        var parts = token.Split('.');
        var changed = change(Decoded(parts[1]));
        Assert.NotEqual(Decoded(parts[1]), changed);
        return $"{parts[0]}.{Encoded(changed)}.{parts[2]}";
    }

    private static string Reissued(string token, string from, string to) =>
        Changed(token, p => p.Replace($"\"iss\":\"{from}\"", $"\"iss\":\"{to}\"", StringComparison.Ordinal));

    /// <summary>Signed by somebody else under the name of the provider's key.</summary>
    private static string Forged(string token)
    {
        var parts = token.Split('.');
        Assert.Contains("\"alg\":\"RS256\"", Decoded(parts[0]), StringComparison.Ordinal);
        using var rsa = RSA.Create(2048);
        var signed = Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}");
        var signature = rsa.SignData(signed, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return $"{parts[0]}.{parts[1]}.{Encoded(signature)}";
    }

    private static string Unsigned(string token) => $"{Encoded("""{"alg":"none","typ":"at+jwt"}""")}.{token.Split('.')[1]}.";

    /// <summary>HS256 with the published key for the secret: what is public would sign, were the algorithm the token's choice.</summary>
    private static async Task<string> SymmetricAsync(string token, string issuer)
    {
        using var client = new HttpClient();
        var keys = await client.JsonAsync($"{issuer}/jwks");
        var key = keys.GetProperty("keys").EnumerateArray().First(k => k.GetProperty("kty").GetString() == "RSA");
        using var rsa = RSA.Create(new RSAParameters
        {
            Modulus = System.Buffers.Text.Base64Url.DecodeFromChars(key.GetProperty("n").GetString()),
            Exponent = System.Buffers.Text.Base64Url.DecodeFromChars(key.GetProperty("e").GetString()),
        });
        var header = JsonSerializer.Serialize(new { alg = "HS256", typ = "at+jwt", kid = key.GetProperty("kid").GetString() });
        var signed = $"{Encoded(header)}.{token.Split('.')[1]}";
        return $"{signed}.{Encoded(HMACSHA256.HashData(rsa.ExportSubjectPublicKeyInfo(), Encoding.ASCII.GetBytes(signed)))}";
    }
}
