using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

using EventService.Contracts.V1;
using EventService.FunctionalTests.Databases;
using EventService.FunctionalTests.Grpc;
using EventService.Registry.Catalog;

using Google.Protobuf;

using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace EventService.FunctionalTests.Logging;

/// <summary>The line of each request: what happened, as loud as it concerns who runs the server.</summary>
public sealed class RequestLogTests : IDisposable
{
    private readonly LogLines _log = new();

    public void Dispose() => _log.Dispose();

    /// <summary>A service whose catalog of models fails, by an error that repeats what no terminal should see.</summary>
    private sealed class FaultyService(LogLines log) : RunningService(workers: 1, settings: log.Setting)
    {
        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            base.ConfigureWebHost(builder);
            builder.ConfigureTestServices(services =>
                services.AddScoped<IModelCatalog>(_ => throw new InvalidOperationException("A fault\n\u001b[31mof the server.")));
        }
    }

    [Fact]
    public async Task Answered_ByAKey_NamesItAndTheAddress()
    {
        using var service = new RunningService(workers: 1, settings: _log.Setting);
        var client = await service.ClientAsync("alice", "generate");
        const string path = "/generate?process=ttbar&n=1&seed=1";
        (await client.PostAsync(path, null)).EnsureSuccessStatusCode();
        var line = await _log.OfRequestAsync(path);
        Assert.Equal(("Information", 2000, "answered 200"), Ending(line));
        Assert.Matches(
            @"^POST /generate\?process=ttbar&n=1&seed=1 answered 200; [0-9.]+ ms, alice at 127\.0\.0\.1, request \S+$",
            line.GetProperty("RenderedMessage").GetString());
    }

    [Theory]
    [InlineData("/generate?process=none", "answered 404: Process 'none' not found.")]
    [InlineData("/generate?process=ttbar&n=0", "answered 400: n is '0'")]
    [InlineData("/models/x/aliases/y?reason=z", "answered 405")]
    [InlineData("/nothing", "answered 404")]
    [InlineData("/keys", "answered 401: No key is given")]
    [InlineData("/generate?process=zjets&logDensity=true", "answered 422: ")]
    public async Task Refused_ByTheRequestsOwnFault_IsNoErrorAndHasNoStackTrace(string path, string outcome)
    {
        using var service = new RunningService(workers: 1, settings: _log.Setting);
        using var response = await service.CreateClient().PostAsync(path, null);
        var line = await _log.OfRequestAsync(path);
        var (level, id, said) = Ending(line);
        Assert.Equal(("Information", 2001), (level, id));
        Assert.StartsWith(outcome, said, StringComparison.Ordinal);
        Assert.False(line.TryGetProperty("Exception", out _));
        Assert.Empty(_log.Loud());

        var problem = JsonElement.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal(problem.GetProperty("traceId").GetString(), line.GetProperty("Properties").GetProperty("RequestId").GetString());
    }

    [Fact]
    public async Task Refused_ForWantOfRoom_IsNoError()
    {
        using var service = new RunningService(workers: 1, settings: [_log.Setting, ("QueueLength", "1")]);
        var client = await service.ClientAsync("alice", "generate");
        using var stream = await BeginAsync(client, "/generate?process=ttbar&n=2M&seed=5");
        const string path = "/generate?process=ttbar&n=2000&seed=6";
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.PostAsync(path, null)).StatusCode);
        var line = await _log.OfRequestAsync(path);
        const string outcome = "answered 503: The server is serving 1 streams, as many as it may. Try again shortly.";
        Assert.Equal(("Information", 2001, outcome), Ending(line));
        Assert.False(line.TryGetProperty("Exception", out _));
    }

    [Theory, OnPostgres]
    public async Task DatabaseAway_IsAWarningWithTheCauseAndWithoutAStackTrace(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 1, registry: test, settings: _log.Setting);
        var client = service.CreateClient();
        await client.JsonAsync("/models");
        await PostgresServer.CloseAsync(test.ConnectionString);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/models?limit=7")).StatusCode);
        var line = await _log.OfRequestAsync("/models?limit=7");
        await PostgresServer.OpenAsync(test.ConnectionString);
        var (level, id, said) = Ending(line);
        Assert.Equal(("Warning", 2001), (level, id));
        Assert.StartsWith(
            "answered 503: The registry's database does not answer. Try again shortly; the server's log says why. The cause: ",
            said, StringComparison.Ordinal);
        Assert.False(line.TryGetProperty("Exception", out _));
    }

    [Fact]
    public async Task Failed_ByTheServersFault_IsOneErrorWithItsExceptionUnderTheIdOfTheAnswer()
    {
        using var service = new FaultyService(_log);
        using var response = await service.CreateClient().GetAsync("/models/mine");
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        var problem = JsonElement.Parse(await response.Content.ReadAsStringAsync());
        var line = await _log.OfRequestAsync("/models/mine");
        Assert.Equal(("Error", 2003, @"answered 500: A fault\n\u001b[31mof the server."), Ending(line));
        Assert.Equal(problem.GetProperty("traceId").GetString(), line.GetProperty("Properties").GetProperty("RequestId").GetString());
        var exception = line.GetProperty("Exception").GetString()!;
        Assert.StartsWith(
            @"System.InvalidOperationException: A fault\n\u001b[31mof the server." + "\n   at ", exception, StringComparison.Ordinal);
        Assert.Single(_log.Loud());
    }

    [Fact]
    public async Task Failed_OverGrpc_IsOneErrorWithItsExceptionUnderTheIdOfTheAnswer()
    {
        using var service = new FaultyService(_log);
        service.StartServer();
        using var grpc = new RawCall(service.GrpcAddress);
        const string path = "/eventservice.v1.Models/ListModels";
        var answer = await grpc.SendAsync(path, new ListModelsRequest());
        var line = await _log.OfRequestAsync(path);
        Assert.Equal(("Error", 2003, @"ended with grpc-status 13: A fault\n\u001b[31mof the server."), Ending(line));
        var request = line.GetProperty("Properties").GetProperty("RequestId").GetString();
        Assert.Equal($"The server failed; its log has the details under request {request}.", answer.Sentence);
        Assert.Single(_log.Loud());
    }

    [Fact]
    public async Task Refused_OverGrpc_HasItsStatusAndSentence()
    {
        using var service = new RunningService(workers: 1, settings: _log.Setting);
        service.StartServer();
        using var grpc = new RawCall(service.GrpcAddress);
        const string path = "/eventservice.v1.Events/Generate";
        var answer = await grpc.SendAsync(path, new GenerateRequest { Process = "a\u001b[2J" });
        var line = await _log.OfRequestAsync(path);
        var (level, id, said) = Ending(line);
        Assert.Equal(("Information", 2001), (level, id));
        Assert.StartsWith(@"ended with grpc-status 5: Process 'a\u001b[2J' not found.", said, StringComparison.Ordinal);
        Assert.StartsWith("Process 'a\u001b[2J' not found.", answer.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Left_InTheMiddleOfAStream_IsNoAnswerAndSaysHowFarItWas()
    {
        using var service = new RunningService(workers: 1, settings: _log.Setting);
        const string path = "/generate?process=ttbar&n=2M&seed=11";
        using (var client = service.CreateClient())
        using (var response = await BeginAsync(client, path))
        {
            await (await response.Content.ReadAsStreamAsync()).ReadExactlyAsync(new byte[1000]);
        }

        var line = await _log.OfRequestAsync(path);
        var (level, id, said) = Ending(line);
        Assert.Equal(("Information", 2002), (level, id));
        Assert.InRange(EventsOf(@"^was left by the client after status 200, with ([0-9]+) of 2000000 events sent$", said), 0, 1_999_999);
        Assert.False(line.TryGetProperty("Exception", out _));
    }

    [Fact]
    public async Task Left_InTheMiddleOfACall_IsNoAnswer()
    {
        using var service = new RunningService(workers: 1, settings: _log.Setting);
        service.StartServer();
        const string path = "/eventservice.v1.Events/Generate";
        using (var grpc = new RawCall(service.GrpcAddress))
        using (var gone = new CancellationTokenSource())
        {
            var request = RawCall.Frame(new GenerateRequest { Process = "ttbar", N = 2_000_000 }.ToByteArray());
            using var response = await grpc.OpenAsync(path, request, gone.Token);
            await (await response.Content.ReadAsStreamAsync()).ReadExactlyAsync(new byte[1000]);
        }

        var (level, id, said) = Ending(await _log.OfRequestAsync(path));
        Assert.Equal(("Information", 2002), (level, id));
        Assert.InRange(EventsOf(@"^was left by the client after status 200, with ([0-9]+) of 2000000 events sent$", said), 0, 1_999_999);
    }

    [Fact]
    public async Task CutOff_ClientThatReadsNothing_IsAWarningThatSaysSo()
    {
        using var service = new RunningService(workers: 1, settings: [_log.Setting, ("StallSeconds", "1")]);
        const string path = "/generate?process=ttbar&n=2M&seed=12";
        using var client = service.CreateClient();
        using var response = await BeginAsync(client, path);
        var line = await _log.OfRequestAsync(path);
        var (level, id, said) = Ending(line);
        Assert.Equal(("Warning", 2002), (level, id));
        Assert.InRange(
            EventsOf(@"^was cut off after status 200, with ([0-9]+) of 2000000 events sent: The client has taken nothing for 1 s\.$", said),
            1, 1_999_999);
        Assert.False(line.TryGetProperty("Exception", out _));
    }

    [Fact]
    public async Task CutOff_WhenTheServerEnds_IsAWarningThatSaysSo()
    {
        const string path = "/generate?process=ttbar&n=2M&seed=13";
        using var client = new HttpClient(); // the service's own go before it
        HttpResponseMessage response;
        await using (var service = new RunningService(workers: 1, settings: [_log.Setting, ("ShutdownSeconds", "1")]))
        {
            client.BaseAddress = service.CreateClient().BaseAddress;
            response = await BeginAsync(client, path);
            await (await response.Content.ReadAsStreamAsync()).ReadExactlyAsync(new byte[1000]);
        }

        // Until here the client holds on to what it has not read.
        response.Dispose();
        var (level, id, said) = Ending(await _log.OfRequestAsync(path));
        Assert.True((level, id) == ("Warning", 2002), $"{level} {id} {said}");
        Assert.InRange(
            EventsOf(@"^was cut off after status 200, with ([0-9]+) of 2000000 events sent: The server is shutting down and cannot", said),
            0, 1_999_999);
    }

    [Fact]
    public async Task Console_WhateverAClientSends_GetsNoControlCharacters()
    {
        await using var test = await TestRegistry.MigratedAsync(DatabaseKind.Sqlite);
        string output;
        await using (var server = await ServerProcess.StartAsync(test))
        {
            const string evil = "%1b%5b31mred%0a12:00:00.000%20ERR%20forged%c2%9b2J%e2%80%ae";
            foreach (var path in new[]
            {
                $"/generate?process={evil}", $"/generate?{evil}=1", $"/{evil}", $"/generate?process=ttbar&columns={evil}",
                $"/jobs?process={evil}",
            })
            {
                await server.Client.PostAsync(path, null);
            }

            await server.Client.GetAsync($"/models/{evil}");
            await server.Client.PostJsonAsync("/keys", """{"name":"\u001b[31mkey\n12:00:00.000 ERR forged"}""");
            await server.Client.PostJsonAsync("/generate", """{"process":"\u001b]0;owned\u0007\n12:00:00.000 ERR forged"}""");

            // As no client library sends it: control characters in the agent, the content type and the key.
            foreach (var request in new[]
            {
                "POST /generate?process=ttbar HTTP/1.1\r\nUser-Agent: \u001b[31m\r\nContent-Type: \u001b[31m\r\nContent-Length: 1\r\n{0}x",
                "GET /models HTTP/1.1\r\nAuthorization: Bearer esk_\u001b[31m\r\n{0}",
                "GET /\u001b[31m HTTP/1.1\r\n{0}",
            })
            {
                await SendAsync(server.Client.BaseAddress!, string.Format(null, request, "Host: x\r\nConnection: close\r\n\r\n"));
            }

            server.Terminate();
            output = await server.OutputAsync();
        }

        // The line of every request that reached the service, each on its own.
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(lines.Count(l => l.Contains(" answered 4", StringComparison.Ordinal)) >= 9, output);
        Assert.All(lines, line => Assert.DoesNotContain(line, c => char.IsControl(c) || c is '\u202e'));
        Assert.DoesNotContain(lines, line => line.StartsWith("12:00:00.000 ERR", StringComparison.Ordinal));
        const string escaped = @"Process '\u001b[31mred\n12:00:00.000 ERR forged\u009b2J\u202e' not found.";
        Assert.Contains(lines, line => line.Contains(escaped, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Console_TemplateAndLevelOfTheSettings_AreThoseOfTheSettings()
    {
        await using var test = await TestRegistry.MigratedAsync(DatabaseKind.Sqlite);
        await using var server = await ServerProcess.StartAsync(
            test, "--EventService:Serilog:WriteTo:Console:Args:outputTemplate=<{RequestId}> {Message:lj}{NewLine}",
            "--EventService:Serilog:MinimumLevel:Override:Serilog.AspNetCore=Debug");
        await server.Client.GetAsync("/health/live");
        server.Terminate();
        const string line = @"<(\S+)> GET /health/live answered 200; [0-9.]+ ms, anonymous at 127\.0\.0\.1, request \1\n";
        Assert.Matches(line, await server.OutputAsync());
    }

    /// <summary>The answer when its headers are there; the rest waits to be read.</summary>
    private static Task<HttpResponseMessage> BeginAsync(HttpClient client, string path) =>
        client.SendAsync(new HttpRequestMessage(HttpMethod.Post, path), HttpCompletionOption.ResponseHeadersRead);

    private static async Task SendAsync(Uri address, string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        using var reader = new StreamReader(stream);
        await reader.ReadToEndAsync();
    }

    private static (string Level, int Id, string Outcome) Ending(JsonElement line)
    {
        var properties = line.GetProperty("Properties");
        var id = properties.GetProperty("EventId").GetProperty("Id").GetInt32();
        return (line.GetProperty("Level").GetString()!, id, properties.GetProperty("Outcome").GetString()!);
    }

    private static int EventsOf(string pattern, string outcome)
    {
        Assert.Matches(pattern, outcome);
        return int.Parse(System.Text.RegularExpressions.Regex.Match(outcome, pattern).Groups[1].Value);
    }
}
