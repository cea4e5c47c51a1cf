using System.Runtime.InteropServices;

namespace EventService.Physics.Events;

/// <summary>
/// A collection of which each event of a sample has any number of objects: columns of doubles in one flat list, with offsets.
/// </summary>
public sealed class JaggedColumns
{
    private readonly double[][] _columns;
    private readonly bool _hasTypes;
    private int[] _offsets = new int[1];
    private byte[] _types = [];
    private int _events;
    private int _count;
    private int _capacity;

    internal JaggedColumns(CollectionLayout layout)
    {
        _columns = [.. Enumerable.Range(0, layout.Columns).Select(_ => Array.Empty<double>())];
        _hasTypes = layout.HasTypes;
    }

    /// <summary>Number of objects of all events.</summary>
    public int Count => _count;

    /// <summary>Number of columns.</summary>
    public int Width => _columns.Length;

    /// <summary>Whether objects have types.</summary>
    public bool HasTypes => _hasTypes;

    /// <summary>Objects of event k are Offsets[k] .. Offsets[k + 1]; one longer than there are events.</summary>
    public ReadOnlySpan<int> Offsets => _offsets.AsSpan(0, _events + 1);

    /// <summary>Values of a column, one an object.</summary>
    public ReadOnlySpan<double> Column(int column) => _columns[column].AsSpan(0, _count);

    /// <summary>Type of each object, empty where they have none.</summary>
    public ReadOnlySpan<T> Types<T>()
        where T : unmanaged, Enum => MemoryMarshal.Cast<byte, T>(_types.AsSpan(0, _hasTypes ? _count : 0));

    /// <summary>Adds an object to the event added last.</summary>
    /// <param name="type">Its type; left out where objects have none.</param>
    /// <param name="values">A number for each column.</param>
    /// <exception cref="ArgumentException">There are not <see cref="Width"/> numbers.</exception>
    public void Add(byte type, params ReadOnlySpan<double> values)
    {
        if (values.Length != _columns.Length)
        {
            throw new ArgumentException($"The object has {values.Length} numbers, expected {_columns.Length}.", nameof(values));
        }

        var (place, columns) = (_count, _columns);
        EnsureCapacity(place + 1);
        if (_hasTypes)
        {
            _types[place] = type;
        }

        for (var c = 0; c < columns.Length; c++)
        {
            columns[c][place] = values[c];
        }

        _offsets[_events] = _count = place + 1;
    }

    /// <summary>Adds the objects of an event of another sample to the event added last.</summary>
    internal void AddFrom(JaggedColumns other, int k)
    {
        var (start, count) = (other._offsets[k], other._offsets[k + 1] - other._offsets[k]);
        EnsureCapacity(_count + count);
        if (_hasTypes)
        {
            other._types.AsSpan(start, count).CopyTo(_types.AsSpan(_count));
        }

        for (var c = 0; c < _columns.Length; c++)
        {
            other._columns[c].AsSpan(start, count).CopyTo(_columns[c].AsSpan(_count));
        }

        _count += count;
        _offsets[_events] = _count;
    }

    /// <summary>Adds an event without objects.</summary>
    internal void AddEvent()
    {
        if (++_events == _offsets.Length)
        {
            Array.Resize(ref _offsets, Math.Max(65, 2 * _events));
        }

        _offsets[_events] = _count;
    }

    /// <summary>Forgets the events from this one on.</summary>
    internal void Truncate(int events) => (_events, _count) = (events, _offsets[events]);

    private void EnsureCapacity(int objects)
    {
        if (objects > _capacity)
        {
            Grow(objects);
        }
    }

    private void Grow(int objects)
    {
        _capacity = Math.Max(objects, Math.Max(256, 2 * _capacity));
        for (var c = 0; c < _columns.Length; c++)
        {
            Array.Resize(ref _columns[c], _capacity);
        }

        if (_hasTypes)
        {
            Array.Resize(ref _types, _capacity);
        }
    }
}
