using System.Globalization;

using EventService.Physics.Events;

namespace EventService.Physics.Formats;

/// <summary>
/// Takes rows of blocks into samples, with the checks of the readers: the same as the reader of a NumPy file makes of the same numbers. One
/// caller at a time.
/// </summary>
public abstract class EventBlockRows
{
    private protected EventBlockRows()
    {
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
            Append(sample, block, row, name);
        }
    }

    private protected abstract void Append(EventSample sample, EventBlock block, int row, string name);

    private protected static DataFormatException Fault(string name, int row, string column, double value, string fault) =>
        DataFormatException.AtRecord(name, row + 1L, string.Create(CultureInfo.InvariantCulture, $"{column} {value} {fault}."));
}
