using System.Buffers;
using System.Buffers.Binary;

using Google.Protobuf;

namespace EventService.Grpc.Framing;

/// <summary>What stands before each message: a byte that is 1 if the message is compressed, and its length as four bytes, the highest first.</summary>
public static class MessageFrame
{
    public const int HeaderLength = 5;

    public static void WriteHeader(Span<byte> header, bool compressed, int length)
    {
        header[0] = compressed ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt32BigEndian(header[1..], length);
    }

    /// <summary>Writes a message with its header, packed by gzip or as it is.</summary>
    public static void Write(IBufferWriter<byte> output, IMessage message, bool compress)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(message);
        if (compress)
        {
            var packed = Gzip.Pack(message.ToByteArray(), default);
            WriteHeader(output.GetSpan(HeaderLength), true, packed.Length);
            output.Advance(HeaderLength);
            output.Write(packed.Span);
            return;
        }

        WriteHeader(output.GetSpan(HeaderLength), false, message.CalculateSize());
        output.Advance(HeaderLength);
        message.WriteTo(output);
    }
}
