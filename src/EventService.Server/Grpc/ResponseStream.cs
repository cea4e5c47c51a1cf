using System.IO.Pipelines;

using EventService.Grpc;
using EventService.Grpc.Framing;
using EventService.Server.Logging;
using EventService.Server.Problems;

using Google.Protobuf;

using Microsoft.AspNetCore.Http.Features;

namespace EventService.Server.Grpc;

/// <summary>The messages in the body of an answer.</summary>
/// <remarks>
/// Every piece waits until the connection has taken the one before: a slow client costs a piece, not a stream. One that takes
/// nothing for <paramref name="patience"/> is cut off, since it holds the place of another. A call whose deadline passes within
/// a message still ends it, without waiting, so that its status can follow.
/// </remarks>
internal sealed class ResponseStream<T>(HttpContext http, bool compress, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken) : IServerStreamWriter<T>
    where T : class, IMessage<T>
{
    private const int PieceBytes = 1 << 17;
    private const int Http2Cancel = 8;

    private readonly PipeWriter _output = http.Response.BodyWriter;
    private Task _pending = Task.CompletedTask;

    public async Task WriteAsync(T message)
    {
        cancellationToken.ThrowIfCancellationRequested();
        MessageFrame.Write(_output, message, compress);
        await FlushAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    public async ValueTask WriteEncodedAsync(ReadOnlyMemory<byte> message, ReadOnlyMemory<byte> tail = default)
    {
        if (compress)
        {
            (message, tail) = (Gzip.Pack(message, tail), default);
        }

        cancellationToken.ThrowIfCancellationRequested();
        MessageFrame.WriteHeader(_output.GetSpan(MessageFrame.HeaderLength), compress, message.Length + tail.Length);
        _output.Advance(MessageFrame.HeaderLength);
        await WritePiecesAsync(message);
        await WritePiecesAsync(tail);
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Waits until the connection has taken what a call had written when its deadline passed; a client that takes nothing for too long is cut off, as before.</summary>
    public async Task DrainAsync()
    {
        if (!http.Response.HasStarted)
        {
            return;
        }

        try
        {
            await _pending.WaitAsync(patience, time, http.RequestAborted);
            await _output.FlushAsync(CancellationToken.None).AsTask().WaitAsync(patience, time, http.RequestAborted);
        }
        catch (TimeoutException)
        {
            CutOff();
        }
        catch (Exception e) when (http.RequestAborted.IsCancellationRequested || BrokenConnection.Explains(http, e))
        {
            // The client has gone.
        }
    }

    private async ValueTask WritePiecesAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var piece = bytes[..Math.Min(PieceBytes, bytes.Length)];
            bytes = bytes[piece.Length..];
            piece.Span.CopyTo(_output.GetSpan(piece.Length));
            _output.Advance(piece.Length);
            await FlushAsync();
        }
    }

    /// <summary>Waits until the connection has taken what was written, or the call is over.</summary>
    private async ValueTask FlushAsync()
    {
        // Headers have to be out before the status, which stands behind the messages.
        if (cancellationToken.IsCancellationRequested && http.Response.HasStarted)
        {
            return;
        }

        // The token ends the wait alone: Kestrel resets the stream of a flush that is cancelled, and no status could follow.
        var flush = _output.FlushAsync(CancellationToken.None);
        if (!flush.IsCompletedSuccessfully)
        {
            _pending = flush.AsTask();
            try
            {
                await _pending.WaitAsync(patience, time, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                // The writer of the message throws once it is whole.
            }
            catch (TimeoutException)
            {
                CutOff();
                throw new RpcException(StatusCode.Cancelled, $"The client has taken nothing for {patience.TotalSeconds:F0} s; the call was cut off.");
            }
        }
    }

    private void CutOff()
    {
        RequestOutcome.Of(http).CutOff($"The client has taken nothing for {patience.TotalSeconds:F0} s.");
        http.Features.Get<IHttpResetFeature>()?.Reset(Http2Cancel);
    }
}
