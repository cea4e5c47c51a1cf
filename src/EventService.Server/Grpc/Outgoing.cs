using System.Buffers;

using Google.Protobuf;

using Grpc.Core;

namespace EventService.Server.Grpc;

/// <summary>
/// A message of an answer, or the bytes of one that a worker has encoded: those go into the buffer of the connection as they are.
/// </summary>
internal sealed class Outgoing<T>
    where T : class, IMessage<T>
{
    /// <summary>Pieces of a size that the pools of Kestrel's pipe have.</summary>
    private const int PieceBytes = 1 << 17;

    private readonly T? _message;
    private readonly ReadOnlyMemory<byte> _encoded;
    private readonly ReadOnlyMemory<byte> _tail;

    public Outgoing(T message) => _message = message;

    /// <param name="encoded">A message, or all but the last fields of one; read until it is written.</param>
    /// <param name="tail">Those fields.</param>
    public Outgoing(ReadOnlyMemory<byte> encoded, ReadOnlyMemory<byte> tail = default) => (_encoded, _tail) = (encoded, tail);

    public static Marshaller<Outgoing<T>> Marshaller { get; } =
        Marshallers.Create<Outgoing<T>>(
            (message, context) => message.Write(context), _ => throw new NotSupportedException("This message is only sent."));

    private void Write(SerializationContext context)
    {
        context.SetPayloadLength(_message?.CalculateSize() ?? _encoded.Length + _tail.Length);
        var output = context.GetBufferWriter();
        if (_message is not null)
        {
            _message.WriteTo(output);
        }
        else
        {
            Write(output, _encoded.Span);
            Write(output, _tail.Span);
        }

        context.Complete();
    }

    private static void Write(IBufferWriter<byte> output, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var piece = bytes[..Math.Min(PieceBytes, bytes.Length)];
            piece.CopyTo(output.GetSpan(piece.Length));
            output.Advance(piece.Length);
            bytes = bytes[piece.Length..];
        }
    }
}
