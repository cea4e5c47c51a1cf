using EventService.Models.Sampling;

namespace EventService.Generation.Pipeline;

/// <summary>
/// A bounded number of chunks in flight: filled one after another, worked on by the pool in any order, handed on in the
/// order they were filled. Memory is that of the slots, whatever the length of the stream and the speed of its reader.
/// </summary>
public static class OrderedPipeline
{
    /// <summary>Slots that keep every worker busy while the oldest chunk is handed on.</summary>
    public static int SlotsFor(IWorkers workers)
    {
        ArgumentNullException.ThrowIfNull(workers);
        return (2 * workers.Count) + 1;
    }

    /// <param name="workers">Run the chunks, several at a time.</param>
    /// <param name="slots">Chunks with their buffers; each is used again for the chunk slots.Count later.</param>
    /// <param name="fill">Prepares the next chunk; false when there are no more. Called in turn.</param>
    /// <param name="emit">Takes the finished chunk. Called in turn, in the order of filling.</param>
    /// <param name="cancellationToken">Checked before each chunk's work, and passed on.</param>
    /// <remarks>When this returns or throws, no worker touches a slot any more.</remarks>
    public static async Task RunAsync<TChunk>(
        IWorkers workers,
        IReadOnlyList<TChunk> slots,
        Func<TChunk, CancellationToken, ValueTask<bool>> fill,
        Func<TChunk, CancellationToken, ValueTask> emit,
        CancellationToken cancellationToken)
        where TChunk : Chunk
    {
        ArgumentNullException.ThrowIfNull(workers);
        ArgumentNullException.ThrowIfNull(slots);
        ArgumentNullException.ThrowIfNull(fill);
        ArgumentNullException.ThrowIfNull(emit);

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = new Task?[slots.Count];
        var filled = 0L; // chunks begun; chunk k is in slot k % slots.Count
        var emitted = 0L;
        var more = true;
        try
        {
            while (true)
            {
                while (more && filled - emitted < slots.Count)
                {
                    var slot = slots[(int)(filled % slots.Count)];
                    more = await fill(slot, cancellationToken).ConfigureAwait(false);
                    if (more)
                    {
                        running[filled % slots.Count] = workers.RunAsync(slot, stop.Token);
                        filled++;
                    }
                }

                if (emitted == filled)
                {
                    return;
                }

                var oldest = (int)(emitted % slots.Count);
                await running[oldest]!.WaitAsync(cancellationToken).ConfigureAwait(false);
                await emit(slots[oldest], cancellationToken).ConfigureAwait(false);
                slots[oldest].Release();
                emitted++;
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            foreach (var task in running)
            {
                if (task is not null)
                {
                    await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
            }

            foreach (var slot in slots)
            {
                slot.Release();
            }
        }
    }
}
