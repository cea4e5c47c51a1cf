// gRPC streaming of ready data, in MB/s: the service's transport against a loop that writes the same bytes to Kestrel with nothing between, each
// read by a bare HTTP/2 client of .NET and by Debian's gRPC for Python (package python3-grpcio), alternating in one run. From the repository's root:
//   dotnet run -c Release --project benchmarks/EventService.Transport
using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net;

using EventService.Grpc.Framing;
using EventService.Grpc.V1;
using EventService.Server;
using EventService.Server.Grpc;
using EventService.Server.Metrics;

using Microsoft.AspNetCore.Server.Kestrel.Core;

const int Rounds = 7;
const string ServicePath = "/eventservice.v1.Events/Generate";
const string BarePath = "/bare/Loop";

var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
var settings = new ServerSettings();
builder.WebHost.ConfigureKestrel(kestrel =>
{
    kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
    kestrel.Limits.Http2.InitialConnectionWindowSize = kestrel.Limits.Http2.InitialStreamWindowSize = settings.Http2WindowBytes;
});
builder.Services.AddSingleton(settings).AddSingleton(TimeProvider.System).AddSingleton<ErrorMetrics>().AddSingleton<ReadyEvents>().AddGrpcHost();
await using var app = builder.Build();
app.MapGrpcService<ReadyEvents>(EventsReflection.Descriptor, "Events").ServerStreaming<GenerateRequest, GenerateResponse>("Generate", _ => ReadyEvents.Generate);
app.MapPost(BarePath, BareLoopAsync);
await app.StartAsync();
var address = new Uri(app.Urls.Single());

(string Name, Func<string, Task<double>> Read)[] clients = [(".NET, bytes thrown away", ReadAsync), ("python3-grpcio", ReadInPythonAsync)];
Console.WriteLine($"{ReadyEvents.Messages} messages of {ReadyEvents.Block.Length} bytes, {Rounds} rounds, {Environment.ProcessorCount} processors: median MB/s, least and greatest");
foreach (var (name, read) in clients)
{
    List<double> service = [], bare = [];
    for (var round = -1; round < Rounds; round++)
    {
        var (a, b) = (await read(ServicePath), await read(BarePath));
        if (round >= 0)
        {
            service.Add(a);
            bare.Add(b);
        }
    }

    Console.WriteLine($"{name}: service {Spread(service)}, bare loop {Spread(bare)}, ratio {Spread(service.Zip(bare, (a, b) => a / b), "F3")}");
}

static string Spread(IEnumerable<double> values, string format = "F0")
{
    double[] sorted = [.. values.Order()];
    string Text(double value) => value.ToString(format, CultureInfo.InvariantCulture);
    return $"{Text(sorted[sorted.Length / 2])} ({Text(sorted[0])} to {Text(sorted[^1])})";
}

static async Task BareLoopAsync(HttpContext context)
{
    context.Response.ContentType = "application/grpc";
    context.Response.DeclareTrailer("grpc-status");
    var message = new byte[MessageFrame.HeaderLength + ReadyEvents.Block.Length];
    BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), ReadyEvents.Block.Length);
    for (var k = 0; k < ReadyEvents.Messages; k++)
    {
        await context.Response.BodyWriter.WriteAsync(message);
    }

    context.Response.AppendTrailer("grpc-status", "0");
}

async Task<double> ReadAsync(string path)
{
    using var http = new HttpClient(new SocketsHttpHandler { InitialHttp2StreamWindowSize = 1 << 22 }) { BaseAddress = address, DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
    using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(new byte[MessageFrame.HeaderLength]), Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
    request.Content.Headers.ContentType = new("application/grpc");
    var start = Stopwatch.GetTimestamp();
    using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    await using var body = await response.Content.ReadAsStreamAsync();
    var buffer = new byte[1 << 18];
    var count = 0L;
    for (int read; (read = await body.ReadAsync(buffer)) > 0;)
    {
        count += read;
    }

    return count == (long)ReadyEvents.Messages * (ReadyEvents.Block.Length + MessageFrame.HeaderLength)
        ? count / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e6
        : throw new InvalidDataException($"{path}: {count} bytes came.");
}

async Task<double> ReadInPythonAsync(string path)
{
    using var python = Process.Start(new ProcessStartInfo("/usr/bin/python3", [Path.Combine(AppContext.BaseDirectory, "client.py"), address.Authority, path]) { RedirectStandardOutput = true })!;
    var said = await python.StandardOutput.ReadToEndAsync();
    await python.WaitForExitAsync();
    return double.Parse(said, CultureInfo.InvariantCulture);
}

/// <summary>Blocks that need no work: as large as 256 events of the shipped model.</summary>
internal sealed class ReadyEvents
{
    public const int Messages = 8000;

    public static byte[] Block { get; } = new byte[1 << 17];

    public static async Task Generate(GenerateRequest request, IServerStreamWriter<GenerateResponse> responses, ServerCallContext context)
    {
        for (var k = 0; k < Messages; k++)
        {
            await responses.WriteEncodedAsync(Block);
        }
    }
}
