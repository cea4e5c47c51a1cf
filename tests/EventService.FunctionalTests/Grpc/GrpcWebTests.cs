using System.Net;
using System.Text.Json;

using EventService.Contracts.V1;

using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Client.Web;

namespace EventService.FunctionalTests.Grpc;

/// <summary>As browsers call: gRPC-Web over HTTP/1.1, on the port of REST.</summary>
[Collection(ServiceCollection.Name)]
public sealed class GrpcWebTests(RunningService service) : IDisposable
{
    private readonly HttpClient _rest = service.CreateClient();

    public void Dispose() => _rest.Dispose();

    [Theory]
    [InlineData(GrpcWebMode.GrpcWeb)]
    [InlineData(GrpcWebMode.GrpcWebText)]
    public async Task Generate_OverHttp11_GivesTheEventsOfRest(GrpcWebMode mode)
    {
        var rest = await _rest.PostForTextAsync("/generate?process=ttbar&seed=6&n=2000&cut=nJet>=4");
        var lines = rest.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        using var channel = Channel(_rest.BaseAddress!, mode);
        var request = new GenerateRequest { Process = "ttbar", Seed = 6, N = 2000, Cut = "nJet>=4" };
        using var call = new Contracts.V1.Events.EventsClient(channel).Generate(request);
        var parts = await call.ResponseStream.ReadAllAsync().ToListAsync();
        Assert.Equal(
            lines.Select(l => JsonElement.Parse(l).GetProperty("event").GetInt64()),
            parts.Where(p => p.Block is not null).SelectMany(p => Client.EventColumnsExtensions.EventNumbers(p.Block).ToArray()));
        Assert.Equal(2000, parts[^1].End.Generated);
        Assert.Equal(parts[0].Start.Receipt.Json, call.GetTrailers().GetValue("eventservice-receipt"));
    }

    [Fact]
    public async Task Call_WhatCannotBe_HasItsStatusAndSentence()
    {
        using var channel = Channel(_rest.BaseAddress!, GrpcWebMode.GrpcWeb);
        var models = new Contracts.V1.Models.ModelsClient(channel);
        var e = await Assert.ThrowsAsync<RpcException>(async () => await models.GetModelAsync(new GetModelRequest { Name = "nobody" }));
        Assert.Equal(StatusCode.NotFound, e.StatusCode);
        Assert.StartsWith("Model 'nobody' not found.", e.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_WithoutTheKeyThatIsNeeded_IsUnauthenticated()
    {
        using var closed = new RunningService(workers: 1, settings: ("AnonymousScopes", "none"));
        using var channel = Channel(closed.CreateClient().BaseAddress!, GrpcWebMode.GrpcWeb);
        var models = new Contracts.V1.Models.ModelsClient(channel);
        var e = await Assert.ThrowsAsync<RpcException>(async () => await models.ListProcessesAsync(new ListProcessesRequest()));
        Assert.Equal(StatusCode.Unauthenticated, e.StatusCode);
        Assert.StartsWith("No key is given", e.Status.Detail, StringComparison.Ordinal);
    }

    private static GrpcChannel Channel(Uri address, GrpcWebMode mode) =>
        GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            HttpHandler = new GrpcWebHandler(mode, new HttpClientHandler()),
            HttpVersion = HttpVersion.Version11,
        });
}
