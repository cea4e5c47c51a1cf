using EventService.Generation.Pipeline;

namespace EventService.Server.Workers;

/// <summary>A chunk on its way through the queue: it is begun by a worker or cancelled, never both.</summary>
internal sealed class QueuedChunk
{
    private const int Waiting = 0;
    private const int Begun = 1;
    private const int Cancelled = 2;

    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenRegistration _cancellation;
    private int _state;

    private readonly Action _left;

    /// <param name="chunk">The work.</param>
    /// <param name="request">Whose it is.</param>
    /// <param name="left">Called once, when it waits no longer.</param>
    public QueuedChunk(Chunk chunk, AdmittedRequest request, Action left)
    {
        (Chunk, Request, _left) = (chunk, request, left);
    }

    public Chunk Chunk { get; }

    public AdmittedRequest Request { get; }

    public FairShare Share => Request.Share;

    /// <summary>Time charged for it when it was taken [s].</summary>
    public double Charged { get; set; }

    public bool IsCancelled => Volatile.Read(ref _state) == Cancelled;

    public Task Done => _done.Task;

    /// <summary>Ends the waiting at once when the request does.</summary>
    public void CancelWith(CancellationToken cancellationToken) =>
        _cancellation = cancellationToken.UnsafeRegister(
            static (chunk, token) =>
            {
                var self = (QueuedChunk)chunk!;
                if (self.TryLeave(Cancelled))
                {
                    self._done.TrySetCanceled(token);
                }
            },
            this);

    /// <summary>Whether a worker may begin with it.</summary>
    public bool TryBegin() => TryLeave(Begun);

    public void Complete(Exception? failure)
    {
        _cancellation.Dispose();
        if (failure is null)
        {
            _done.SetResult();
        }
        else
        {
            _done.SetException(failure);
        }
    }

    private bool TryLeave(int state)
    {
        if (Interlocked.CompareExchange(ref _state, state, Waiting) != Waiting)
        {
            return false;
        }

        _left();
        return true;
    }
}
