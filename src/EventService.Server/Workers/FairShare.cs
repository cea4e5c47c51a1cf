namespace EventService.Server.Workers;

/// <summary>
/// One of those who share the workers: all small requests, a key, a request. Of the children that have work, the one that has used
/// least time for its weight is next; one that comes back from a pause starts where the others are, or as far before them as it may save
/// up.
/// </summary>
/// <param name="parent">Those whose share this is a part of.</param>
/// <param name="weight">The weight of the parent's time, relative to the others'.</param>
/// <param name="savings">Time that a pause may save up, divided by the weight [s]: for so long it goes before the others.</param>
/// <remarks>
/// Start-time fair queueing: Goyal, Vin and Cheng, SIGCOMM 1996, sections 2 and 3, over processor seconds. Callers hold the queue's lock.
/// </remarks>
internal sealed class FairShare(FairShare? parent = null, double weight = 1, double savings = 0)
{
    private readonly List<FairShare> _withWork = [];
    private readonly Queue<QueuedChunk> _chunks = [];

    /// <summary>Time used, divided by the weight [s].</summary>
    private double _used;

    /// <summary>What the child that was served last had used then.</summary>
    private double _now;

    private bool _hasWork;

    /// <summary>Adds a chunk to those of this request.</summary>
    public void Add(QueuedChunk chunk)
    {
        _chunks.Enqueue(chunk);
        for (var share = this; share.Parent is { } above && !share._hasWork; share = above)
        {
            share._hasWork = true;
            share._used = Math.Max(share._used, above._now - share.Savings);
            above._withWork.Add(share);
        }
    }

    /// <summary>The chunk whose turn it is, or null if there is none.</summary>
    public QueuedChunk? Take()
    {
        if (Peek() is not { } chunk)
        {
            return null;
        }

        for (var share = chunk.Share; share.Parent is { } above; share = above)
        {
            above._now = Math.Max(above._now, share._used);
        }

        chunk.Share.Dequeue();
        return chunk;
    }

    /// <summary>Takes the next chunk of each request below that fits, in their order.</summary>
    public void TakeFitting(Func<QueuedChunk, bool> fits, List<QueuedChunk> taken)
    {
        DropCancelled();
        if (_chunks.TryPeek(out var chunk) && fits(chunk))
        {
            taken.Add(chunk);
            Dequeue();
        }

        for (var k = 0; k < _withWork.Count;)
        {
            var child = _withWork[k];
            child.TakeFitting(fits, taken);

            // A child without more work has left the list.
            k += k < _withWork.Count && ReferenceEquals(_withWork[k], child) ? 1 : 0;
        }
    }

    /// <summary>Counts time against this request and all that it belongs to [s].</summary>
    public void Charge(double seconds)
    {
        for (var share = this; share is not null; share = share.Parent)
        {
            share._used += seconds / share.Weight;
        }
    }

    private FairShare? Parent => parent;

    private double Weight => weight;

    private double Savings => savings;

    private QueuedChunk? Peek()
    {
        DropCancelled();
        if (_chunks.TryPeek(out var own))
        {
            return own;
        }

        while (Least() is { } child)
        {
            if (child.Peek() is { } chunk)
            {
                return chunk;
            }
        }

        return null;
    }

    private FairShare? Least()
    {
        FairShare? least = null;
        foreach (var child in _withWork)
        {
            if (least is null || child._used < least._used)
            {
                least = child;
            }
        }

        return least;
    }

    private void Dequeue()
    {
        _chunks.Dequeue();
        RestIfIdle();
    }

    private void DropCancelled()
    {
        while (_chunks.TryPeek(out var chunk) && chunk.IsCancelled)
        {
            _chunks.Dequeue();
        }

        RestIfIdle();
    }

    private void RestIfIdle()
    {
        for (var share = this; share.Parent is { } above && share._hasWork && share._chunks.Count == 0 && share._withWork.Count == 0; share = above)
        {
            share._hasWork = false;
            above._withWork.Remove(share);
        }
    }
}
