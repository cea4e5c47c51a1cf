using EventService.Physics.Events;

namespace EventService.Physics.Formats;

/// <summary>Rows of blocks of whole collision events, with further scalars or without, checked as <see cref="NpyReader"/> does.</summary>
/// <param name="schema">Columns of the blocks.</param>
public sealed class WholeEventRows(SampleSchema schema) : EventBlockRows
{
    private readonly WholeEventFields _fields = new(DarkMachinesSchema.FurtherScalars(schema));

    private protected override void Append(EventSample sample, EventBlock block, int row, string name)
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
}
