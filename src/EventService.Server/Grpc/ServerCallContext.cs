using EventService.Grpc;
using EventService.Server.Keys;

namespace EventService.Server.Grpc;

/// <summary>A call as a service sees it.</summary>
internal sealed class ServerCallContext : IDisposable
{
    private readonly CancellationTokenSource? _timer;
    private readonly CancellationTokenSource? _linked;

    /// <exception cref="RpcException">The header grpc-timeout is none.</exception>
    public ServerCallContext(HttpContext http, TimeProvider time)
    {
        HttpContext = http;
        CancellationToken = http.RequestAborted;
        if (http.Request.Headers[GrpcHeaders.Timeout].ToString() is { Length: > 0 } text)
        {
            if (!GrpcTimeout.TryParse(text, out var timeout))
            {
                throw new RpcException(StatusCode.InvalidArgument, $"grpc-timeout is '{text}', expected up to eight digits and one of H M S m u n, such as 30S.");
            }

            _timer = new CancellationTokenSource(timeout > LongestTimer ? LongestTimer : timeout, time);
            _linked = CancellationTokenSource.CreateLinkedTokenSource(_timer.Token, http.RequestAborted);
            CancellationToken = _linked.Token;
            Timeout = timeout;
        }
    }

    /// <summary>What a timer can hold.</summary>
    private static TimeSpan LongestTimer { get; } = TimeSpan.FromDays(49);

    public HttpContext HttpContext { get; }

    /// <summary>The client has gone, or its deadline has passed.</summary>
    public CancellationToken CancellationToken { get; }

    /// <summary>What the client gave the call at its beginning; null for all the time there is.</summary>
    public TimeSpan? Timeout { get; }

    public bool DeadlineExceeded => _timer?.IsCancellationRequested ?? false;

    /// <summary>Sent behind the last message, whatever the status.</summary>
    public IDictionary<string, string> ResponseTrailers { get; } = new Dictionary<string, string>();

    /// <summary>Who calls.</summary>
    public Caller Caller => HttpContext.Caller();

    public void Dispose()
    {
        _linked?.Dispose();
        _timer?.Dispose();
    }
}
