using System.Collections.Concurrent;

namespace EventService.Generation.Pipeline;

/// <summary>
/// The threads that generate. Work is taken in the order it came; a request that puts its next chunk at the end of the
/// queue each time one is done therefore takes turns with the others.
/// </summary>
public sealed class WorkerPool : IDisposable
{
    private readonly BlockingCollection<Work> _queue = [];
    private readonly Thread[] _threads;

    /// <param name="workers">Number of threads; 0 for one per processor.</param>
    public WorkerPool(int workers = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(workers);
        _threads = new Thread[workers == 0 ? Environment.ProcessorCount : workers];
        for (var i = 0; i < _threads.Length; i++)
        {
            _threads[i] = new Thread(Loop) { Name = $"Generate {i}", IsBackground = true };
            _threads[i].Start();
        }
    }

    public int Workers => _threads.Length;

    /// <summary>Runs the action on a worker; if the token is cancelled before its turn it is not run.</summary>
    public Task RunAsync(Action action, CancellationToken cancellationToken)
    {
        var work = new Work(action, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), cancellationToken);
        _queue.Add(work, CancellationToken.None);
        return work.Done.Task;
    }

    public void Dispose()
    {
        _queue.CompleteAdding();
        foreach (var thread in _threads)
        {
            thread.Join();
        }

        _queue.Dispose();
    }

    private void Loop()
    {
        foreach (var (action, done, cancellationToken) in _queue.GetConsumingEnumerable())
        {
            if (cancellationToken.IsCancellationRequested)
            {
                done.SetCanceled(cancellationToken);
                continue;
            }

            try
            {
                action();
                done.SetResult();
            }
#pragma warning disable CA1031 // whatever it is, it belongs to the one who waits for this work
            catch (Exception e)
#pragma warning restore CA1031
            {
                done.SetException(e);
            }
        }
    }

    private sealed record Work(Action Action, TaskCompletionSource Done, CancellationToken CancellationToken);
}
