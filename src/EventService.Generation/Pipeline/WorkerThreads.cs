using System.Collections.Concurrent;

using EventService.Models.Contracts;
using EventService.Models.Sampling;

namespace EventService.Generation.Pipeline;

/// <summary>Workers of one request: threads that take chunks in the order they came.</summary>
public sealed class WorkerThreads : IWorkers, IDisposable
{
    private readonly BlockingCollection<Work> _queue = [];
    private readonly Thread[] _threads;

    /// <param name="workers">Number of threads; 0 for one per processor.</param>
    public WorkerThreads(int workers = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(workers);
        _threads = new Thread[workers == 0 ? Environment.ProcessorCount : workers];
        for (var i = 0; i < _threads.Length; i++)
        {
            _threads[i] = new Thread(Loop) { Name = $"Generate {i}", IsBackground = true };
            _threads[i].Start();
        }
    }

    public int Count => _threads.Length;

    public int ChunkOf(IGenerativeModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.PreferredChunk;
    }

    public Task RunAsync(Chunk chunk, CancellationToken cancellationToken)
    {
        var work = new Work(chunk, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), cancellationToken);
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
        var scratch = new ChunkScratch();
        foreach (var (chunk, done, cancellationToken) in _queue.GetConsumingEnumerable())
        {
            if (cancellationToken.IsCancellationRequested)
            {
                done.SetCanceled(cancellationToken);
                continue;
            }

            try
            {
                chunk.Run(scratch);
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

    private sealed record Work(Chunk Chunk, TaskCompletionSource Done, CancellationToken CancellationToken);
}
