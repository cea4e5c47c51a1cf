using EventService.Physics.Events;

namespace EventService.Physics.Formats;

/// <summary>
/// Rows of blocks of any schema that samples keep column by column: every number has to be finite, as in <see cref="NpyColumnReader"/>.
/// </summary>
/// <param name="schema">Columns of the blocks.</param>
public sealed class ColumnRows(SampleSchema schema) : EventBlockRows
{
    private readonly ColumnFields _fields = new(schema);

    private protected override void Append(EventSample sample, EventBlock block, int row, string name)
    {
        _fields.Clear();
        for (var f = 0; f < _fields.All.Length; f++)
        {
            var field = _fields.All[f];
            switch (field.Kind)
            {
                case ColumnFieldKind.Scalar:
                    Add(f, block.Scalars[field.Part][row], name, row, field.Name);
                    break;
                case ColumnFieldKind.Array:
                    var numbers = block.ArrayOf(field.Part, row);
                    for (var i = 0; i < numbers.Length; i++)
                    {
                        Add(f, numbers[i], name, row, field.Name, i);
                    }

                    break;
                default:
                    var collection = block.Collections[field.Part];
                    var (start, end) = (collection.Offsets[row], collection.Offsets[row + 1]);
                    if (field.Kind == ColumnFieldKind.Count)
                    {
                        _fields.Add(f, end - start);
                        break;
                    }

                    for (var i = start; i < end; i++)
                    {
                        Add(f, collection.Columns[field.Column][i], name, row, field.Name, i - start);
                    }

                    break;
            }
        }

        _fields.AppendTo(sample, block.EventNumber[row]);
    }

    private void Add(int field, float value, string name, int row, string column, int? index = null)
    {
        if (!float.IsFinite(value))
        {
            throw Fault(name, row, index is { } i ? $"{column}[{i}]" : column, value, "is not a finite number");
        }

        _fields.Add(field, value);
    }
}
