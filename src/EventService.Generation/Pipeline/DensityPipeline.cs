using EventService.Generation.Requests;
using EventService.Models.Contracts;
using EventService.Physics.Formats;

namespace EventService.Generation.Pipeline;

/// <summary>Reads events, takes their densities on the workers and writes them in the order of the events, in flat memory.</summary>
public static class DensityPipeline
{
    /// <summary>Returns the number of events.</summary>
    /// <param name="workers">The workers.</param>
    /// <param name="model">Gives the densities.</param>
    /// <param name="conditions">The conditions of its events.</param>
    /// <param name="events">The events.</param>
    /// <param name="format">How the densities are written.</param>
    /// <param name="output">Receives the records without the format's header, whose length needs the number of events.</param>
    /// <param name="progress">Told the number of events done so far.</param>
    /// <param name="cancellationToken">Ends the work within a chunk.</param>
    /// <exception cref="DataFormatException">The events are faulty.</exception>
    public static async Task<long> RunAsync(
        IWorkers workers,
        ILikelihoodModel model,
        DensityConditions conditions,
        EventReader events,
        DensityFormat format,
        Stream output,
        Action<long>? progress,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(workers);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(conditions);
        ArgumentNullException.ThrowIfNull(events);
        ArgumentNullException.ThrowIfNull(format);
        ArgumentNullException.ThrowIfNull(output);
        var count = 0L;
        var slots = Enumerable.Range(0, OrderedPipeline.SlotsFor(workers)).Select(_ => new DensityChunk(conditions, format)).ToArray();
        var size = workers.ChunkOf(model);
        await OrderedPipeline.RunAsync(
            workers,
            slots,
            fill: async (chunk, token) =>
            {
                chunk.Sample.Clear();
                return await events.ReadAsync(chunk.Sample, size, token).ConfigureAwait(false);
            },
            emit: async (chunk, token) =>
            {
                await output.WriteAsync(chunk.Output.Written, token).ConfigureAwait(false);
                count += chunk.Events;
                progress?.Invoke(count);
            },
            cancellationToken).ConfigureAwait(false);
        return count;
    }
}
