using System.Text;
using System.Text.Json;

using EventService.Physics.Events;

namespace EventService.Physics.Formats;

/// <summary>
/// Reads whole events as one JSON object a line with the fields that <see cref="JsonLinesWriter"/> writes, in any order, in
/// GeV and radians, packed by gzip or not. Every number becomes the double nearest to its text.
/// </summary>
/// <remarks>
/// MET_pt, MET_phi and all lists must be there, empty for an event without such objects; event, weight, the counts and the masses may be
/// left out (place in the file from 0, 1, length of the lists, <see cref="Kinematics.JetMass.Of"/>). A mass may be any number. Other fields
/// are passed over. The same checks and limits hold as in <see cref="DarkMachinesReader"/>; charges are -1 or 1.
/// </remarks>
public sealed class JsonLinesReader : JsonObjectReader
{
    private readonly WholeEventFields _fields;
    private readonly byte[][] _names;
    private readonly bool[] _seen;
    private readonly long[] _place;

    /// <param name="stream">Read from its present position and disposed with the reader.</param>
    /// <param name="name">Name of the file for messages.</param>
    /// <param name="further">
    /// Names of scalars that each event must have besides, such as a mass; they become the columns of the sample.
    /// </param>
    public JsonLinesReader(Stream stream, string name, params IEnumerable<string> further)
        : base(stream, name)
    {
        _fields = new WholeEventFields(further);
        _names = [.. _fields.All.Select(f => Encoding.UTF8.GetBytes(f.Name))];
        (_seen, _place) = (new bool[_names.Length], new long[_names.Length]);
    }

    private protected override void ReadEvent(ref Utf8JsonReader reader, EventSample sample)
    {
        _fields.Clear(Source.Line - 1);
        Array.Clear(_seen);
        var next = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = Find(ref reader, next);
            if (field < 0)
            {
                reader.Read();
                reader.Skip();
                continue;
            }

            if (_seen[field])
            {
                throw Fault(reader.TokenStartIndex, $"field '{_fields.All[field].Name}' is there twice.");
            }

            reader.Read();
            _seen[field] = true;
            _place[field] = reader.TokenStartIndex;
            ReadField(ref reader, field);
            next = field + 1;
        }

        var end = reader.TokenStartIndex;
        reader.Read(); // throws if anything follows the object
        CheckFields(end);
        _fields.AppendTo(sample);
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
        if (field.Kind == FieldKind.EventNumber)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var number))
            {
                throw Fault(reader.TokenStartIndex, $"event {Quotation.Of(reader.ValueSpan)} is not a whole number of 64 bits.");
            }

            _fields.EventNumber = number;
        }
        else if (!field.IsList)
        {
            _fields.Add(index, ReadNumber(ref reader, field));
        }
        else if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw Fault(reader.TokenStartIndex, $"{field.Name} is {Quotation.Of(reader.ValueSpan)}, expected a list of numbers.");
        }
        else
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (_fields.CountOf(index) == DarkMachinesReader.MaximumObjects)
                {
                    throw Fault(reader.TokenStartIndex, $"{field.Name} has more than {DarkMachinesReader.MaximumObjects} numbers.");
                }

                _fields.Add(index, ReadNumber(ref reader, field));
            }
        }
    }

    private double ReadNumber(ref Utf8JsonReader reader, EventField field)
    {
        if (reader.TokenType != JsonTokenType.Number)
        {
            throw Fault(reader.TokenStartIndex, $"{field.Name} has {Quotation.Of(reader.ValueSpan)}, expected a number.");
        }

        DecimalNumber.Parse(reader.ValueSpan, out var value);
        if (field.Fault(value) is { } fault)
        {
            throw Fault(reader.TokenStartIndex, $"{field.Name} {Quotation.Of(reader.ValueSpan)} {fault}.");
        }

        return value;
    }

    /// <summary>All fields that must be there are, and the lists of a collection are as long as each other and as its count says.</summary>
    private void CheckFields(long end)
    {
        var count = 0;
        for (var f = 0; f < _names.Length; f++)
        {
            var field = _fields.All[f];
            if (!_seen[f])
            {
                if (field.IsOptional)
                {
                    continue;
                }

                throw Fault(end, $"field '{field.Name}' is missing{(field.IsList ? "; without such objects it is an empty list" : "")}.");
            }

            if (field.Column == 0)
            {
                count = _fields.CountOf(f);
                if (_seen[f - 1] && _fields.ValueOf(f - 1) != count)
                {
                    throw Fault(
                        _place[f - 1], $"{_fields.All[f - 1].Name} is {_fields.ValueOf(f - 1)}, but {field.Name} has {count} numbers.");
                }
            }
            else if (field.IsList && _fields.CountOf(f) != count)
            {
                throw Fault(_place[f], $"{field.Name} has {_fields.CountOf(f)} numbers, the lists before it {count}.");
            }
        }
    }
}
