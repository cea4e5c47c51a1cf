using EventService.Generation.Pipeline;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Server.Problems;

namespace EventService.Server.Workers;

/// <summary>The workers as one request sees them, from its admission until it is disposed of.</summary>
internal sealed class AdmittedRequest : IWorkers, IDisposable
{
    private readonly WorkerPool _pool;
    private readonly QuotaMeter? _quota;
    private int _left;

    public AdmittedRequest(WorkerPool pool, AdmissionRequest asked, RequestClass requestClass, FairShare share, ModelPace pace, QuotaMeter? quota)
    {
        (_pool, Asked, Class, Share, Pace, _quota) = (pool, asked, requestClass, share, pace, quota);
    }

    public AdmissionRequest Asked { get; }

    public RequestClass Class { get; }

    public FairShare Share { get; }

    public ModelPace Pace { get; }

    public int Count => _pool.Count;

    public int ChunkOf(IGenerativeModel model) => _pool.ChunkOf(model, Pace);

    public async Task RunAsync(Chunk chunk, CancellationToken cancellationToken)
    {
        if (_quota is not null)
        {
            await _quota.WaitAsync(chunk.Events, cancellationToken);
        }

        await _pool.RunAsync(chunk, this, cancellationToken);
    }

    /// <summary>Does the request's work for as long as the server can wait for it.</summary>
    /// <param name="work">Its token is cancelled too when the server ends.</param>
    /// <param name="sentence">What the client is told then.</param>
    /// <param name="cancellationToken">The client's.</param>
    /// <exception cref="ProblemException">503: the server ends.</exception>
    public async Task<T> UntilStoppedAsync<T>(Func<CancellationToken, Task<T>> work, string sentence, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _pool.Stopping);
        try
        {
            return await work(stop.Token);
        }
        catch (OperationCanceledException) when (_pool.Stopping.IsCancellationRequested)
        {
            // The client's token may be cancelled by then too: Kestrel aborts a connection whose write is cancelled.
            throw new ProblemException(StatusCodes.Status503ServiceUnavailable, sentence);
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _left, 1) == 0)
        {
            _quota?.Leave();
            _pool.Leave(this);
        }
    }
}
