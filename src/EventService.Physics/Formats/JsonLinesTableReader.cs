using System.Text;
using System.Text.Json;

using EventService.Physics.Events;

namespace EventService.Physics.Formats;

/// <summary>
/// Reads events that are rows of columns as one JSON object a line, as <see cref="JsonLinesWriter"/> writes them, packed by gzip or not.
/// The fields may stand in any order; every number becomes the double nearest to its text. The event number may be left out (place in the
/// file from 0); other fields are passed over.
/// </summary>
public sealed class JsonLinesTableReader : JsonObjectReader
{
    private readonly SampleSchema _schema;
    private readonly byte[][] _names;
    private readonly double[] _row;
    private readonly bool[] _seen;

    /// <param name="stream">Read from its present position and disposed with the reader.</param>
    /// <param name="name">Name of the file for messages.</param>
    /// <param name="schema">The columns: scalars only.</param>
    public JsonLinesTableReader(Stream stream, string name, SampleSchema schema)
        : base(stream, name)
    {
        ArgumentNullException.ThrowIfNull(schema);
        _schema = schema;
        _names = [.. schema.Scalars.Select(s => Encoding.UTF8.GetBytes(s.Name))];
        _row = new double[_names.Length];
        _seen = new bool[_names.Length];
    }

    private protected override void ReadEvent(ref Utf8JsonReader reader, EventSample sample)
    {
        Array.Clear(_seen);
        var number = Source.Line - 1;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var column = Find(ref reader);
            var isNumber = reader.ValueTextEquals("event"u8);
            var start = reader.TokenStartIndex;
            reader.Read();
            if (isNumber)
            {
                if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out number))
                {
                    throw Fault(reader.TokenStartIndex, $"event {Quotation.Of(reader.ValueSpan)} is not a whole number of 64 bits.");
                }
            }
            else if (column < 0)
            {
                reader.Skip();
            }
            else
            {
                ReadNumber(ref reader, column, start);
            }
        }

        var end = reader.TokenStartIndex;
        reader.Read(); // throws if anything follows the object
        var missing = Array.IndexOf(_seen, false);
        if (missing >= 0)
        {
            throw Fault(end, $"field '{_schema.Scalars[missing].Name}' is missing, expected {_schema.Describe()}.");
        }

        sample.AddRow(number, _row);
    }

    private int Find(ref Utf8JsonReader reader)
    {
        for (var c = 0; c < _names.Length; c++)
        {
            if (reader.ValueTextEquals(_names[c]))
            {
                return c;
            }
        }

        return -1;
    }

    private void ReadNumber(ref Utf8JsonReader reader, int column, long start)
    {
        var name = _schema.Scalars[column].Name;
        if (_seen[column])
        {
            throw Fault(start, $"field '{name}' is there twice.");
        }

        if (reader.TokenType != JsonTokenType.Number)
        {
            throw Fault(reader.TokenStartIndex, $"{name} has {Quotation.Of(reader.ValueSpan)}, expected a number.");
        }

        DecimalNumber.Parse(reader.ValueSpan, out var value);
        if (!double.IsFinite(value))
        {
            throw Fault(reader.TokenStartIndex, $"{name} {Quotation.Of(reader.ValueSpan)} is not a finite number.");
        }

        (_row[column], _seen[column]) = (value, true);
    }
}
