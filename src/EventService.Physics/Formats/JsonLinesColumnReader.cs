using System.Text;
using System.Text.Json;

using EventService.Physics.Events;

namespace EventService.Physics.Formats;

/// <summary>
/// Reads events of any schema as one JSON object a line, as <see cref="JsonLinesWriter"/> writes them, packed by gzip or not: scalars,
/// lists of collections and arrays as lists of lists. The fields may stand in any order; every number becomes the double nearest to its
/// text. The event number (place in the file from 0) and the counts of collections (length of their lists) may be left out; other fields
/// are passed over.
/// </summary>
public sealed class JsonLinesColumnReader : JsonObjectReader
{
    /// <summary>Most objects of a collection without columns, of which a line has nothing but the count.</summary>
    private const int MaximumCount = 1 << 20;

    private readonly SampleSchema _schema;
    private readonly ColumnFields _fields;
    private readonly byte[][] _names;
    private readonly bool[] _seen;
    private readonly long[] _place;

    /// <param name="stream">Read from its present position and disposed with the reader.</param>
    /// <param name="name">Name of the file for messages.</param>
    /// <param name="schema">The columns.</param>
    public JsonLinesColumnReader(Stream stream, string name, SampleSchema schema)
        : base(stream, name)
    {
        ArgumentNullException.ThrowIfNull(schema);
        (_schema, _fields) = (schema, new ColumnFields(schema));
        _names = [.. _fields.All.Select(f => Encoding.UTF8.GetBytes(f.Name))];
        (_seen, _place) = (new bool[_names.Length], new long[_names.Length]);
    }

    private protected override void ReadEvent(ref Utf8JsonReader reader, EventSample sample)
    {
        Array.Clear(_seen);
        _fields.Clear();
        var (number, next) = (Source.Line - 1, 0);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = Find(ref reader, next);
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
            else if (field < 0)
            {
                reader.Skip();
            }
            else if (_seen[field])
            {
                throw Fault(start, $"field '{_fields.All[field].Name}' is there twice.");
            }
            else
            {
                (_seen[field], _place[field], next) = (true, reader.TokenStartIndex, field + 1);
                ReadField(ref reader, field);
            }
        }

        var end = reader.TokenStartIndex;
        reader.Read(); // throws if anything follows the object
        CheckFields(end);
        _fields.AppendTo(sample, number);
    }

    /// <summary>Index of the field that the property names; our own files have them in order.</summary>
    private int Find(ref Utf8JsonReader reader, int next)
    {
        if (next < _names.Length && reader.ValueTextEquals(_names[next]))
        {
            return next;
        }

        for (var f = 0; f < _names.Length; f++)
        {
            if (reader.ValueTextEquals(_names[f]))
            {
                return f;
            }
        }

        return -1;
    }

    private void ReadField(ref Utf8JsonReader reader, int index)
    {
        var field = _fields.All[index];
        if (field.Kind == ColumnFieldKind.Array)
        {
            ReadArray(ref reader, index, 0);
        }
        else if (field.Kind != ColumnFieldKind.List)
        {
            ReadNumber(ref reader, index);
        }
        else if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw Fault(reader.TokenStartIndex, $"{field.Name} is {Quotation.Of(reader.ValueSpan)}, expected a list of numbers.");
        }
        else
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                ReadNumber(ref reader, index);
            }
        }
    }

    private void ReadArray(ref Utf8JsonReader reader, int index, int depth)
    {
        var field = _fields.All[index];
        if (depth == field.Shape.Count)
        {
            ReadNumber(ref reader, index);
            return;
        }

        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw Fault(
                reader.TokenStartIndex,
                $"{field.Name} has {Quotation.Of(reader.ValueSpan)}, expected a list: its shape is {ArraySchema.TextOf(field.Shape)}.");
        }

        var (start, length) = (reader.TokenStartIndex, 0);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (++length <= field.Shape[depth])
            {
                ReadArray(ref reader, index, depth + 1);
            }
            else
            {
                reader.Skip();
            }
        }

        if (length != field.Shape[depth])
        {
            throw Fault(
                start,
                $"a list of {field.Name} has {length} entries, expected {field.Shape[depth]}: "
                + $"its shape is {ArraySchema.TextOf(field.Shape)}.");
        }
    }

    private void ReadNumber(ref Utf8JsonReader reader, int index)
    {
        var name = _fields.All[index].Name;
        if (reader.TokenType != JsonTokenType.Number)
        {
            throw Fault(reader.TokenStartIndex, $"{name} has {Quotation.Of(reader.ValueSpan)}, expected a number.");
        }

        DecimalNumber.Parse(reader.ValueSpan, out var value);
        if (!double.IsFinite(value))
        {
            throw Fault(reader.TokenStartIndex, $"{name} {Quotation.Of(reader.ValueSpan)} is not a finite number.");
        }

        _fields.Add(index, value);
    }

    /// <summary>All fields that must be there are, and the lists of a collection are as long as each other and as its count says.</summary>
    private void CheckFields(long end)
    {
        for (var f = 0; f < _names.Length; f++)
        {
            var field = _fields.All[f];
            if (!_seen[f])
            {
                if (_fields.IsOptional(f))
                {
                    continue;
                }

                throw Fault(end, $"field '{field.Name}' is missing, expected {_schema.Describe()}.");
            }

            if (field.Kind == ColumnFieldKind.Count && !_fields.IsOptional(f)
                && _fields.ValueOf(f) is var count && (count is < 0 or > MaximumCount || count != Math.Floor(count)))
            {
                throw Fault(_place[f], $"{field.Name} is {count}, expected a whole number from 0 to {MaximumCount}.");
            }

            if (field is { Kind: ColumnFieldKind.List, Column: 0 } && _seen[f - 1] && _fields.ValueOf(f - 1) != _fields.CountOf(f))
            {
                throw Fault(
                    _place[f - 1],
                    $"{_fields.All[f - 1].Name} is {_fields.ValueOf(f - 1)}, but {field.Name} has {_fields.CountOf(f)} numbers.");
            }

            if (field is { Kind: ColumnFieldKind.List, Column: > 0 } && _fields.CountOf(f) != _fields.CountOf(f - 1))
            {
                throw Fault(_place[f], $"{field.Name} has {_fields.CountOf(f)} numbers, the lists before it {_fields.CountOf(f - 1)}.");
            }
        }
    }
}
