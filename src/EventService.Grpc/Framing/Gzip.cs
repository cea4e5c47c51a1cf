using System.Buffers;
using System.IO.Compression;

namespace EventService.Grpc.Framing;

/// <summary>Messages packed by gzip.</summary>
public static class Gzip
{
    private const int StepBytes = 1 << 16;

    /// <summary>Packs a message that is given in two pieces, quickly rather than small: random mantissas hardly shrink.</summary>
    public static ReadOnlyMemory<byte> Pack(ReadOnlyMemory<byte> message, ReadOnlyMemory<byte> tail)
    {
        using var packed = new MemoryStream((message.Length / 2) + 64);
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(message.Span);
            gzip.Write(tail.Span);
        }

        return packed.GetBuffer().AsMemory(0, (int)packed.Length);
    }

    /// <summary>Unpacks a message; memory grows with what really comes out, up to the limit.</summary>
    /// <exception cref="RpcException">It is longer than the limit, or no gzip.</exception>
    public static ReadOnlySequence<byte> Unpack(ReadOnlySequence<byte> packed, int largestMessage)
    {
        var unpacked = new ArrayBufferWriter<byte>();
        try
        {
            using var gzip = new GZipStream(new MemoryStream(packed.ToArray(), writable: false), CompressionMode.Decompress);
            while (gzip.Read(unpacked.GetSpan(StepBytes)[..StepBytes]) is > 0 and var count)
            {
                unpacked.Advance(count);
                if (unpacked.WrittenCount > largestMessage)
                {
                    throw MessageReader.TooLarge($"more than {largestMessage}", largestMessage);
                }
            }
        }
        catch (InvalidDataException e)
        {
            throw new RpcException(StatusCode.Internal, "A message is marked as packed by gzip, but it is not gzip, or damaged.", inner: e);
        }

        return new ReadOnlySequence<byte>(unpacked.WrittenMemory);
    }
}
