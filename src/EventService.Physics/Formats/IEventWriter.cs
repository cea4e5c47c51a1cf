using System.Buffers;

using EventService.Physics.Events;

namespace EventService.Physics.Formats;

/// <summary>
/// Writes blocks of events in one format to a stream of bytes: <see cref="WriteHeader"/>, any number of blocks,
/// <see cref="Finish"/>. Holds a fixed amount of memory; the caller flushes the output between blocks. One caller at a time.
/// </summary>
public interface IEventWriter
{
    /// <summary>Media type of the format.</summary>
    string ContentType { get; }

    /// <summary>Extension of file names, with its dot.</summary>
    string FileExtension { get; }

    /// <summary>Bytes that <paramref name="count"/> events take, header and all, or null where that depends on the events.</summary>
    long? ContentLength(long count);

    /// <summary>Writes what stands before the first event; nothing in most formats.</summary>
    void WriteHeader(IBufferWriter<byte> output);

    /// <summary>Writes the events of the block.</summary>
    /// <param name="block">Its schema has the columns of the one that the writer was made for.</param>
    /// <param name="logDensity">One number an event if the writer was made with log-densities, otherwise empty.</param>
    /// <param name="output">Receives the bytes.</param>
    /// <exception cref="UnwritableEventException">
    /// The format cannot hold an event. The writer is spent: events before this one may be missing from the output.
    /// </exception>
    void WriteBlock(EventBlock block, ReadOnlySpan<double> logDensity, IBufferWriter<byte> output);

    /// <summary>Writes what stands behind the last event, and checks that nothing is missing.</summary>
    void Finish(IBufferWriter<byte> output);
}
