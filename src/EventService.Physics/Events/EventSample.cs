namespace EventService.Physics.Events;

/// <summary>
/// A set of events in double precision, as a reader yields them and as training, evaluation and densities take them, in columns: each event
/// has a number, a weight, a row of scalars, objects of jagged collections and arrays of fixed shape, as many of each as the layout says,
/// in the units of their schema. Whole collision events are seen through <see cref="DetectorEvents"/>.
/// </summary>
public sealed class EventSample
{
    private readonly FixedColumns _weight = new(1);
    private readonly FixedColumns _rows;
    private readonly FixedColumns[] _arrays;
    private readonly JaggedColumns[] _collections;
    private int _count;
    private long[] _eventNumber = [];
    private SampleLayout _accepted;

    /// <summary>A sample for whole collision events without further columns.</summary>
    public EventSample()
        : this(DetectorEvents.Layout())
    {
    }

    /// <param name="columnCount">Numbers that each event has as a table of columns.</param>
    public EventSample(int columnCount)
        : this(SampleLayout.Table(columnCount))
    {
    }

    public EventSample(SampleLayout layout)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentOutOfRangeException.ThrowIfNegative(layout.Scalars, nameof(layout));
        Layout = _accepted = layout;
        _rows = new FixedColumns(layout.Scalars);
        _collections = [.. layout.Collections.Select(c => new JaggedColumns(c))];
        _arrays = [.. layout.Arrays.Select(size => new FixedColumns(size))];
        DetectorObjects = layout.Collections is [{ HasTypes: true }] ? _collections[0] : null;
    }

    /// <summary>A sample for events of this schema.</summary>
    public static EventSample For(SampleSchema schema) => new(SampleLayout.Of(schema));

    /// <summary>What there is of each event.</summary>
    public SampleLayout Layout { get; }

    /// <summary>Numbers in the row of each event: a table's columns; of whole events those besides their own, mostly none.</summary>
    public int ColumnCount => _rows.Width;

    /// <summary>Name of the physics process, as in the file's second field.</summary>
    public string ProcessName { get; set; } = "";

    public int Count => _count;

    public ReadOnlySpan<long> EventNumber => _eventNumber.AsSpan(0, _count);

    /// <summary>What each event stands for; 1 where the events have no such column.</summary>
    public ReadOnlySpan<double> Weight => _weight.Values;

    /// <summary>Jagged collections, in the order of the layout.</summary>
    public ReadOnlySpan<JaggedColumns> Collections => _collections;

    /// <summary>Arrays of fixed shape, in the order of the layout.</summary>
    public ReadOnlySpan<FixedColumns> Arrays => _arrays;

    /// <summary>The collection that <see cref="DetectorEvents"/> shows; null in other layouts.</summary>
    internal JaggedColumns? DetectorObjects { get; }

    /// <summary>A sample of the same layout and process, without events.</summary>
    public EventSample Empty() => new(Layout) { ProcessName = ProcessName };

    /// <summary>The numbers in the row of event k.</summary>
    public ReadOnlySpan<double> Row(int k) => _rows.Row(k);

    /// <summary>Starts a new event without objects; its numbers are 0 until they are set.</summary>
    public void AddEvent(long eventNumber, double weight)
    {
        if (_count == _eventNumber.Length)
        {
            Array.Resize(ref _eventNumber, Math.Max(64, 2 * _count));
        }

        _eventNumber[_count++] = eventNumber;
        _weight.AddEvent();
        _weight.Set(weight);
        _rows.AddEvent();
        foreach (var collection in _collections)
        {
            collection.AddEvent();
        }

        foreach (var array in _arrays)
        {
            array.AddEvent();
        }
    }

    /// <summary>Adds an event of a table, with weight 1.</summary>
    /// <exception cref="ArgumentException">The number of values is not <see cref="ColumnCount"/>.</exception>
    public void AddRow(long eventNumber, ReadOnlySpan<double> values)
    {
        AddEvent(eventNumber, 1);
        SetRow(values);
    }

    /// <summary>Sets the row of the event added last.</summary>
    /// <exception cref="ArgumentException">There are not <see cref="ColumnCount"/> numbers.</exception>
    public void SetRow(ReadOnlySpan<double> values) => _rows.Set(values);

    /// <summary>
    /// Adds event k of another sample with the same collections and arrays. Numbers of its row behind those of this sample are left out.
    /// </summary>
    /// <exception cref="ArgumentException">The other sample has other collections or arrays, or shorter rows.</exception>
    public void AddFrom(EventSample other, int k)
    {
        ArgumentNullException.ThrowIfNull(other);
        AddFrom(other, k, other._eventNumber[k]);
    }

    /// <summary>The same under another number.</summary>
    /// <inheritdoc cref="AddFrom(EventSample, int)"/>
    public void AddFrom(EventSample other, int k, long eventNumber)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (!ReferenceEquals(other.Layout, _accepted))
        {
            if (!Layout.Fits(other.Layout))
            {
                throw new ArgumentException($"The events have {other.Layout.Describe()}, expected {Layout.Describe()}.", nameof(other));
            }

            _accepted = other.Layout;
        }

        AddEvent(eventNumber, other.Weight[k]);
        _rows.Set(other.Row(k)[..ColumnCount]);
        for (var c = 0; c < _collections.Length; c++)
        {
            _collections[c].AddFrom(other._collections[c], k);
        }

        for (var a = 0; a < _arrays.Length; a++)
        {
            _arrays[a].Set(other._arrays[a].Row(k));
        }
    }

    /// <summary>Forgets all events but keeps the memory.</summary>
    public void Clear() => Truncate(0);

    /// <summary>Forgets the events from <paramref name="count"/> on.</summary>
    public void Truncate(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _count);
        _count = count;
        _weight.Truncate(count);
        _rows.Truncate(count);
        foreach (var collection in _collections)
        {
            collection.Truncate(count);
        }

        foreach (var array in _arrays)
        {
            array.Truncate(count);
        }
    }
}
