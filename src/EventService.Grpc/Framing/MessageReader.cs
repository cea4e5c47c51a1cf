using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;

using Google.Protobuf;

namespace EventService.Grpc.Framing;

/// <summary>
/// The messages of one direction of a call, one after another. A message's length is only believed once its bytes are there: until then
/// it takes the memory of those that came.
/// </summary>
/// <param name="input">The body.</param>
/// <param name="largestMessage">Longer ones are refused, unpacked ones too [bytes].</param>
/// <param name="encoding">The header grpc-encoding: how messages that are marked as compressed are; null for not at all.</param>
public sealed class MessageReader(PipeReader input, int largestMessage, string? encoding)
{
    /// <summary>The next message; null where the body ends.</summary>
    /// <exception cref="RpcException">The bytes are no message, or too long a one.</exception>
    public async ValueTask<T?> ReadAsync<T>(MessageParser<T> parser, CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        ArgumentNullException.ThrowIfNull(parser);
        while (true)
        {
            var read = await input.ReadAsync(cancellationToken).ConfigureAwait(false);
            var buffer = read.Buffer;
            if (TryTake(ref buffer, out var message, out var compressed))
            {
                try
                {
                    return Parse(parser, message, compressed);
                }
                finally
                {
                    input.AdvanceTo(buffer.Start);
                }
            }

            var missing = !buffer.IsEmpty;
            input.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
            {
                return missing ? throw new RpcException(StatusCode.Internal, "The body ends within a message.", inner: new EndOfStreamException()) : null;
            }
        }
    }

    internal static RpcException TooLarge(string length, int largestMessage) =>
        new(StatusCode.ResourceExhausted, $"A message has {length} bytes, expected at most {largestMessage}. Send smaller blocks, or raise the limit.");

    /// <summary>Takes a whole message off the buffer, if there is one.</summary>
    private bool TryTake(ref ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> message, out bool compressed)
    {
        (message, compressed) = (default, false);
        if (buffer.Length < MessageFrame.HeaderLength)
        {
            return false;
        }

        Span<byte> header = stackalloc byte[MessageFrame.HeaderLength];
        buffer.Slice(0, MessageFrame.HeaderLength).CopyTo(header);
        if (header[0] > 1)
        {
            throw new RpcException(StatusCode.Internal, $"A message begins with the byte {header[0]}, expected 0 or 1 and the message's length. Is this gRPC?");
        }

        compressed = header[0] == 1;
        if (compressed && encoding is null)
        {
            throw new RpcException(StatusCode.Internal, "A message is marked as compressed, but the header grpc-encoding names no compression.");
        }

        var length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        if (length > largestMessage)
        {
            throw TooLarge($"{length}", largestMessage);
        }

        if (buffer.Length < MessageFrame.HeaderLength + length)
        {
            return false;
        }

        message = buffer.Slice(MessageFrame.HeaderLength, length);
        buffer = buffer.Slice(message.End);
        return true;
    }

    private T Parse<T>(MessageParser<T> parser, ReadOnlySequence<byte> message, bool compressed)
        where T : class, IMessage<T>
    {
        try
        {
            return parser.ParseFrom(compressed ? Gzip.Unpack(message, largestMessage) : message);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new RpcException(StatusCode.Internal, $"A message is not the protobuf that is expected ({typeof(T).Name}): {e.Message}", inner: e);
        }
    }
}
