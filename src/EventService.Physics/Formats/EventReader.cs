using System.Runtime.ExceptionServices;

using EventService.Physics.Events;

namespace EventService.Physics.Formats;

/// <summary>
/// Reads whole events of one format, one after another, in flat memory; data packed by gzip are unpacked.
/// A reader serves one caller at a time and repeats its exception after a failure.
/// </summary>
public abstract class EventReader : IDisposable
{
    private ExceptionDispatchInfo? _failure;

    private protected EventReader(Stream stream, string name) => Source = new ByteSource(stream, name);

    private protected ByteSource Source { get; }

    /// <summary>Appends up to <paramref name="maximumEvents"/> events to the sample; false when there are no more.</summary>
    /// <exception cref="DataFormatException">The data are faulty; the sample is as it was before the call.</exception>
    public bool Read(EventSample sample, int maximumEvents)
    {
        var before = Begin(sample, maximumEvents);
        try
        {
            while (sample.Count - before < maximumEvents && (TryReadEvent(sample) || Source.Fill()))
            {
            }

            End();
        }
        catch (Exception e)
        {
            Fail(sample, before, e);
            throw;
        }

        return sample.Count > before;
    }

    /// <summary>The same as <see cref="Read"/>, for streams that must not block, such as the body of a request.</summary>
    public async ValueTask<bool> ReadAsync(EventSample sample, int maximumEvents, CancellationToken cancellationToken = default)
    {
        var before = Begin(sample, maximumEvents);
        try
        {
            while (sample.Count - before < maximumEvents
                && (TryReadEvent(sample) || await Source.FillAsync(cancellationToken).ConfigureAwait(false)))
            {
            }

            End();
        }
        catch (Exception e)
        {
            Fail(sample, before, e);
            throw;
        }

        return sample.Count > before;
    }

    public void Dispose()
    {
        Source.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>A stream over a file, as the readers like it.</summary>
    private protected static FileStream OpenFile(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16, FileOptions.SequentialScan);

    /// <summary>Appends one event if it is in the buffer; false if bytes are missing for it.</summary>
    private protected abstract bool TryReadEvent(EventSample sample);

    /// <summary>Called when all bytes have been read and no event could be made of those left.</summary>
    private protected virtual void CheckEnd()
    {
    }

    private int Begin(EventSample sample, int maximumEvents)
    {
        ArgumentNullException.ThrowIfNull(sample);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maximumEvents);
        _failure?.Throw();
        return sample.Count;
    }

    private void End()
    {
        if (Source.AtEnd)
        {
            CheckEnd();
        }
    }

    private void Fail(EventSample sample, int before, Exception e)
    {
        _failure = ExceptionDispatchInfo.Capture(e);
        sample.Truncate(before);
    }
}
