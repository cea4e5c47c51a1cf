using System.Buffers.Binary;
using System.Net;

using EventService.Contracts.V1;
using EventService.Server;
using EventService.Server.Events;
using EventService.Server.Grpc;
using EventService.Server.Metrics;
using EventService.Server.Settings;

using Google.Protobuf;

using Grpc.Core;

using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace EventService.Transport;

/// <summary>
/// Kestrel as the service sets it up, with ready events behind the service's transport and behind none. Prints its address.
/// </summary>
internal static class ReadyServer
{
    public const string ServicePath = "/eventservice.v1.Events/Generate";
    public const string BarePath = "/bare/Loop";

    public static async Task RunAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var settings = new ServerSettings();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.Http2.InitialConnectionWindowSize = kestrel.Limits.Http2.InitialStreamWindowSize = settings.Http2WindowBytes;
        });
        builder.Services
            .AddSingleton(settings)
            .AddSingleton(TimeProvider.System)
            .AddSingleton<ErrorMetrics>()
            .AddSingleton<ReadyEvents>()
            .AddGrpcServices(settings);
        await using var app = builder.Build();
        app.UseGrpc();
        app.MapGrpcService<ReadyService>();
        app.MapPost(BarePath, (HttpContext context, ReadyEvents events) => BareLoopAsync(context, events));
        await app.StartAsync();
        Console.WriteLine(app.Urls.Single());
        await app.WaitForShutdownAsync();
    }

    private static async Task BareLoopAsync(HttpContext context, ReadyEvents events)
    {
        context.Response.ContentType = "application/grpc";
        context.Response.DeclareTrailer("grpc-status");
        await WriteAsync(context, ReadyEvents.Start.ToByteArray());
        foreach (var block in events.Blocks())
        {
            await WriteAsync(context, block);
        }

        await WriteAsync(context, ReadyEvents.End.ToByteArray());
        context.Response.AppendTrailer("grpc-status", "0");
    }

    private static async Task WriteAsync(HttpContext context, ReadOnlyMemory<byte> message)
    {
        const int header = 5;
        var output = context.Response.BodyWriter;
        var prefix = output.GetMemory(header);
        prefix.Span[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(prefix.Span[1..], message.Length);
        output.Advance(header);
        await output.WriteAsync(message);
    }
}

/// <summary>The service with events that need no work.</summary>
internal sealed class ReadyService(ReadyEvents events) : EventsBase
{
    public override async Task Generate(
        GenerateRequest request, IServerStreamWriter<Outgoing<GenerateResponse>> responses, ServerCallContext context)
    {
        await responses.WriteAsync(new(ReadyEvents.Start));
        foreach (var block in events.Blocks())
        {
            await responses.WriteAsync(new(block));
        }

        await responses.WriteAsync(new(ReadyEvents.End));
    }

    public override Task Density(
        IAsyncStreamReader<DensityRequest> requests, IServerStreamWriter<Outgoing<DensityResponse>> responses, ServerCallContext context) =>
        throw new NotSupportedException();
}
