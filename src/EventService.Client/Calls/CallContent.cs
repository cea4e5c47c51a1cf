using System.Buffers;
using System.Net;
using System.Net.Http.Headers;

using EventService.Grpc;
using EventService.Grpc.Framing;

using Google.Protobuf;

namespace EventService.Client.Calls;

/// <summary>The messages that a call sends, written as they come.</summary>
internal sealed class CallContent : HttpContent
{
    private readonly IAsyncEnumerable<IMessage> _messages;
    private readonly bool _compress;

    public CallContent(IAsyncEnumerable<IMessage> messages, bool compress)
    {
        (_messages, _compress) = (messages, compress);
        Headers.ContentType = new MediaTypeHeaderValue(GrpcHeaders.ContentType);
    }

    /// <summary>What the caller's messages failed with: the call breaks then, and this is why.</summary>
    public Exception? Failure { get; private set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var frame = new ArrayBufferWriter<byte>();
        var messages = _messages.GetAsyncEnumerator(cancellationToken);
        await using (messages.ConfigureAwait(false))
        {
            while (await NextAsync(messages).ConfigureAwait(false))
            {
                frame.ResetWrittenCount();
                MessageFrame.Write(frame, messages.Current, _compress);
                await stream.WriteAsync(frame.WrittenMemory, cancellationToken).ConfigureAwait(false);
                await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    private async ValueTask<bool> NextAsync(IAsyncEnumerator<IMessage> messages)
    {
        try
        {
            return await messages.MoveNextAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            Failure = e;
            throw;
        }
    }
}
