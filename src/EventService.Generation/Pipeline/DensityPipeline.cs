using System.Buffers;

using EventService.Physics.Events;
using EventService.Physics.Formats;

namespace EventService.Generation.Pipeline;

/// <summary>Reads events, takes their densities on the workers and writes them in the order of the events, in flat memory.</summary>
public static class DensityPipeline
{
    /// <summary>Returns the number of events.</summary>
    /// <param name="pool">The workers.</param>
    /// <param name="model">Gives the densities.</param>
    /// <param name="condition">Values of the model's condition parameters.</param>
    /// <param name="events">The events.</param>
    /// <param name="format">How the densities are written.</param>
    /// <param name="output">Receives the records without the format's header, whose length needs the number of events.</param>
    /// <param name="progress">Told the number of events done so far.</param>
    /// <param name="cancellationToken">Ends the work within a chunk.</param>
    /// <exception cref="DataFormatException">The events are faulty.</exception>
    public static async Task<long> RunAsync(
        WorkerPool pool,
        ILikelihoodModel model,
        IReadOnlyList<double> condition,
        EventReader events,
        DensityFormat format,
        Stream output,
        Action<long>? progress,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(events);
        ArgumentNullException.ThrowIfNull(format);
        ArgumentNullException.ThrowIfNull(output);
        var count = 0L;
        var slots = Enumerable.Range(0, OrderedPipeline.SlotsFor(pool)).Select(_ => new Slot(model)).ToArray();
        await OrderedPipeline.RunAsync(
            pool,
            slots,
            fill: async (slot, token) =>
            {
                slot.Events.Clear();
                return await events.ReadAsync(slot.Events, model.PreferredChunk, token).ConfigureAwait(false);
            },
            work: slot =>
            {
                var densities = slot.Densities.AsSpan(0, slot.Events.Count);
                model.LogDensity(slot.Events, condition, densities);
                slot.Output.ResetWrittenCount();
                format.Write(slot.Output, slot.Events.EventNumber, densities);
            },
            emit: async (slot, token) =>
            {
                await output.WriteAsync(slot.Output.WrittenMemory, token).ConfigureAwait(false);
                count += slot.Events.Count;
                progress?.Invoke(count);
            },
            cancellationToken).ConfigureAwait(false);
        return count;
    }

    private sealed class Slot(ILikelihoodModel model)
    {
        public EventSample Events { get; } = EventSample.For(model.Schema);

        public EventDensity[] Densities { get; } = new EventDensity[model.PreferredChunk];

        public ArrayBufferWriter<byte> Output { get; } = new();
    }
}
