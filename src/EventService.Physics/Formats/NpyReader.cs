using System.Globalization;

using EventService.Physics.Events;

namespace EventService.Physics.Formats;

/// <summary>
/// Reads whole events from a NumPy array file of records with the fields that <see cref="NpyWriter"/> writes, in any order,
/// in GeV and radians, packed by gzip or not. Numbers may be of any little-endian type of up to 64 bits and become doubles.
/// </summary>
/// <remarks>
/// MET_pt, MET_phi and for each collection the count and the columns must be there; event, weight and the masses may be left out (place in
/// the file from 0, weight 1, <see cref="Kinematics.JetMass.Of"/>). A mass may be any number, even NaN. Other fields are passed over, as is
/// what stands behind the last object. The checks are those of <see cref="DarkMachinesReader"/>; the header is limited to
/// <see cref="MaximumHeaderLength"/>, a record to 1 MiB, and the file must end with the last record.
/// </remarks>
public sealed class NpyReader : EventReader
{
    /// <summary>Longest header accepted [bytes].</summary>
    public const int MaximumHeaderLength = 1 << 18;

    private readonly WholeEventFields _fields;
    private readonly NpyField?[] _layout;
    private readonly NpyHeader _header;
    private bool _checked;
    private long _read;

    /// <param name="stream">Read from its present position and disposed with the reader.</param>
    /// <param name="name">Name of the file for messages.</param>
    /// <param name="further">
    /// Names of scalars that each event must have besides, such as a mass; they become the columns of the sample.
    /// </param>
    public NpyReader(Stream stream, string name, params IEnumerable<string> further)
        : base(stream, name)
    {
        _fields = new WholeEventFields(further);
        _layout = new NpyField?[_fields.All.Length];
        _header = new NpyHeader(Source, AssignField);
    }

    private protected override bool TryReadEvent(EventSample sample)
    {
        if (!_header.TryRead())
        {
            return false;
        }

        if (!_checked)
        {
            CheckFields();
            _checked = true;
        }

        if (_read == _header.Count)
        {
            return Source.Buffered == 0 ? false : throw _header.Fault($"{_header.Count} records are announced, but more bytes follow.");
        }

        if (!Source.TryTake(_header.RecordLength, out var record))
        {
            return false;
        }

        _read++;
        ParseRecord(record);
        _fields.AppendTo(sample);
        return true;
    }

    private protected override void CheckEnd() => CheckEnd(_header, Source, _read);

    /// <summary>All records that the header announces are there.</summary>
    internal static void CheckEnd(NpyHeader header, ByteSource source, long read)
    {
        if (!header.IsComplete)
        {
            throw header.Fault("the file ends within it.");
        }

        var records = source.Buffered / header.RecordLength;
        if (records < header.Count - read)
        {
            throw DataFormatException.AtRecord(
                source.Name, read + records + 1, $"the file ends within or before this record, {header.Count} are announced.");
        }
    }

    private void AssignField(NpyField field)
    {
        var index = Array.FindIndex(_fields.All, f => f.Name == field.Name);
        if (index >= 0)
        {
            CheckField(index, field.Name, field.TypeText, field.Type, field.HasShape);
            _layout[index] = field;
        }
    }

    private void CheckField(int index, string name, string type, NpyNumberType number, bool hasShape)
    {
        var field = _fields.All[index];
        if (_layout[index] is not null)
        {
            throw _header.Fault($"field '{name}' is there twice.");
        }

        if (!number.IsNumber || (!number.IsWhole && field.Kind is FieldKind.EventNumber or FieldKind.Count))
        {
            var wanted = field.Kind is FieldKind.EventNumber or FieldKind.Count ? "a whole number" : "a number";
            throw _header.Fault($"field '{name}' has the type '{type}', expected {wanted}"
                + (type.StartsWith('>') ? "; bytes are swapped by a.astype(a.dtype.newbyteorder('<'))." : "."));
        }

        if (hasShape && !field.IsList)
        {
            throw _header.Fault($"field '{name}' has a shape, expected one number.");
        }
    }

    private void CheckFields()
    {
        var room = 0;
        for (var f = 0; f < _layout.Length; f++)
        {
            var field = _fields.All[f];
            var layout = _layout[f];
            if (layout is null)
            {
                if (field.Kind is FieldKind.EventNumber or FieldKind.Weight or FieldKind.Mass)
                {
                    continue;
                }

                throw _header.Fault($"field '{field.Name}' is missing.");
            }

            room = field.Column == 0 ? layout.Length : room;
            if (field.IsList && layout.Length != room)
            {
                throw _header.Fault(
                    $"field '{field.Name}' has room for {layout.Length} numbers, the fields of the collection before it for {room}.");
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

            var field = _fields.All[f];
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
                            Source.Name, _read, string.Create(
                                CultureInfo.InvariantCulture, $"{field.Name}{(field.IsList ? $"[{i}]" : "")} {value} {fault}."));
                    }

                    _fields.Add(f, value);
                }
            }
        }
    }
}
