using System.Globalization;
using System.IO.Pipelines;
using System.Net;

using EventService.Grpc;
using EventService.Grpc.Framing;

using Google.Protobuf;

namespace EventService.Client.Calls;

/// <summary>A call under way: the messages of its answer, one after another, and then its status. What goes wrong is an <see cref="RpcException"/>.</summary>
internal sealed class Call<T> : IDisposable
    where T : class, IMessage<T>, new()
{
    private const int BufferBytes = 1 << 16;

    private readonly MessageParser<T> _parser = new(() => new T());
    private readonly HttpResponseMessage _response;
    private readonly CallContent _content;
    private readonly CancellationTokenSource _ends;
    private readonly MessageReader _messages;

    /// <param name="response">The answer, once its headers are there.</param>
    /// <param name="body">Its body.</param>
    /// <param name="content">What is sent.</param>
    /// <param name="ends">Ends the call; disposed of with it.</param>
    /// <param name="largestMessage">Longer ones are refused.</param>
    public Call(HttpResponseMessage response, Stream body, CallContent content, CancellationTokenSource ends, int largestMessage)
    {
        (_response, _content, _ends) = (response, content, ends);
        var encoding = response.Headers.TryGetValues(GrpcHeaders.Encoding, out var values) && values.Contains(GrpcHeaders.Gzip) ? GrpcHeaders.Gzip : null;
        _messages = new MessageReader(PipeReader.Create(body, new StreamPipeReaderOptions(bufferSize: BufferBytes)), largestMessage, encoding);
    }

    /// <summary>The next message; null behind the last one of a call that ended well.</summary>
    /// <exception cref="RpcException">The call failed, or its connection broke.</exception>
    public async ValueTask<T?> ReadAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        T? message;
        try
        {
            using var _ = cancellationToken.UnsafeRegister(static ends => ((CancellationTokenSource)ends!).Cancel(), _ends);
            message = await _messages.ReadAsync(_parser, _ends.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException or RpcException { InnerException: EndOfStreamException })
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw _content.Failure ?? (_ends.IsCancellationRequested
                ? new RpcException(StatusCode.DeadlineExceeded, "The operation's time is over.", inner: e)
                : new RpcException(StatusCode.Unavailable, $"The connection broke: {e.Message}", inner: e));
        }

        if (message is null)
        {
            RequireSuccess();
        }

        return message;
    }

    public void Dispose()
    {
        // Ends the call at the server too, if it has not ended.
        _response.Dispose();
        _ends.Dispose();
    }

    /// <summary>Checks the status behind the last message, or in the headers of an answer without messages.</summary>
    public void RequireSuccess()
    {
        if (Value(GrpcHeaders.Status) is not { } text || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            throw new RpcException(StatusCode.Unavailable, "The answer ends without a status: the connection broke, or something on the way does not pass trailers on.");
        }

        if (number != (int)StatusCode.OK)
        {
            var pushback = double.TryParse(Value(GrpcHeaders.RetryPushback), NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) ? TimeSpan.FromMilliseconds(milliseconds) : (TimeSpan?)null;
            throw new RpcException(Enum.IsDefined((StatusCode)number) ? (StatusCode)number : StatusCode.Unknown, StatusMessage.Decode(Value(GrpcHeaders.Message) ?? ""), pushback);
        }
    }

    /// <summary>What an answer that is none of gRPC says of the call.</summary>
    public static RpcException NoGrpc(HttpResponseMessage response)
    {
        var status = response.StatusCode switch
        {
            HttpStatusCode.Unauthorized => StatusCode.Unauthenticated,
            HttpStatusCode.Forbidden => StatusCode.PermissionDenied,
            HttpStatusCode.NotFound => StatusCode.Unimplemented,
            HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => StatusCode.Unavailable,
            _ => StatusCode.Unknown,
        };
        return new RpcException(status, $"The answer is HTTP {(int)response.StatusCode} with '{response.Content.Headers.ContentType}', expected gRPC. Is this the address of gRPC, and does everything on the way let it pass?");
    }

    private string? Value(string name) =>
        _response.TrailingHeaders.TryGetValues(name, out var trailers) ? trailers.Last()
        : _response.Headers.TryGetValues(name, out var headers) ? headers.Last()
        : null;
}
