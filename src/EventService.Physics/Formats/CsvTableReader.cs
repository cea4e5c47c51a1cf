using System.Buffers.Text;
using System.Text;

using EventService.Physics.Events;

namespace EventService.Physics.Formats;

/// <summary>A condition on a column of a table: the rows in which it has this value.</summary>
/// <param name="Column">Name in the header.</param>
/// <param name="Value">The value, as text.</param>
public sealed record TableSelection(string Column, string Value);

/// <summary>
/// Reads tables of numbers: text with a header line of column names and a comma between fields, gzip or not. Events are numbered by their
/// row from 0, the header and the rows that are left out not counted.
/// </summary>
public static class CsvTableReader
{
    private const byte Separator = (byte)',';

    /// <summary>All events of a table.</summary>
    /// <param name="stream">The table; disposed.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="columns">Names of the columns to read, in the order of the result.</param>
    /// <param name="selection">Conditions that all have to hold.</param>
    /// <exception cref="DataFormatException">
    /// The table cannot be read; the message says where, what was found and what is expected.
    /// </exception>
    public static EventSample ReadAll(Stream stream, string name, IReadOnlyList<string> columns, IReadOnlyList<TableSelection> selection)
    {
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(selection);
        using var source = new ByteSource(stream, name);
        if (!TryReadLine(source, out var line))
        {
            throw new DataFormatException(name, 1, 1, "the file is empty, expected a header line.");
        }

        var header = Encoding.UTF8.GetString(line).Split(',');
        var places = columns.Select(column => PlaceOf(header, column, name)).ToArray();
        var conditions = selection.Select(s => (Place: PlaceOf(header, s.Column, name), Value: Encoding.UTF8.GetBytes(s.Value))).ToArray();
        var sample = new EventSample(columns.Count);
        var fields = new Range[header.Length];
        var values = new double[columns.Count];
        while (TryReadLine(source, out line))
        {
            Split(line, fields, source);
            var selected = true;
            foreach (var (place, value) in conditions)
            {
                selected &= line[fields[place]].SequenceEqual(value);
            }

            if (!selected)
            {
                continue;
            }

            for (var c = 0; c < places.Length; c++)
            {
                var field = line[fields[places[c]]];
                if (!Utf8Parser.TryParse(field, out values[c], out var used) || used != field.Length || !double.IsFinite(values[c]))
                {
                    throw new DataFormatException(
                        name,
                        source.Line,
                        1 + fields[places[c]].Start.Value,
                        $"column '{columns[c]}' is {Quotation.Of(field)}, expected a finite number.");
                }
            }

            sample.AddRow(sample.Count, values);
        }

        return sample;
    }

    private static bool TryReadLine(ByteSource source, out ReadOnlySpan<byte> line)
    {
        while (!source.TryReadLine(out line))
        {
            if (!source.Fill())
            {
                return false;
            }
        }

        return true;
    }

    private static int PlaceOf(string[] header, string column, string name)
    {
        var place = Array.IndexOf(header, column);
        return place >= 0 && Array.LastIndexOf(header, column) == place
            ? place
            : throw new DataFormatException(
                name,
                1,
                1,
                $"the header has column '{column}' {(place < 0 ? "not" : "twice")}, expected once. It has {string.Join(", ", header)}.");
    }

    private static void Split(ReadOnlySpan<byte> line, Range[] fields, ByteSource source)
    {
        var (count, start) = (0, 0);
        for (var i = 0; i <= line.Length; i++)
        {
            if (i == line.Length || line[i] == Separator)
            {
                if (count < fields.Length)
                {
                    fields[count] = start..i;
                }

                count++;
                start = i + 1;
            }
        }

        if (count != fields.Length)
        {
            throw new DataFormatException(
                source.Name, source.Line, 1, $"the line has {count} fields, expected {fields.Length} as the header.");
        }
    }
}
