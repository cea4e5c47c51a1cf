using EventService.Grpc;
using EventService.Grpc.Framing;

using Google.Protobuf;

namespace EventService.Server.Grpc;

/// <summary>The messages in the body of a request.</summary>
/// <param name="messages">The body.</param>
/// <param name="patience">A client that sends nothing for so long is cut off: it holds the place of another.</param>
/// <param name="time">Measures that.</param>
internal sealed class RequestStream<T>(MessageReader messages, TimeSpan patience, TimeProvider time) : IAsyncStreamReader<T>
    where T : class, IMessage<T>, new()
{
    private readonly MessageParser<T> _parser = new(() => new T());
    private T? _current;

    public T Current => _current ?? throw new InvalidOperationException("MoveNext has found no message.");

    public async Task<bool> MoveNext(CancellationToken cancellationToken) => (_current = await NextAsync(cancellationToken)) is not null;

    /// <summary>The message of a call that takes one.</summary>
    /// <exception cref="RpcException">There is none, or a second one.</exception>
    public async Task<T> SingleAsync(CancellationToken cancellationToken)
    {
        var message = await NextAsync(cancellationToken)
            ?? throw new RpcException(StatusCode.Internal, $"The call holds no message, expected one {typeof(T).Name}.");
        return await NextAsync(cancellationToken) is null
            ? message
            : throw new RpcException(StatusCode.Internal, $"The call holds several messages, expected one {typeof(T).Name}.");
    }

    private async ValueTask<T?> NextAsync(CancellationToken cancellationToken)
    {
        var next = messages.ReadAsync(_parser, cancellationToken);
        try
        {
            return next.IsCompletedSuccessfully ? await next : await next.AsTask().WaitAsync(patience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new RpcException(StatusCode.Cancelled, $"The client has sent nothing for {patience.TotalSeconds:F0} s; the call was ended.");
        }
        catch (IOException e) when (e is not BadHttpRequestException)
        {
            // A stream that was reset or a connection that broke, of which the request's token may not know yet.
            throw new RpcException(StatusCode.Cancelled, $"The client has gone: {e.Message}", inner: e);
        }
    }
}
