using System.Buffers;

using EventService.Generation.Requests;
using EventService.Physics.Events;
using EventService.Physics.Formats;

namespace EventService.Generation.Pipeline;

/// <summary>Generates events on the workers, encodes each chunk where it was generated, and hands the bytes on in order, in flat memory.</summary>
public static class GeneratePipeline
{
    /// <summary>Chunks of small requests are a multiple of this, so that no worker gets a sliver.</summary>
    private const int Granule = 64;

    /// <param name="pool">The workers.</param>
    /// <param name="generator">The model.</param>
    /// <param name="request">Which events; the bits do not depend on how they are cut into chunks.</param>
    /// <param name="write">Takes the next bytes of the answer, and how many events have been generated for it up to here. The memory is used again after it returns.</param>
    /// <param name="cancellationToken">Ends the work within a chunk.</param>
    /// <exception cref="AttemptsExhaustedException">An event failed the validity filter too often.</exception>
    /// <exception cref="UnwritableEventException">The format cannot hold an event.</exception>
    public static Task RunAsync(
        WorkerPool pool,
        EventGenerator generator,
        GenerateRequest request,
        Func<ReadOnlyMemory<byte>, long, CancellationToken, ValueTask> write,
        CancellationToken cancellationToken) => RunAsync(pool, generator, request, r => r.CreateWriter(generator), write, cancellationToken);

    internal static async Task RunAsync(
        WorkerPool pool,
        EventGenerator generator,
        GenerateRequest request,
        Func<GenerateRequest, IEventWriter> createWriter,
        Func<ReadOnlyMemory<byte>, long, CancellationToken, ValueTask> write,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentNullException.ThrowIfNull(generator);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(write);

        var model = generator.Model;
        var share = (((request.Count - 1) / pool.Workers / Granule) + 1) * Granule;
        var chunk = (int)Math.Min(model.PreferredChunk, Math.Min(share, request.Count));
        var slotCount = (int)Math.Min(OrderedPipeline.SlotsFor(pool), ((request.Count - 1) / chunk) + 1);
        var slots = Enumerable.Range(0, slotCount)
            .Select(_ => new Slot(model.Schema, createWriter(request), request.LogDensity ? chunk : 0))
            .ToArray();

        var begun = 0L;
        var written = 0L;
        await OrderedPipeline.RunAsync(
            pool,
            slots,
            fill: (slot, _) =>
            {
                slot.First = request.First + begun;
                slot.Count = (int)Math.Min(chunk, request.Count - begun);
                slot.BeginsAnswer = begun == 0;
                begun += slot.Count;
                return ValueTask.FromResult(slot.Count > 0);
            },
            work: slot =>
            {
                var logDensity = slot.LogDensity.AsSpan(0, request.LogDensity ? slot.Count : 0);
                model.Generate(request.Stream, slot.First, slot.Count, slot.Block, logDensity);
                if (request.Cut is { } cut)
                {
                    logDensity = logDensity[..Math.Min(logDensity.Length, cut.Apply(slot.Block, logDensity))];
                }

                slot.Output.ResetWrittenCount();
                if (slot.BeginsAnswer)
                {
                    slot.Writer.WriteHeader(slot.Output);
                }

                slot.Writer.WriteBlock(slot.Block, logDensity, slot.Output);
            },
            emit: (slot, token) =>
            {
                written += slot.Count;
                return write(slot.Output.WrittenMemory, written, token);
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

    /// <summary>One chunk's events and bytes. Writers serve one caller at a time, so each slot has its own; a block's bytes do not depend on the blocks before.</summary>
    private sealed class Slot(SampleSchema schema, IEventWriter writer, int logDensities)
    {
        public EventBlock Block { get; } = new(schema);

        public IEventWriter Writer => writer;

        public double[] LogDensity { get; } = new double[logDensities];

        public ArrayBufferWriter<byte> Output { get; } = new();

        public long First { get; set; }

        public int Count { get; set; }

        public bool BeginsAnswer { get; set; }
    }
}
