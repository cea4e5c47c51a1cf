namespace EventService.Generation.Pipeline;

/// <summary>
/// A bounded number of chunks in flight: filled one after another, worked on by the pool in any order, handed on in the
/// order they were filled. Memory is that of the slots, whatever the length of the stream and the speed of its reader.
/// </summary>
public static class OrderedPipeline
{
    /// <summary>Slots that keep every worker busy while the oldest chunk is handed on.</summary>
    public static int SlotsFor(WorkerPool pool)
    {
        ArgumentNullException.ThrowIfNull(pool);
        return (2 * pool.Workers) + 1;
    }

    /// <param name="pool">Runs <paramref name="work"/>.</param>
    /// <param name="slots">Buffers; each holds one chunk at a time and is used again for the chunk slots.Count later.</param>
    /// <param name="fill">Prepares the next chunk; false when there are no more. Called in turn.</param>
    /// <param name="work">The expensive part. Runs on a worker, several slots at a time.</param>
    /// <param name="emit">Takes the finished chunk. Called in turn, in the order of filling.</param>
    /// <param name="cancellationToken">Checked before each chunk's work, and passed on.</param>
    /// <remarks>When this returns or throws, no worker touches a slot any more.</remarks>
    public static async Task RunAsync<TSlot>(
        WorkerPool pool,
        IReadOnlyList<TSlot> slots,
        Func<TSlot, CancellationToken, ValueTask<bool>> fill,
        Action<TSlot> work,
        Func<TSlot, CancellationToken, ValueTask> emit,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pool);
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
                        running[filled % slots.Count] = pool.RunAsync(() => work(slot), stop.Token);
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
        }
    }
}
