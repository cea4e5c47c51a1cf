using System.Buffers.Binary;
using System.Globalization;
using System.Text;

using EventService.Physics.Events;

namespace EventService.Physics.Formats;

/// <summary>
/// Reads whole events from a NumPy array file of records with the fields that <see cref="NpyWriter"/> writes, in any order,
/// in GeV and radians, packed by gzip or not. Numbers may be of any little-endian type of up to 64 bits and become doubles.
/// </summary>
/// <remarks>
/// MET_pt, MET_phi and for each collection the count and the columns must be there; event, weight and the masses may be left out (place in the
/// file from 0, weight 1, <see cref="Kinematics.JetMass.Of"/>). A mass may be any number, even NaN. Other fields are passed over, as is what stands behind the last object. The checks are those of <see cref="DarkMachinesReader"/>;
/// the header is limited to <see cref="MaximumHeaderLength"/>, a record to 1 MiB, and the file must end with the last record.
/// </remarks>
public sealed class NpyReader : EventReader
{
    /// <summary>Longest header accepted [bytes].</summary>
    public const int MaximumHeaderLength = 1 << 18;

    private const int MaximumRecordLength = 1 << 20;

    private readonly WholeEventFields _fields = new();
    private readonly Field?[] _layout = new Field?[WholeEventFields.All.Length];
    private Stage _stage;
    private int _headerLength;
    private int _recordLength;
    private long _count;
    private long _read;

    /// <param name="stream">Read from its present position and disposed with the reader.</param>
    /// <param name="name">Name of the file for messages.</param>
    public NpyReader(Stream stream, string name)
        : base(stream, name)
    {
    }

    private enum Stage
    {
        Magic,
        HeaderLength16,
        HeaderLength32,
        Header,
        Records,
    }

    private protected override bool TryReadEvent(EventSample sample)
    {
        while (_stage != Stage.Records)
        {
            if (!TryReadHeader())
            {
                return false;
            }
        }

        if (_read == _count)
        {
            return Source.Buffered == 0 ? false : throw HeaderFault($"{_count} records are announced, but more bytes follow.");
        }

        if (!Source.TryTake(_recordLength, out var record))
        {
            return false;
        }

        _read++;
        ParseRecord(record);
        _fields.AppendTo(sample);
        return true;
    }

    private protected override void CheckEnd()
    {
        if (_stage != Stage.Records)
        {
            throw HeaderFault("the file ends within it.");
        }

        var records = Source.Buffered / _recordLength;
        if (records < _count - _read)
        {
            throw DataFormatException.AtRecord(Source.Name, _read + records + 1, $"the file ends within or before this record, {_count} are announced.");
        }
    }

    /// <summary>Takes the next part of the header; false if bytes are missing for it.</summary>
    private bool TryReadHeader()
    {
        var needed = _stage switch { Stage.Magic => 8, Stage.HeaderLength16 => 2, Stage.HeaderLength32 => 4, _ => _headerLength };
        if (!Source.TryTake(needed, out var bytes))
        {
            return false;
        }

        switch (_stage)
        {
            case Stage.Magic:
                if (bytes[0] != 0x93 || !bytes[1..6].SequenceEqual("NUMPY"u8))
                {
                    throw HeaderFault("the file does not start with \\x93NUMPY, expected a file that numpy.save wrote.");
                }

                if (bytes[6] is not (1 or 2 or 3) || bytes[7] != 0)
                {
                    throw HeaderFault($"version {bytes[6]}.{bytes[7]} is unknown, expected 1.0, 2.0 or 3.0.");
                }

                _stage = bytes[6] == 1 ? Stage.HeaderLength16 : Stage.HeaderLength32;
                break;
            case Stage.HeaderLength16:
            case Stage.HeaderLength32:
                var length = needed == 2 ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
                if (length > MaximumHeaderLength)
                {
                    throw HeaderFault($"it is {length} bytes long, at most {MaximumHeaderLength} are accepted.");
                }

                _headerLength = (int)length;
                _stage = Stage.Header;
                break;
            default:
                ParseHeader(Encoding.UTF8.GetString(bytes));
                _stage = Stage.Records;
                break;
        }

        return true;
    }

    private void ParseHeader(string text)
    {
        object? header;
        try
        {
            header = PythonLiteral.Parse(text);
        }
        catch (FormatException e)
        {
            throw HeaderFault($"it is not a Python literal: {e.Message}.", e);
        }

        if (header is not Dictionary<string, object?> entries
            || !entries.TryGetValue("descr", out var description)
            || !entries.TryGetValue("fortran_order", out var fortran) || fortran is not bool
            || !entries.TryGetValue("shape", out var shape) || shape is not List<object?> sizes)
        {
            throw HeaderFault("expected a dictionary with descr, fortran_order and shape.");
        }

        if (description is not List<object?> fields)
        {
            throw HeaderFault("the array has no named fields, expected records with fields such as MET_pt and Jet_pt.");
        }

        if (sizes is not [long count] || count < 0)
        {
            throw HeaderFault("the array does not have one dimension; use a.reshape(-1).");
        }

        ParseFields(fields);
        if (_recordLength == 0 || count > long.MaxValue / _recordLength)
        {
            throw HeaderFault($"{count} records of {_recordLength} bytes are too many.");
        }

        _count = count;
        CheckFields();
    }

