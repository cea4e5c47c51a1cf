using EventService.Models.Contracts;
using EventService.Physics.Events;

namespace EventService.Models.Sampling;

/// <summary>One range, or several together.</summary>
public static class EventRanges
{
    /// <summary>Fills <paramref name="block"/> with events first .. first + count - 1 of one stream.</summary>
    /// <exception cref="AttemptsExhaustedException">An event failed the validity filter too often.</exception>
    public static void Generate(this IGenerativeModel model, in EventStream stream, long first, int count, EventBlock block, Span<double> logDensity)
    {
        ArgumentNullException.ThrowIfNull(model);
        model.Generate([new EventRange(stream, first, count)], block, logDensity);
    }

    /// <summary>Number of events of all ranges.</summary>
    public static int Count(this ReadOnlySpan<EventRange> ranges)
    {
        var count = 0;
        foreach (var range in ranges)
        {
            count += range.Count;
        }

        return count;
    }
}
