using System.Net;

using EventService.Grpc;

using Google.Protobuf;

namespace EventService.Client.Calls;

/// <summary>Connections to a server, and the calls over them.</summary>
internal sealed class Channel : IDisposable
{
    private const int WindowBytes = 8 << 20;

    private readonly EventServiceClientOptions _options;
    private readonly HttpClient _client;

    public Channel(Uri address, EventServiceClientOptions options)
    {
        _options = options;
        _client = new HttpClient(options.Handler ?? CreateHandler())
        {
            BaseAddress = address,
            Timeout = System.Threading.Timeout.InfiniteTimeSpan,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    public void Dispose() => _client.Dispose();

    /// <summary>Begins a call.</summary>
    /// <param name="method">Such as eventservice.v1.Events/Generate.</param>
    /// <param name="messages">What it sends.</param>
    /// <param name="deadline">When it is over.</param>
    /// <param name="cancellationToken">Ends it, also once it runs.</param>
    /// <exception cref="RpcException">The server cannot be reached, or refuses at once.</exception>
    public async Task<Call<T>> OpenAsync<T>(string method, IAsyncEnumerable<IMessage> messages, Deadline deadline, CancellationToken cancellationToken)
        where T : class, IMessage<T>, new()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, method) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        var content = new CallContent(messages, _options.Compress);
        request.Content = content;
        request.Headers.TE.Add(new("trailers"));
        request.Headers.Add(GrpcHeaders.AcceptEncoding, $"{GrpcHeaders.Identity},{GrpcHeaders.Gzip}");
        if (_options.Compress)
        {
            request.Headers.Add(GrpcHeaders.Encoding, GrpcHeaders.Gzip);
        }

        if (_options.ApiKey is { } key)
        {
            request.Headers.Authorization = new("Bearer", key);
        }

        if (deadline.Left is { } left)
        {
            request.Headers.Add(GrpcHeaders.Timeout, GrpcTimeout.Format(left));
        }

        var ends = deadline.Link(cancellationToken);
        HttpResponseMessage? response = null;
        try
        {
            response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ends.Token).ConfigureAwait(false);
            if (response.StatusCode != HttpStatusCode.OK || !GrpcHeaders.IsGrpc(response.Content.Headers.ContentType?.ToString()))
            {
                throw Call<T>.NoGrpc(response);
            }

            var body = await response.Content.ReadAsStreamAsync(ends.Token).ConfigureAwait(false);
            return new Call<T>(response, body, content, ends, _options.LargestMessageBytes);
        }
        catch (Exception e)
        {
            response?.Dispose();
            var over = ends.IsCancellationRequested;
            ends.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            throw e switch
            {
                _ when content.Failure is { } failure => failure,
                OperationCanceledException when over => new RpcException(StatusCode.DeadlineExceeded, "The operation's time is over.", inner: e),
                HttpRequestException or IOException => new RpcException(StatusCode.Unavailable,
                    $"{_client.BaseAddress} does not answer over HTTP/2: {e.Message} gRPC in clear text has a port of its own, 8081 if not set otherwise.", inner: e),
                _ => e,
            };
        }
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
