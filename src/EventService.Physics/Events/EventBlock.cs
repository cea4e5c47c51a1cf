namespace EventService.Physics.Events;

/// <summary>The jagged columns of one collection in an <see cref="EventBlock"/>.</summary>
public sealed class CollectionBlock(CollectionSchema schema)
{
    private int[] _offsets = new int[1];
    private readonly float[][] _columns = [.. schema.Columns.Select(_ => Array.Empty<float>())];

    public CollectionSchema Schema => schema;

    /// <summary>Objects of row k are Offsets[k] .. Offsets[k + 1]; at least rows + 1 long, filled by the writer of the block.</summary>
    public int[] Offsets => _offsets;

    /// <summary>Column values, at least Offsets[rows] long; index as in <see cref="CollectionSchema.Columns"/>.</summary>
    public float[][] Columns => _columns;

    /// <summary>Makes room for this many rows and objects, keeping what is there.</summary>
    public void EnsureCapacity(int rows, int objects)
    {
        if (_offsets.Length < rows + 1)
        {
            Array.Resize(ref _offsets, rows + 1);
        }

        for (var c = 0; c < _columns.Length; c++)
        {
            if (_columns[c].Length < objects)
            {
                Array.Resize(ref _columns[c], Math.Max(objects, 2 * _columns[c].Length));
            }
        }
    }
}

/// <summary>
/// N events in columns, float32, GeV and radians: what a model fills and what every format writer consumes.
/// Blocks are reused; arrays may be longer than <see cref="Count"/> says.
/// </summary>
public sealed class EventBlock
{
    private long[] _eventNumber = [];
    private readonly float[][] _scalars;
    private readonly float[][] _arrays;
    private readonly int[] _sizes;

    public EventBlock(SampleSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        Schema = schema;
        _scalars = [.. schema.Scalars.Select(_ => Array.Empty<float>())];
        Collections = [.. schema.Collections.Select(c => new CollectionBlock(c))];
        _arrays = [.. schema.Arrays.Select(_ => Array.Empty<float>())];
        _sizes = [.. schema.Arrays.Select(a => a.Size)];
    }

    public SampleSchema Schema { get; }

    /// <summary>Number of events (rows).</summary>
    public int Count { get; private set; }

    /// <summary>The index i of each event in the model's stream; not contiguous after a cut.</summary>
    public long[] EventNumber => _eventNumber;

    /// <summary>Scalar columns, index as in <see cref="SampleSchema.Scalars"/>.</summary>
    public float[][] Scalars => _scalars;

    public CollectionBlock[] Collections { get; }

    /// <summary>Arrays of fixed shape, index as in <see cref="SampleSchema.Arrays"/>: those of the rows behind each other.</summary>
    public float[][] Arrays => _arrays;

    /// <summary>The numbers that a row has in an array.</summary>
    public Span<float> ArrayOf(int array, int row) => _arrays[array].AsSpan(row * _sizes[array], _sizes[array]);

    /// <summary>Sets the number of rows and makes room for them.</summary>
    public void Resize(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        Count = count;
        if (_eventNumber.Length < count)
        {
            Array.Resize(ref _eventNumber, count);
        }

        for (var c = 0; c < _scalars.Length; c++)
        {
            if (_scalars[c].Length < count)
            {
                Array.Resize(ref _scalars[c], count);
            }
        }

        for (var a = 0; a < _arrays.Length; a++)
        {
            if (_arrays[a].Length < (long)count * _sizes[a])
            {
                Array.Resize(ref _arrays[a], checked(count * _sizes[a]));
            }
        }

        foreach (var collection in Collections)
        {
            collection.EnsureCapacity(count, 0);
        }
    }

    /// <summary>
    /// Becomes rows first .. first + count - 1 of another block of the same schema, or of a schema to which this block's adds scalar
    /// columns at the end: those are left for the caller to fill.
    /// </summary>
    public void CopyFrom(EventBlock other, int first, int count)
    {
        ArgumentNullException.ThrowIfNull(other);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first + count, other.Count);
        Resize(count);
        Array.Copy(other.EventNumber, first, _eventNumber, 0, count);
        for (var c = 0; c < other.Scalars.Length; c++)
        {
            Array.Copy(other.Scalars[c], first, _scalars[c], 0, count);
        }

        for (var a = 0; a < _arrays.Length; a++)
        {
            Array.Copy(other.Arrays[a], first * _sizes[a], _arrays[a], 0, count * _sizes[a]);
        }

        for (var k = 0; k < Collections.Length; k++)
        {
            var (from, to) = (other.Collections[k], Collections[k]);
            var (start, end) = (from.Offsets[first], from.Offsets[first + count]);
            to.EnsureCapacity(count, end - start);
            for (var row = 0; row <= count; row++)
            {
                to.Offsets[row] = from.Offsets[first + row] - start;
            }

            for (var c = 0; c < to.Columns.Length; c++)
            {
                Array.Copy(from.Columns[c], start, to.Columns[c], 0, end - start);
            }
        }
    }
}
