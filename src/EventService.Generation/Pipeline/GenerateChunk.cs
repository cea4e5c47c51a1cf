using EventService.Generation.Requests;
using EventService.Models.Contracts;
using EventService.Models.Flows.Networks;
using EventService.Models.Sampling;
using EventService.Physics.Events;
using EventService.Physics.Formats;

namespace EventService.Generation.Pipeline;

/// <summary>A range of events of a request, and their bytes in its format once they are generated.</summary>
/// <remarks>Writers serve one caller at a time, so each chunk has its own; a block's bytes do not depend on the blocks before.</remarks>
public sealed class GenerateChunk(IGenerativeModel model, GenerateRequest request, IEventWriter writer) : Chunk
{
    // Events _first .. _first + _count - 1.
    private long _first;
    private int _count;

    public override int Events => _count;

    /// <summary>Gives the chunk its next range.</summary>
    public void Assign(long first, int count) => (_first, _count) = (first, count);

    public override void Run(ChunkScratch scratch)
    {
        ArgumentNullException.ThrowIfNull(scratch);
        var block = scratch.Block(model.Schema);
        var logDensity = scratch.LogDensity(request.LogDensity ? Events : 0);
        model.Generate(Ranges, block, logDensity);
        Encode(block, logDensity, scratch);
    }

    /// <summary>Whether the events of both can be drawn together: their requests may have nothing else in common.</summary>
    public bool FitsWith(GenerateChunk other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return ReferenceEquals(Model, other.Model) && WithLogDensity == other.WithLogDensity;
    }

    /// <summary>
    /// Generates the events of chunks that fit with each other in one call of the model, so that its networks work on full tiles. The bits
    /// are those of each chunk alone.
    /// </summary>
    /// <param name="chunks">The chunks of different requests, each cut, laid out and written in its own way.</param>
    /// <param name="scratch">Buffers of the calling thread.</param>
    /// <param name="done">Told of each chunk, with what went wrong with it, or null.</param>
    public static void RunTogether(IReadOnlyList<GenerateChunk> chunks, ChunkScratch scratch, Action<GenerateChunk, Exception?> done)
    {
        ArgumentNullException.ThrowIfNull(chunks);
        ArgumentNullException.ThrowIfNull(scratch);
        ArgumentNullException.ThrowIfNull(done);
        var model = chunks[0].Model;
        EventRange[] ranges = [.. chunks.SelectMany(c => c.Ranges)];
        var block = scratch.Block(model.Schema);
        var logDensity = scratch.LogDensity(chunks[0].WithLogDensity ? EventRanges.Count(ranges) : 0);
        try
        {
            model.Generate(ranges, block, logDensity);
        }
        catch (AttemptsExhaustedException)
        {
            // One event fails; the chunks without it do not.
            foreach (var chunk in chunks)
            {
                Complete(chunk, () => chunk.Run(scratch), done);
            }

            return;
        }

        var start = 0;
        foreach (var chunk in chunks)
        {
            var part = scratch.Part(model.Schema);
            part.CopyFrom(block, start, chunk.Events);
            var first = chunk.WithLogDensity ? start : 0;
            Complete(chunk, () => chunk.Encode(part, scratch.LogDensity(first + (chunk.WithLogDensity ? chunk.Events : 0))[first..], scratch), done);
            start += chunk.Events;
        }
    }

    private IGenerativeModel Model => model;

    private EventRange[] Ranges => request.Ranges(_first, _count);

    private bool WithLogDensity => request.LogDensity;

    private static void Complete(GenerateChunk chunk, Action work, Action<GenerateChunk, Exception?> done)
    {
        Exception? failure = null;
        try
        {
            work();
        }
#pragma warning disable CA1031 // whatever it is, it belongs to the request of this chunk
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure = e;
        }

        done(chunk, failure);
    }

    private void Encode(EventBlock block, Span<double> logDensity, ChunkScratch scratch)
    {
        block = request.Complete(block, scratch.Completed);
        if (request.Cut is { } cut)
        {
            logDensity = logDensity[..Math.Min(logDensity.Length, cut.Apply(block, logDensity))];
        }

        if (_first == request.First)
        {
            writer.WriteHeader(Output);
        }

        writer.WriteBlock(block, logDensity, Output);
    }
}
