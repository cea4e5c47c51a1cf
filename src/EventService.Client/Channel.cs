using System.IO.Compression;
using System.Net;

using EventService.Contracts.V1;

using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Compression;

namespace EventService.Client;

/// <summary>Connections to a server, and how calls over them are begun.</summary>
internal sealed class Channel : IDisposable
{
    private const int WindowBytes = 8 << 20;

    private readonly EventServiceClientOptions _options;
    private readonly GrpcChannel _channel;

    public Channel(Uri address, EventServiceClientOptions options)
    {
        _options = options;

        // With a client of our own each attempt connects anew: when to try again is decided by Patience alone.
        var client = new HttpClient(options.Handler ?? CreateHandler()) { Timeout = Timeout.InfiniteTimeSpan };
        _channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            HttpClient = client,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = options.LargestMessageBytes,
            MaxSendMessageSize = null,
            CompressionProviders = [new GzipCompressionProvider(CompressionLevel.Fastest)],
        });
        Calls = _channel.CreateCallInvoker();
        Events = new Events.EventsClient(Calls);
        Models = new Models.ModelsClient(Calls);
    }

    public CallInvoker Calls { get; }

    public Events.EventsClient Events { get; }

    public Models.ModelsClient Models { get; }

    public void Dispose() => _channel.Dispose();

    /// <param name="deadline">When the operation is over.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public CallOptions Options(Deadline deadline, CancellationToken cancellationToken)
    {
        var headers = new Metadata();
        if (_options.ApiKey is { } key)
        {
            headers.Add("authorization", $"Bearer {key}");
        }

        if (_options.Compress)
        {
            // How Grpc.Net.Client is told to pack what a call sends.
            headers.Add("grpc-internal-encoding-request", "gzip");
        }

        DateTime? until = deadline.Left is { } left ? TimeProvider.System.GetUtcNow().UtcDateTime + left : null;
        return new CallOptions(headers, until, cancellationToken);
    }

    private static SocketsHttpHandler CreateHandler() => new()
    {
        // A window too small makes a far server slow: at 25 ms, 64 KiB are 2.6 MB/s.
        InitialHttp2StreamWindowSize = WindowBytes,
        EnableMultipleHttp2Connections = true,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        KeepAlivePingDelay = TimeSpan.FromSeconds(30),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(20),
        AutomaticDecompression = DecompressionMethods.None,
    };
}
