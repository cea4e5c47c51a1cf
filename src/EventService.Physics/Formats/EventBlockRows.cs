using System.Globalization;

using EventService.Physics.Events;

namespace EventService.Physics.Formats;

/// <summary>
/// Takes rows of blocks into samples, with the checks of the readers: what <see cref="NpyReader"/> and <see cref="NpyTableReader"/> make of
/// the same numbers. One caller at a time.
/// </summary>
public sealed class EventBlockRows
{
    private readonly SampleSchema _schema;
    private readonly WholeEventFields _fields;
    private readonly double[] _row;

    /// <param name="schema">Columns of the blocks: a table, or whole events, with further scalars or without.</param>
    /// <exception cref="ArgumentException">The schema is neither of these.</exception>
    public EventBlockRows(SampleSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        if (!schema.IsTable && !DarkMachinesSchema.StartsWithWholeEvent(schema))
        {
            throw new ArgumentException($"The columns are {schema.Describe()}, expected a table or whole events.", nameof(schema));
        }

        (_schema, _row) = (schema, new double[schema.Scalars.Count]);
        _fields = new WholeEventFields(schema.IsTable ? [] : DarkMachinesSchema.FurtherScalars(schema));
    }

    /// <summary>Appends rows of the block to the sample.</summary>
    /// <param name="sample">Made for the schema.</param>
    /// <param name="block">A block of this schema.</param>
    /// <param name="first">The first row.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="name">Name of the block for messages.</param>
    /// <exception cref="DataFormatException">A number cannot stand where it does.</exception>
    public void Append(EventSample sample, EventBlock block, int first, int count, string name)
    {
        ArgumentNullException.ThrowIfNull(sample);
        ArgumentNullException.ThrowIfNull(block);
        for (var row = first; row < first + count; row++)
        {
            if (_schema.IsTable)
            {
                AppendTableRow(sample, block, row, name);
            }
            else
            {
                AppendWholeEvent(sample, block, row, name);
            }
        }
    }

    private void AppendTableRow(EventSample sample, EventBlock block, int row, string name)
    {
        for (var c = 0; c < _row.Length; c++)
        {
            _row[c] = block.Scalars[c][row];
            if (!double.IsFinite(_row[c]))
            {
                throw Fault(name, row, _schema.Scalars[c].Name, _row[c], "is not a finite number");
            }
        }

        sample.AddRow(block.EventNumber[row], _row);
    }

    private void AppendWholeEvent(EventSample sample, EventBlock block, int row, string name)
    {
        _fields.Clear(block.EventNumber[row]);
        var scalar = 0;
        for (var f = 0; f < _fields.All.Length; f++)
        {
            var field = _fields.All[f];
            if (field.IsList)
            {
                var collection = block.Collections[field.Collection];
                var start = collection.Offsets[row];
                for (var i = start; i < collection.Offsets[row + 1]; i++)
                {
                    var value = collection.Columns[field.Column][i];
                    _fields.Add(
                        f, field.Fault(value) is { } fault ? throw Fault(name, row, $"{field.Name}[{i - start}]", value, fault) : value);
                }
            }
            else if (field.Kind is not (FieldKind.EventNumber or FieldKind.Count))
            {
                var value = block.Scalars[scalar++][row];
                _fields.Add(f, field.Fault(value) is { } fault ? throw Fault(name, row, field.Name, value, fault) : value);
            }
        }

        _fields.AppendTo(sample);
    }

    private static DataFormatException Fault(string name, int row, string column, double value, string fault) =>
        DataFormatException.AtRecord(name, row + 1L, string.Create(CultureInfo.InvariantCulture, $"{column} {value} {fault}."));
}
