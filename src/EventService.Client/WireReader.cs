using System.Buffers.Binary;

namespace EventService.Client;

/// <summary>
/// The fields of a protobuf message, one after another, without a copy. What it does not understand it refuses; numbers are not beyond
/// int32.
/// </summary>
/// <param name="message">The bytes.</param>
internal struct WireReader(ReadOnlyMemory<byte> message)
{
    public const int Varint = 0, Fixed64 = 1, Bytes = 2;

    private const int TypeBits = 3;

    private readonly ReadOnlyMemory<byte> _message = message;
    private int _at;

    public readonly bool IsAtEnd => _at == _message.Length;

    /// <summary>The number of the next field and the kind of its value; false at the end, or where none can be read.</summary>
    public bool TryReadTag(out int field, out int type)
    {
        (field, type) = (0, 0);
        if (IsAtEnd || !TryReadVarint(out var tag))
        {
            return false;
        }

        (field, type) = (tag >> TypeBits, tag & ((1 << TypeBits) - 1));
        return true;
    }

    public bool TryReadVarint(out int value)
    {
        var rest = _message.Span[_at..];
        value = 0;
        for (var k = 0; k < Math.Min(5, rest.Length); k++)
        {
            value |= (rest[k] & 0x7F) << (7 * k);
            if (rest[k] < 0x80)
            {
                _at += k + 1;
                return value >= 0;
            }
        }

        return false;
    }

    public bool TryReadFixed64(out long value)
    {
        var found = BinaryPrimitives.TryReadInt64LittleEndian(_message.Span[_at..], out value);
        _at += found ? sizeof(long) : 0;
        return found;
    }

    public bool TryReadBytes(out ReadOnlyMemory<byte> bytes)
    {
        bytes = default;
        if (!TryReadVarint(out var length) || length > _message.Length - _at)
        {
            return false;
        }

        bytes = _message.Slice(_at, length);
        _at += length;
        return true;
    }
}
