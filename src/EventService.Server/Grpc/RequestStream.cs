using EventService.Grpc;
using EventService.Grpc.Framing;

using Google.Protobuf;

namespace EventService.Server.Grpc;

/// <summary>The messages in the body of a request.</summary>
internal sealed class RequestStream<T>(MessageReader messages) : IAsyncStreamReader<T>
    where T : class, IMessage<T>, new()
{
    private readonly MessageParser<T> _parser = new(() => new T());
    private T? _current;

    public T Current => _current ?? throw new InvalidOperationException("MoveNext has found no message.");

    public async Task<bool> MoveNext(CancellationToken cancellationToken) =>
        (_current = await messages.ReadAsync(_parser, cancellationToken)) is not null;

    /// <summary>The message of a call that takes one.</summary>
    /// <exception cref="RpcException">There is none, or a second one.</exception>
    public async Task<T> SingleAsync(CancellationToken cancellationToken)
    {
        var message = await messages.ReadAsync(_parser, cancellationToken)
            ?? throw new RpcException(StatusCode.Internal, $"The call holds no message, expected one {typeof(T).Name}.");
        return await messages.ReadAsync(_parser, cancellationToken) is null
            ? message
            : throw new RpcException(StatusCode.Internal, $"The call holds several messages, expected one {typeof(T).Name}.");
    }
}
