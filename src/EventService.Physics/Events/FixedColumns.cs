using System.Diagnostics;

namespace EventService.Physics.Events;

/// <summary>
/// As many doubles for each event of a sample as for the others, event after event: a column, a table's rows, an array of fixed shape.
/// </summary>
/// <param name="width">Numbers an event.</param>
public sealed class FixedColumns(int width)
{
    private double[] _values = [];
    private int _length;

    /// <summary>Numbers an event.</summary>
    public int Width => width;

    /// <summary>The numbers of all events; of width 1 those of event k are at k.</summary>
    public ReadOnlySpan<double> Values => _values.AsSpan(0, _length);

    /// <summary>The numbers of event k.</summary>
    public ReadOnlySpan<double> Row(int k) => _values.AsSpan(k * width, width);

    /// <summary>Sets the numbers of the event added last; they are 0 until then.</summary>
    /// <exception cref="ArgumentException">There are not <see cref="Width"/> numbers.</exception>
    public void Set(ReadOnlySpan<double> values)
    {
        if (values.Length != width)
        {
            throw new ArgumentException($"The event has {values.Length} numbers, expected {width}.", nameof(values));
        }

        values.CopyTo(_values.AsSpan(_length - width));
    }

    /// <summary>The same of width 1.</summary>
    public void Set(double value)
    {
        Debug.Assert(width == 1, "An event has one number.");
        _values[_length - 1] = value;
    }

    /// <summary>Adds an event of zeros.</summary>
    internal void AddEvent()
    {
        var end = checked(_length + width);
        if (end > _values.Length)
        {
            Array.Resize(ref _values, Math.Max(64 * width, 2 * _values.Length));
        }

        _values.AsSpan(_length, width).Clear(); // of a sample that was cleared they are old
        _length = end;
    }

    /// <summary>Forgets the events from this one on.</summary>
    internal void Truncate(int events) => _length = events * width;
}
