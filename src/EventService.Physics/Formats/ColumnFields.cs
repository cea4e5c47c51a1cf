using EventService.Physics.Events;

namespace EventService.Physics.Formats;

/// <summary>What a field of an event in columns holds.</summary>
internal enum ColumnFieldKind
{
    Scalar,
    Count,
    List,
    Array,
}

/// <summary>A field of an event in columns by the name that it has in JSON and NumPy files.</summary>
/// <param name="Name">Such as mass, nConstituent, Constituent_ptrel, voxels.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Part">Index of the scalar, collection or array.</param>
/// <param name="Column">Index of a list in its collection.</param>
/// <param name="Shape">The shape of an array; of others empty.</param>
internal sealed record ColumnField(string Name, ColumnFieldKind Kind, int Part, int Column, IReadOnlyList<int> Shape);

/// <summary>The fields of one event of any schema, as readers collect them for a sample that keeps events column by column.</summary>
internal sealed class ColumnFields
{
    private readonly SampleSchema _schema;
    private readonly double[][] _values;
    private readonly int[] _counts;
    private readonly double[] _row;
    private readonly double[][] _objects;
    private readonly int[] _countFields;
    private readonly int _firstArray;

    public ColumnFields(SampleSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        _schema = schema;
        All = [.. Enumerate(schema)];
        _values = [.. All.Select(f => new double[f.Kind switch
        {
            ColumnFieldKind.List => 16,
            ColumnFieldKind.Array => schema.Arrays[f.Part].Size,
            ColumnFieldKind.Count => 1,
            _ => 0, // in the row
        }])];
        _counts = new int[All.Length];
        _row = new double[schema.Scalars.Count];
        _objects = [.. schema.Collections.Select(c => new double[c.Columns.Count])];
        _countFields = [.. Enumerable.Range(0, All.Length).Where(f => All[f].Kind == ColumnFieldKind.Count)];
        _firstArray = All.Length - schema.Arrays.Count;
    }

    /// <summary>
    /// In the order of the schema, which is that of our own files: scalars, each collection's count before its lists, arrays.
    /// </summary>
    public ColumnField[] All { get; }

    /// <summary>Whether a field may be left out: a count where lists tell it.</summary>
    public bool IsOptional(int field) => All[field] is { Kind: ColumnFieldKind.Count, Part: var c } && _objects[c].Length > 0;

    public void Clear() => Array.Clear(_counts);

    /// <summary>Numbers that a field other than a scalar has.</summary>
    public int CountOf(int field) => _counts[field];

    /// <summary>The first of them.</summary>
    public double ValueOf(int field) => _values[field][0];

    /// <summary>The scalars, which are the first fields.</summary>
    public Span<double> Scalars => _row;

    public void Add(int field, double value)
    {
        if (field < _row.Length)
        {
            _row[field] = value;
            return;
        }

        var count = _counts[field];
        if (count == _values[field].Length)
        {
            Array.Resize(ref _values[field], 2 * count);
        }

        _values[field][count] = value;
        _counts[field]++;
    }

    /// <summary>Appends the event. All fields are there, the lists of a collection equally long, arrays full.</summary>
    public void AppendTo(EventSample sample, long eventNumber)
    {
        sample.AddRow(eventNumber, _row);
        for (var c = 0; c < _objects.Length; c++)
        {
            var (first, values) = (_countFields[c] + 1, _objects[c]);
            var objects = values.Length == 0 ? (int)_values[first - 1][0] : _counts[first];
            for (var i = 0; i < objects; i++)
            {
                for (var x = 0; x < values.Length; x++)
                {
                    values[x] = _values[first + x][i];
                }

                sample.Collections[c].Add(0, values);
            }
        }

        for (var a = 0; a < _schema.Arrays.Count; a++)
        {
            sample.Arrays[a].Set(_values[_firstArray + a]);
        }
    }

    private static IEnumerable<ColumnField> Enumerate(SampleSchema schema)
    {
        for (var s = 0; s < schema.Scalars.Count; s++)
        {
            yield return new ColumnField(schema.Scalars[s].Name, ColumnFieldKind.Scalar, s, 0, []);
        }

        for (var c = 0; c < schema.Collections.Count; c++)
        {
            var collection = schema.Collections[c];
            yield return new ColumnField($"n{collection.Name}", ColumnFieldKind.Count, c, 0, []);
            for (var x = 0; x < collection.Columns.Count; x++)
            {
                yield return new ColumnField($"{collection.Name}_{collection.Columns[x].Name}", ColumnFieldKind.List, c, x, []);
            }
        }

        for (var a = 0; a < schema.Arrays.Count; a++)
        {
            yield return new ColumnField(schema.Arrays[a].Name, ColumnFieldKind.Array, a, 0, schema.Arrays[a].Shape);
        }
    }
}
