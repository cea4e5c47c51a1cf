using System.Buffers;

using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Physics.Formats;

namespace EventService.Generation.Pipeline;

/// <summary>
/// Generates events on the workers, encodes each chunk where it was generated, and hands the bytes on in order, in flat memory.
/// </summary>
public static class GeneratePipeline
{
    /// <summary>Chunks of small requests are a multiple of this, so that no worker gets a sliver.</summary>
    private const int Granule = 64;

    /// <summary>So many events may be under way whatever the size of a chunk: a small request waits for no writing in between.</summary>
    private const int AtOnce = 1024;

    /// <param name="workers">The workers.</param>
    /// <param name="generator">The model.</param>
    /// <param name="request">Which events; the bits do not depend on how they are cut into chunks.</param>
    /// <param name="write">Takes the next bytes of the answer, and how many events have been generated for it up to here. The memory is
    /// used again after it returns.</param>
    /// <param name="cancellationToken">Ends the work within a chunk.</param>
    /// <exception cref="AttemptsExhaustedException">An event failed the validity filter too often.</exception>
    /// <exception cref="UnwritableEventException">The format cannot hold an event.</exception>
    public static Task RunAsync(
        IWorkers workers,
        EventGenerator generator,
        GenerateRequest request,
        Func<ReadOnlyMemory<byte>, long, CancellationToken, ValueTask> write,
        CancellationToken cancellationToken) => RunAsync(workers, generator, request, r => r.CreateWriter(generator), write, cancellationToken);

    /// <summary>As above, in a format of the caller's own.</summary>
    public static async Task RunAsync(
        IWorkers workers,
        EventGenerator generator,
        GenerateRequest request,
        Func<GenerateRequest, IEventWriter> createWriter,
        Func<ReadOnlyMemory<byte>, long, CancellationToken, ValueTask> write,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(workers);
        ArgumentNullException.ThrowIfNull(generator);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(createWriter);
        ArgumentNullException.ThrowIfNull(write);

        var share = (((request.Count - 1) / workers.Count / Granule) + 1) * Granule;
        int Size(long left) => (int)Math.Min(workers.ChunkOf(generator.Model), Math.Min(share, left));
        var most = Math.Max(OrderedPipeline.SlotsFor(workers), ((AtOnce - 1) / Size(request.Count)) + 1);
        var slotCount = (int)Math.Min(most, ((request.Count - 1) / Size(request.Count)) + 1);
        var slots = Enumerable.Range(0, slotCount).Select(_ => new GenerateChunk(generator.Model, request, createWriter(request))).ToArray();

        var begun = 0L;
        var written = 0L;
        await OrderedPipeline.RunAsync(
            workers,
            slots,
            fill: (chunk, _) =>
            {
                var count = Size(request.Count - begun);
                chunk.Assign(request.First + begun, count);
                begun += count;
                return ValueTask.FromResult(count > 0);
            },
            emit: (chunk, token) =>
            {
                written += chunk.Events;
                return write(chunk.Output.Written, written, token);
            },
            cancellationToken).ConfigureAwait(false);

        cancellationToken.ThrowIfCancellationRequested();

        // Every event is out, in several writers' blocks: what stands behind the last one comes from a writer that waits for none.
        var end = new ArrayBufferWriter<byte>();
        createWriter(request with { Count = 0 }).Finish(end);
        if (end.WrittenCount > 0)
        {
            await write(end.WrittenMemory, written, cancellationToken).ConfigureAwait(false);
        }
    }
}
