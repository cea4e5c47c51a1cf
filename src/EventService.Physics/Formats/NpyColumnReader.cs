using System.Globalization;

using EventService.Physics.Events;

namespace EventService.Physics.Formats;

/// <summary>
/// Reads events of any schema from a NumPy array file of records, as <see cref="NpyWriter"/> writes them, packed by gzip or not: scalars,
/// for each collection its count and padded columns, arrays as sub-arrays of their shape. The fields may stand in any order and be of any
/// little-endian number type; each number becomes a double and has to be finite. The event number may be left out (place in the file from
/// 0); other fields, and what stands behind the last object, are passed over.
/// </summary>
public sealed class NpyColumnReader : EventReader
{
    private const string EventNumber = "event";

    private readonly SampleSchema _schema;
    private readonly NpyHeader _header;
    private readonly ColumnFields _fields;
    private NpyField[]? _layout;
    private NpyField? _number;
    private long _read;

    /// <param name="stream">Read from its present position and disposed with the reader.</param>
    /// <param name="name">Name of the file for messages.</param>
    /// <param name="schema">The columns.</param>
    public NpyColumnReader(Stream stream, string name, SampleSchema schema)
        : base(stream, name)
    {
        ArgumentNullException.ThrowIfNull(schema);
        (_schema, _header, _fields) = (schema, new NpyHeader(Source), new ColumnFields(schema));
    }

    private protected override bool TryReadEvent(EventSample sample)
    {
        if (!_header.TryRead())
        {
            return false;
        }

        _layout ??= [.. _fields.All.Select(f =>
            Find(f.Name, f) ?? throw _header.Fault($"field '{f.Name}' is missing, expected {_schema.Describe()}."))];
        _number ??= Find(EventNumber, null);
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
        _fields.AppendTo(sample, _number?.Type.Whole(record[_number.Offset..]) ?? _read - 1);
        return true;
    }

    private protected override void CheckEnd() => NpyReader.CheckEnd(_header, Source, _read);

    private void ParseRecord(ReadOnlySpan<byte> record)
    {
        _fields.Clear();
        var scalars = _fields.Scalars;
        for (var s = 0; s < scalars.Length; s++)
        {
            scalars[s] = _layout![s].Type.Number(record[_layout[s].Offset..]);
            if (!double.IsFinite(scalars[s]))
            {
                throw NotFinite(_layout[s].Name, scalars[s]);
            }
        }

        long count = 0;
        for (var f = scalars.Length; f < _layout!.Length; f++)
        {
            var (field, layout) = (_fields.All[f], _layout[f]);
            if (field.Kind == ColumnFieldKind.Count)
            {
                count = layout.Type.Whole(record[layout.Offset..]);
                var room = _schema.Collections[field.Part].Columns.Count == 0 ? NpyHeader.MaximumRecordLength : _layout[f + 1].Length;
                if (count < 0 || count > room)
                {
                    throw DataFormatException.AtRecord(Source.Name, _read, $"{field.Name} is {count}, expected 0 to {room}.");
                }

                _fields.Add(f, count);
                continue;
            }

            var numbers = field.Kind == ColumnFieldKind.List ? count : layout.Length;
            var bytes = record[layout.Offset..];
            for (var i = 0; i < numbers; i++)
            {
                var value = layout.Type.Number(bytes[(i * layout.Type.Size)..]);
                if (!double.IsFinite(value))
                {
                    throw NotFinite($"{field.Name}[{i}]", value);
                }

                _fields.Add(f, value);
            }
        }
    }

    private DataFormatException NotFinite(string column, double value) => DataFormatException.AtRecord(
        Source.Name, _read, string.Create(CultureInfo.InvariantCulture, $"{column} {value} is not a finite number."));

    /// <summary>The field of a name in the header; null if there is none.</summary>
    /// <param name="name">The name.</param>
    /// <param name="field">What the schema has there; null for the event number.</param>
    private NpyField? Find(string name, ColumnField? field)
    {
        var fields = _header.Fields.Where(f => f.Name == name).ToArray();
        var whole = field is null or { Kind: ColumnFieldKind.Count };
        var lists = field is { Kind: ColumnFieldKind.List or ColumnFieldKind.Array };
        switch (fields)
        {
            case []:
                return null;
            case [var found] when found.HasShape != lists || !(whole ? found.Type.IsWhole : found.Type.IsNumber):
                var shape = found.HasShape ? " and a shape" : lists ? " and no shape" : "";
                var expected = lists
                    ? "numbers of little-endian bytes and a shape"
                    : $"one {(whole ? "whole number" : "number")} of little-endian bytes";
                throw _header.Fault($"field '{name}' has the type '{found.TypeText}'{shape}, expected {expected}.");
            case [var found] when field is { Kind: ColumnFieldKind.Array } && !found.Shape.SequenceEqual(field.Shape):
                throw _header.Fault(
                    $"field '{name}' has the shape {ArraySchema.TextOf(found.Shape)}, expected {ArraySchema.TextOf(field.Shape)}.");
            case [var found] when field is { Kind: ColumnFieldKind.List, Column: > 0 } && found.Length != RoomOf(field.Part):
                throw _header.Fault(
                    $"field '{name}' has room for {found.Length} numbers, the first field of its collection for {RoomOf(field.Part)}.");
            case [var found]:
                return found;
            default:
                throw _header.Fault($"field '{name}' is there twice.");
        }
    }

    private int RoomOf(int collection)
    {
        var schema = _schema.Collections[collection];
        return _header.Fields.First(f => f.Name == $"{schema.Name}_{schema.Columns[0].Name}").Length;
    }
}
