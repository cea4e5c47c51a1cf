using EventService.Physics.Events;

namespace EventService.Physics.Formats;

/// <summary>
/// Reads events one after another in flat memory. A reader serves one caller at a time and is spent after any exception.
/// </summary>
public interface IEventReader : IDisposable
{
    /// <summary>Appends up to <paramref name="maximumEvents"/> events to the sample; false when there are no more.</summary>
    /// <exception cref="DataFormatException">The data are faulty; the sample is as it was before the call.</exception>
    bool Read(EventSample sample, int maximumEvents);

    /// <summary>As <see cref="Read"/>, for streams that must not block, such as the body of a request.</summary>
    ValueTask<bool> ReadAsync(EventSample sample, int maximumEvents, CancellationToken cancellationToken = default);
}