    private void ParseFields(List<object?> fields)
    {
        long offset = 0;
        foreach (var entry in fields)
        {
            if (entry is not List<object?> { Count: 2 or 3 } parts || parts[0] is not string name || parts[1] is not string type)
            {
                throw HeaderFault("a field is not of the form (name, type) or (name, type, shape); nested and titled fields are not read.");
            }

            long length = 1;
            if (parts.Count == 3)
            {
                foreach (var size in parts[2] as List<object?> ?? [parts[2]])
                {
                    length = size is long and >= 0 and <= MaximumRecordLength ? length * (long)size : MaximumRecordLength + 1;
                    length = Math.Min(length, MaximumRecordLength + 1);
                }
            }

            var number = NumberType.Parse(type) ?? throw HeaderFault($"field '{name}' has the type '{type}', which is unknown.");
            var index = Array.FindIndex(WholeEventFields.All, f => f.Name == name);
            if (index >= 0)
            {
                CheckField(index, name, type, number, parts.Count == 3);
                _layout[index] = new Field((int)Math.Min(offset, int.MaxValue), (int)length, number);
            }

            offset += length * number.Size;
            if (offset > MaximumRecordLength)
            {
                throw HeaderFault($"a record is longer than {MaximumRecordLength} bytes.");
            }
        }

        _recordLength = (int)offset;
    }

    private void CheckField(int index, string name, string type, NumberType number, bool hasShape)
    {
        var field = WholeEventFields.All[index];
        if (_layout[index] is not null)
        {
            throw HeaderFault($"field '{name}' is there twice.");
        }

        if (!number.IsNumber || (!number.IsWhole && field.Kind is FieldKind.EventNumber or FieldKind.Count))
        {
            throw HeaderFault($"field '{name}' has the type '{type}', expected {(field.Kind is FieldKind.EventNumber or FieldKind.Count ? "a whole" : "a")} number"
                + (type.StartsWith('>') ? "; bytes are swapped by a.astype(a.dtype.newbyteorder('<'))." : "."));
        }

        if (hasShape && !field.IsList)
        {
            throw HeaderFault($"field '{name}' has a shape, expected one number.");
        }
    }

    private void CheckFields()
    {
        var room = 0;
        for (var f = 0; f < _layout.Length; f++)
        {
            var field = WholeEventFields.All[f];
            var layout = _layout[f];
            if (layout is null)
            {
                if (field.Kind is FieldKind.EventNumber or FieldKind.Weight or FieldKind.Mass)
                {
                    continue;
                }

                throw HeaderFault($"field '{field.Name}' is missing.");
            }

            room = field.Column == 0 ? layout.Length : room;
            if (field.IsList && layout.Length != room)
            {
                throw HeaderFault($"field '{field.Name}' has room for {layout.Length} numbers, the fields of the collection before it for {room}.");
            }
        }
    }

    private void ParseRecord(ReadOnlySpan<byte> record)
    {
        _fields.Clear(_read - 1);
        long count = 0;
        for (var f = 0; f < _layout.Length; f++)
        {
            if (_layout[f] is not { } layout)
            {
                continue;
            }

            var field = WholeEventFields.All[f];
            var bytes = record[layout.Offset..];
            if (field.Kind == FieldKind.EventNumber)
            {
                _fields.EventNumber = layout.Type.Whole(bytes);
            }
            else if (field.Kind == FieldKind.Count)
            {
                count = layout.Type.Whole(bytes);
                var room = _layout[f + 1]!.Length;
                if (count < 0 || count > room)
                {
                    throw DataFormatException.AtRecord(Source.Name, _read, $"{field.Name} is {count}, expected 0 to {room}.");
                }
            }
            else
            {
                for (var i = 0; i < (field.IsList ? count : 1); i++)
                {
                    var value = layout.Type.Number(bytes[(i * layout.Type.Size)..]);
                    if (field.Fault(value) is { } fault)
                    {
                        throw DataFormatException.AtRecord(
                            Source.Name, _read, string.Create(CultureInfo.InvariantCulture, $"{field.Name}{(field.IsList ? $"[{i}]" : "")} {value} {fault}."));
                    }

                    _fields.Add(f, value);
                }
            }
        }
    }

    private DataFormatException HeaderFault(string fault, Exception? inner = null) => new(Source.Name, 0, 0, $"header: {fault}", inner);

    /// <summary>Where a field stands in the record.</summary>
    private sealed record Field(int Offset, int Length, NumberType Type);

    /// <summary>A NumPy type: kind (f, i, u, b; others are only passed over) and size in bytes.</summary>
    private sealed record NumberType(char Kind, int Size, bool IsNumber)
    {
        public bool IsWhole => IsNumber && Kind != 'f';

        public static NumberType? Parse(string text)
        {
            // Byte order, kind, size, and for times a unit in brackets.
            if (text.Length < 3 || !"<>|=".Contains(text[0], StringComparison.Ordinal) || !"fiubcSUVMm".Contains(text[1], StringComparison.Ordinal))
            {
                return null;
            }

            var digits = text.AsSpan(2);
            var bracket = digits.IndexOf('[');
            digits = bracket < 0 ? digits : digits[..bracket];
            if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var size) || size > MaximumRecordLength)
            {
                return null;
            }

            var isNumber = text[0] != '>' && text[1] switch { 'f' => size is 4 or 8, 'i' or 'u' => size is 1 or 2 or 4 or 8, 'b' => size is 1, _ => false };
            return new NumberType(text[1], text[1] == 'U' ? 4 * size : size, isNumber);
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
}
