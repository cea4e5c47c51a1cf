using System.Buffers.Binary;
using System.Text;

namespace EventService.Physics.Formats;

/// <summary>A field of the records of a NumPy array: its place in the record, and how many numbers of which type stand there.</summary>
/// <param name="Name">Name of the field.</param>
/// <param name="TypeText">Its type as it stands in the header.</param>
/// <param name="Type">Its type.</param>
/// <param name="Offset">First byte in the record.</param>
/// <param name="Length">Number of numbers.</param>
/// <param name="Shape">The shape of a sub-array; empty for one number.</param>
/// <param name="HasShape">True for a list of numbers, even of one.</param>
internal sealed record NpyField(
    string Name, string TypeText, NpyNumberType Type, int Offset, int Length, IReadOnlyList<int> Shape, bool HasShape);

/// <summary>
/// The header of a NumPy array file of records (numpy.lib.format, versions 1.0 to 3.0), read part by part as its bytes arrive. It is
/// limited to <see cref="NpyReader.MaximumHeaderLength"/>, a record to <see cref="MaximumRecordLength"/>.
/// </summary>
/// <param name="source">The file.</param>
/// <param name="check">Called with each field as it is read; throws to refuse it.</param>
internal sealed class NpyHeader(ByteSource source, Action<NpyField>? check = null)
{
    public const int MaximumRecordLength = 1 << 20;

    private Stage _stage;
    private int _length;

    private enum Stage
    {
        Magic,
        Length16,
        Length32,
        Text,
        Done,
    }

    public bool IsComplete => _stage == Stage.Done;

    /// <summary>Fields in the order of the record.</summary>
    public IReadOnlyList<NpyField> Fields { get; private set; } = [];

    /// <summary>Number of records announced.</summary>
    public long Count { get; private set; }

    /// <summary>Length of a record [bytes].</summary>
    public int RecordLength { get; private set; }

    /// <summary>Reads on; false if bytes are missing for the end of the header.</summary>
    /// <exception cref="DataFormatException">This is not the header of an array of records.</exception>
    public bool TryRead()
    {
        while (_stage != Stage.Done)
        {
            var needed = _stage switch { Stage.Magic => 8, Stage.Length16 => 2, Stage.Length32 => 4, _ => _length };
            if (!source.TryTake(needed, out var bytes))
            {
                return false;
            }

            switch (_stage)
            {
                case Stage.Magic:
                    if (bytes[0] != 0x93 || !bytes[1..6].SequenceEqual("NUMPY"u8))
                    {
                        throw Fault("the file does not start with \\x93NUMPY, expected a file that numpy.save wrote.");
                    }

                    if (bytes[6] is not (1 or 2 or 3) || bytes[7] != 0)
                    {
                        throw Fault($"version {bytes[6]}.{bytes[7]} is unknown, expected 1.0, 2.0 or 3.0.");
                    }

                    _stage = bytes[6] == 1 ? Stage.Length16 : Stage.Length32;
                    break;
                case Stage.Length16:
                case Stage.Length32:
                    var length = needed == 2
                        ? BinaryPrimitives.ReadUInt16LittleEndian(bytes)
                        : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
                    if (length > NpyReader.MaximumHeaderLength)
                    {
                        throw Fault($"it is {length} bytes long, at most {NpyReader.MaximumHeaderLength} are accepted.");
                    }

                    _length = (int)length;
                    _stage = Stage.Text;
                    break;
                default:
                    Parse(Encoding.UTF8.GetString(bytes));
                    _stage = Stage.Done;
                    break;
            }
        }

        return true;
    }

    /// <summary>An error of the header.</summary>
    public DataFormatException Fault(string fault, Exception? inner = null) => new(source.Name, 0, 0, $"header: {fault}", inner);

    private void Parse(string text)
    {
        object? header;
        try
        {
            header = PythonLiteral.Parse(text);
        }
        catch (FormatException e)
        {
            throw Fault($"it is not a Python literal: {e.Message}.", e);
        }

        if (header is not Dictionary<string, object?> entries
            || !entries.TryGetValue("descr", out var description)
            || !entries.TryGetValue("fortran_order", out var fortran) || fortran is not bool
            || !entries.TryGetValue("shape", out var shape) || shape is not List<object?> sizes)
        {
            throw Fault("expected a dictionary with descr, fortran_order and shape.");
        }

        if (description is not List<object?> fields)
        {
            throw Fault("the array has no named fields, expected records with fields such as MET_pt and Jet_pt.");
        }

        if (sizes is not [long count] || count < 0)
        {
            throw Fault("the array does not have one dimension; use a.reshape(-1).");
        }

        ParseFields(fields);
        if (RecordLength == 0 || count > long.MaxValue / RecordLength)
        {
            throw Fault($"{count} records of {RecordLength} bytes are too many.");
        }

        Count = count;
    }

    private void ParseFields(List<object?> fields)
    {
        List<NpyField> parsed = [];
        long offset = 0;
        foreach (var entry in fields)
        {
            if (entry is not List<object?> { Count: 2 or 3 } parts || parts[0] is not string name || parts[1] is not string type)
            {
                throw Fault("a field is not of the form (name, type) or (name, type, shape); nested and titled fields are not read.");
            }

            long length = 1;
            List<int> shape = [];
            if (parts.Count == 3)
            {
                foreach (var size in parts[2] as List<object?> ?? [parts[2]])
                {
                    length = size is long and >= 0 and <= MaximumRecordLength ? length * (long)size : MaximumRecordLength + 1;
                    length = Math.Min(length, MaximumRecordLength + 1);
                    shape.Add((int)Math.Clamp(size as long? ?? 0, 0, MaximumRecordLength));
                }
            }

            var number = NpyNumberType.Parse(type) ?? throw Fault($"field '{name}' has the type '{type}', which is unknown.");
            var field = new NpyField(name, type, number, (int)offset, (int)length, shape, parts.Count == 3);
            check?.Invoke(field);
            parsed.Add(field);
            offset += length * number.Size;
            if (offset > MaximumRecordLength)
            {
                throw Fault($"a record is longer than {MaximumRecordLength} bytes.");
            }
        }

        (Fields, RecordLength) = (parsed, (int)offset);
    }
}
