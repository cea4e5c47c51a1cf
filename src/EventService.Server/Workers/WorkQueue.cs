using EventService.Generation.Pipeline;

namespace EventService.Server.Workers;

/// <summary>
/// Chunks that wait for a worker. Classes, accounts in a class and requests of an account take turns by the time they have used; small
/// chunks of one model are taken together.
/// </summary>
internal sealed class WorkQueue
{
    // Of the time of all workers, where all classes have work; what one leaves the others have. Small requests come now and then: as long
    // as they ask for less than their share over seconds, they go before all others.
    private static readonly (RequestClass Class, double Weight, double Savings)[] s_weights = [(RequestClass.Small, 0.5, 2), (RequestClass.Bulk, 0.4, 0), (RequestClass.Job, 0.1, 0)];

    private readonly object _lock = new();
    private readonly FairShare _root = new();
    private readonly Dictionary<RequestClass, FairShare> _classes;
    private readonly Dictionary<(RequestClass Class, string? Account), (FairShare Share, int Requests)> _accounts = [];
    private readonly int _largestBatch;
    private readonly TimeSpan _longestWait;
    private int _waiting;
    private bool _closed;

    /// <param name="largestBatch">Most events that are taken together.</param>
    /// <param name="longestWait">How long a batch that is not full waits for others where nothing else is to be done.</param>
    public WorkQueue(int largestBatch, TimeSpan longestWait)
    {
        _classes = s_weights.ToDictionary(w => w.Class, w => new FairShare(_root, w.Weight, w.Savings));
        (_largestBatch, _longestWait) = (largestBatch, longestWait);
    }

    /// <summary>Chunks in the queue.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>A share for a request, until <see cref="Leave"/>.</summary>
    public FairShare Join(RequestClass requestClass, string? account)
    {
        lock (_lock)
        {
            var (share, requests) = _accounts.TryGetValue((requestClass, account), out var known)
                ? known
                : (new FairShare(_classes[requestClass]), 0);
            _accounts[(requestClass, account)] = (share, requests + 1);
            return new FairShare(share);
        }
    }

    /// <summary>The request has ended; an account without requests starts anew when it comes back.</summary>
    public void Leave(RequestClass requestClass, string? account)
    {
        lock (_lock)
        {
            var (share, requests) = _accounts[(requestClass, account)];
            if (requests == 1)
            {
                _accounts.Remove((requestClass, account));
            }
            else
            {
                _accounts[(requestClass, account)] = (share, requests - 1);
            }
        }
    }

    /// <summary>Puts a chunk into the queue; once the token is cancelled it is not begun any more.</summary>
    public Task Add(Chunk work, AdmittedRequest request, CancellationToken cancellationToken)
    {
        var chunk = new QueuedChunk(work, request, () => Interlocked.Decrement(ref _waiting));
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            Interlocked.Increment(ref _waiting);
            chunk.Share.Add(chunk);
            Monitor.PulseAll(_lock);
        }

        chunk.CancelWith(cancellationToken);
        return chunk.Done;
    }

    /// <summary>Waits for work and takes it: one chunk, or small ones of one model. False when the queue is closed.</summary>
    public bool Take(List<QueuedChunk> batch)
    {
        batch.Clear();
        lock (_lock)
        {
            while (true)
            {
                while (_root.Take() is { } next)
                {
                    if (Begin(next, batch))
                    {
                        Fill(batch);
                        return true;
                    }
                }

                if (_closed)
                {
                    return false;
                }

                Monitor.Wait(_lock);
            }
        }
    }

    /// <summary>Corrects what was charged for the batch to what it took.</summary>
    public void Charge(List<QueuedChunk> batch, double seconds)
    {
        var events = batch.Sum(c => c.Chunk.Events);
        lock (_lock)
        {
            foreach (var chunk in batch)
            {
                chunk.Share.Charge((seconds * chunk.Chunk.Events / events) - chunk.Charged);
            }
        }
    }

    /// <summary>No more work: workers end when what is queued is done.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            Monitor.PulseAll(_lock);
        }
    }

    private static bool Begin(QueuedChunk chunk, List<QueuedChunk> batch)
    {
        if (!chunk.TryBegin())
        {
            return false;
        }

        // Charged at once, so that the next worker sees it; corrected afterwards.
        chunk.Charged = chunk.Request.Pace.SecondsFor(chunk.Chunk.Events);
        chunk.Share.Charge(chunk.Charged);
        batch.Add(chunk);
        return true;
    }

    private void Fill(List<QueuedChunk> batch)
    {
        if (batch[0].Request.Class != RequestClass.Small || batch[0].Chunk is not GenerateChunk first)
        {
            return;
        }

        var most = batch[0].Request.Pace.ChunkOf(batch[0].Request.Asked.Generator.Model.Tile, _largestBatch, WorkerPool.ChunkSeconds);
        AddFitting(batch, first, most);
        var deadline = Environment.TickCount64 + (long)_longestWait.TotalMilliseconds;
        while (batch.Sum(c => c.Chunk.Events) < most && Waiting == 0 && !_closed && deadline > Environment.TickCount64)
        {
            Monitor.Wait(_lock, (int)Math.Max(1, deadline - Environment.TickCount64));
            AddFitting(batch, first, most);
        }
    }

    private void AddFitting(List<QueuedChunk> batch, GenerateChunk first, int most)
    {
        var room = most - batch.Sum(c => c.Chunk.Events);
        List<QueuedChunk> more = [];
        _classes[RequestClass.Small].TakeFitting(Fits, more);
        foreach (var chunk in more)
        {
            Begin(chunk, batch);
        }

        bool Fits(QueuedChunk chunk)
        {
            if (chunk.Chunk is not GenerateChunk other || other.Events > room || !other.FitsWith(first))
            {
                return false;
            }

            room -= other.Events;
            return true;
        }
    }
}
