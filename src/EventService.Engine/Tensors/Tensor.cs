namespace EventService.Engine.Tensors;

/// <summary>
/// A dense float32 matrix, row-major and without gaps. Networks keep features in rows and events (lanes) in columns, so
/// that a vector register holds the same feature of neighbouring events.
/// </summary>
public sealed class Tensor
{
    private float[] _data;

    public Tensor(int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        Rows = rows;
        Columns = columns;
        _data = new float[checked(rows * columns)];
    }

    public int Rows { get; private set; }

    public int Columns { get; private set; }

    public int Length => Rows * Columns;

    /// <summary>All elements, row after row.</summary>
    public Span<float> Span => _data.AsSpan(0, Length);

    public Span<float> Row(int row) => _data.AsSpan(row * Columns, Columns);

    public float this[int row, int column]
    {
        get => _data[(row * Columns) + column];
        set => _data[(row * Columns) + column] = value;
    }

    /// <summary>Changes the shape, keeping the memory where it suffices; the elements are undefined afterwards.</summary>
    public void Reshape(int rows, int columns)
    {
        var length = checked(rows * columns);
        if (_data.Length < length)
        {
            _data = GC.AllocateUninitializedArray<float>(length);
        }

        Rows = rows;
        Columns = columns;
    }

    public override string ToString() => $"Tensor [{Rows}, {Columns}]";
}
