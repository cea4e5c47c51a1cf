using System.Diagnostics;
using System.Globalization;
using System.Net;

using EventService.Client;
using EventService.Contracts.V1;

namespace EventService.Transport;

/// <summary>Reads all ready events once, and prints MB/s and its own processor seconds for a GB.</summary>
internal static class Reader
{
    /// <summary>
    /// The first two pass the bytes on as they are, the others go through EventService.Client; the last uses the memory of blocks again,
    /// where the build can.
    /// </summary>
    public const string Bytes = "bytes", BareBytes = "bare", Events = "events", ReusedEvents = "reused";

    public static async Task RunAsync(Uri address, string kind)
    {
        Func<Task<long>> read = kind switch
        {
            Bytes => () => ReadBytesAsync(address, ReadyServer.ServicePath),
            BareBytes => () => ReadBytesAsync(address, ReadyServer.BarePath),
            _ => () => ReadEventsAsync(address, new EventServiceClientOptions { ReuseBlocks = kind == ReusedEvents }),
        };

        // What is measured is the second time: by then all is compiled.
        await read();
        var (start, before) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        var bytes = await read();
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var processor = (Environment.CpuUsage.TotalTime - before).TotalSeconds;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{bytes / seconds / 1e6} {processor / (bytes / 1e9)}"));
    }

    private static async Task<long> ReadBytesAsync(Uri address, string path)
    {
        using var http = new HttpClient(new SocketsHttpHandler { InitialHttp2StreamWindowSize = 8 << 20 }) { BaseAddress = address };
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new ByteArrayContent(new byte[5]),
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Content.Headers.ContentType = new("application/grpc");
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await using var body = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[1 << 18];
        var count = 0L;
        for (int read; (read = await body.ReadAsync(buffer)) > 0;)
        {
            count += read;
        }

        return count > new ReadyEvents().Length ? count : throw new InvalidDataException($"{path}: {count} bytes came.");
    }

    private static async Task<long> ReadEventsAsync(Uri address, EventServiceClientOptions options)
    {
        using var client = new EventServiceClient(address, options);
        using var stream = await client.GenerateAsync(new GenerateRequest());
        var sum = 0.0;
        await foreach (var block in stream.ReadAllAsync())
        {
            // Every block is looked at, not every number: what is measured is the way to them.
            sum += block.Scalar(2)[^1] + block.Collections[^1].Column(4)[^1];
        }

        return stream.Events == ReadyEvents.Events && sum > 0
            ? new ReadyEvents().Length
            : throw new InvalidDataException($"{stream.Events} events came.");
    }
}
