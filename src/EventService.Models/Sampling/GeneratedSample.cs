using EventService.Models.Contracts;
using EventService.Physics.Events;
using EventService.Physics.Kinds;

namespace EventService.Models.Sampling;

/// <summary>Events of a model as a sample for evaluation.</summary>
public static class GeneratedSample
{
    /// <summary>Events 0 .. count - 1 of a stream, generated on all cores.</summary>
    /// <param name="model">A model of events of a known kind.</param>
    /// <param name="stream">Seed and condition.</param>
    /// <param name="count">Number of events.</param>
    /// <param name="progress">Told the number of events done.</param>
    /// <param name="cancellation">Stops the work within a chunk.</param>
    /// <exception cref="NotSupportedException">The events are of no known kind.</exception>
    public static EventSample Draw(IGenerativeModel model, EventStream stream, int count, IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        var chunk = Math.Max(1, model.PreferredChunk);
        var blocks = new EventBlock[(count + chunk - 1) / chunk];
        var done = 0L;

        // Chunks of a slow model take so long that the pool would add thread after thread.
        Parallel.For(0, blocks.Length, new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount }, b =>
        {
            var size = Math.Min(chunk, count - b * chunk);
            blocks[b] = new EventBlock(model.Schema);
            model.Generate(stream, (long)b * chunk, size, blocks[b], default);
            progress?.Report(Interlocked.Add(ref done, size));
        });

        var (kind, sample) = (EventKind.Of(model.Schema), EventSample.For(model.Schema));
        foreach (var block in blocks)
        {
            kind.ToSample(block, sample);
        }

        return sample;
    }
}
