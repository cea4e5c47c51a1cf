using System.Globalization;

using EventService.Physics.Events;

namespace EventService.Physics.Formats;

/// <summary>
/// Reads events that are rows of columns from a NumPy array file of records, as <see cref="NpyWriter"/> writes them, packed by gzip or not.
/// The fields may stand in any order and be of any little-endian number type; each becomes a double and has to be finite. The event number
/// may be left out (place in the file from 0); other fields are passed over.
/// </summary>
public sealed class NpyTableReader : EventReader
{
    private const string EventNumber = "event";

    private readonly SampleSchema _schema;
    private readonly NpyHeader _header;
    private readonly double[] _row;
    private NpyField[]? _columns;
    private NpyField? _number;
    private long _read;

    /// <param name="stream">Read from its present position and disposed with the reader.</param>
    /// <param name="name">Name of the file for messages.</param>
    /// <param name="schema">The columns: scalars only.</param>
    public NpyTableReader(Stream stream, string name, SampleSchema schema)
        : base(stream, name)
    {
        ArgumentNullException.ThrowIfNull(schema);
        (_schema, _header, _row) = (schema, new NpyHeader(Source), new double[schema.Scalars.Count]);
    }

    private protected override bool TryReadEvent(EventSample sample)
    {
        if (!_header.TryRead())
        {
            return false;
        }

        _columns ??=
        [
            .. _schema.Scalars.Select(
                s => Find(s.Name) ?? throw _header.Fault($"field '{s.Name}' is missing, expected {_schema.Describe()}.")),
        ];
        _number ??= Find(EventNumber);
        if (_read == _header.Count)
        {
            return Source.Buffered == 0 ? false : throw _header.Fault($"{_header.Count} records are announced, but more bytes follow.");
        }

        if (!Source.TryTake(_header.RecordLength, out var record))
        {
            return false;
        }

        _read++;
        for (var c = 0; c < _row.Length; c++)
        {
            _row[c] = _columns[c].Type.Number(record[_columns[c].Offset..]);
            if (!double.IsFinite(_row[c]))
            {
                throw DataFormatException.AtRecord(
                    Source.Name,
                    _read,
                    string.Create(CultureInfo.InvariantCulture, $"{_columns[c].Name} {_row[c]} is not a finite number."));
            }
        }

        sample.AddRow(_number?.Type.Whole(record[_number.Offset..]) ?? _read - 1, _row);
        return true;
    }

    private protected override void CheckEnd() => NpyReader.CheckEnd(_header, Source, _read);

    private NpyField? Find(string name)
    {
        var fields = _header.Fields.Where(f => f.Name == name).ToArray();
        var whole = name == EventNumber;
        return fields switch
        {
            [] => null,
            [var field] when field is { HasShape: false } && (whole ? field.Type.IsWhole : field.Type.IsNumber) => field,
            [var field] =>
                throw _header.Fault(
                    $"field '{name}' has the type '{field.TypeText}'{(field.HasShape ? " and a shape" : "")}, "
                        + $"expected one {(whole ? "whole number" : "number")} of little-endian bytes."),
            _ => throw _header.Fault($"field '{name}' is there twice."),
        };
    }
}
