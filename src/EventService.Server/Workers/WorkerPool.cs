using EventService.Generation;
using EventService.Generation.Pipeline;
using EventService.Server.Keys;
using EventService.Server.Problems;

namespace EventService.Server.Workers;

/// <summary>The threads that generate, shared by all requests.</summary>
internal sealed class WorkerPool(ServerSettings settings) : IDisposable
{
    private static readonly TimeSpan s_retryAfter = TimeSpan.FromSeconds(2);

    private readonly WorkerThreads _threads = new(settings.Workers);
    private int _admitted;

    /// <summary>Lets a request in, until its end.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="events">How many events; null where nobody knows yet.</param>
    /// <param name="requestClass">A job takes no place from those who wait for an answer.</param>
    /// <exception cref="ProblemException">503: the server is full.</exception>
    public AdmittedRequest Admit(Caller caller, long? events, RequestClass requestClass = RequestClass.Interactive)
    {
        if (requestClass == RequestClass.Job)
        {
            return new AdmittedRequest(_threads, () => { });
        }

        if (Interlocked.Increment(ref _admitted) > settings.ConcurrentRequests)
        {
            Interlocked.Decrement(ref _admitted);
            throw new ProblemException(StatusCodes.Status503ServiceUnavailable,
                $"The server is serving {settings.ConcurrentRequests} requests, as many as it may. Try again shortly.", s_retryAfter);
        }

        return new AdmittedRequest(_threads, () => Interlocked.Decrement(ref _admitted));
    }

    public void Dispose() => _threads.Dispose();
}

/// <summary>The workers as one request sees them, until it is disposed of.</summary>
internal sealed class AdmittedRequest(IWorkers workers, Action leave) : IWorkers, IDisposable
{
    public int Count => workers.Count;

    public int ChunkOf(IGenerativeModel model) => workers.ChunkOf(model);

    public Task RunAsync(Chunk chunk, CancellationToken cancellationToken) => workers.RunAsync(chunk, cancellationToken);

    public void Dispose() => leave();
}
