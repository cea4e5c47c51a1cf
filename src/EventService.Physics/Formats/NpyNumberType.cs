using System.Buffers.Binary;
using System.Globalization;

namespace EventService.Physics.Formats;

/// <summary>A NumPy type: kind (f, i, u, b; others are only passed over) and size in bytes.</summary>
internal sealed record NpyNumberType(char Kind, int Size, bool IsNumber)
{
    public bool IsWhole => IsNumber && Kind != 'f';

    /// <summary>The type of a field's description such as &lt;f4; null if it is unknown or longer than a record may be.</summary>
    public static NpyNumberType? Parse(string text)
    {
        // Byte order, kind, size, and for times a unit in brackets.
        if (text.Length < 3 || !"<>|=".Contains(text[0], StringComparison.Ordinal)
            || !"fiubcSUVMm".Contains(text[1], StringComparison.Ordinal))
        {
            return null;
        }

        var digits = text.AsSpan(2);
        var bracket = digits.IndexOf('[');
        digits = bracket < 0 ? digits : digits[..bracket];
        if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var size) || size > NpyHeader.MaximumRecordLength)
        {
            return null;
        }

        var isNumber = text[0] != '>' && text[1] switch
        {
            'f' => size is 4 or 8,
            'i' or 'u' => size is 1 or 2 or 4 or 8,
            'b' => size is 1,
            _ => false,
        };
        return new NpyNumberType(text[1], text[1] == 'U' ? 4 * size : size, isNumber);
    }

    public double Number(ReadOnlySpan<byte> bytes) => Kind != 'f'
        ? Whole(bytes)
        : Size == 4 ? BinaryPrimitives.ReadSingleLittleEndian(bytes) : BinaryPrimitives.ReadDoubleLittleEndian(bytes);

    /// <summary>An unsigned number beyond 63 bits becomes negative and so is refused as a count.</summary>
    public long Whole(ReadOnlySpan<byte> bytes) => (Kind, Size) switch
    {
        ('i', 1) => (sbyte)bytes[0],
        (_, 1) => bytes[0],
        ('i', 2) => BinaryPrimitives.ReadInt16LittleEndian(bytes),
        (_, 2) => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        ('i', 4) => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        (_, 4) => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        _ => BinaryPrimitives.ReadInt64LittleEndian(bytes),
    };
}
