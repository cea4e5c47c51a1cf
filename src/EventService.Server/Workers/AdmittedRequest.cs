using EventService.Generation;
using EventService.Generation.Pipeline;

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

    /// <summary>Cancelled when the server can wait no longer for its requests to end.</summary>
    public CancellationToken Stopping => _pool.Stopping;

    public int ChunkOf(IGenerativeModel model) => _pool.ChunkOf(model, Pace);

    public async Task RunAsync(Chunk chunk, CancellationToken cancellationToken)
    {
        if (_quota is not null)
        {
            await _quota.WaitAsync(chunk.Events, cancellationToken);
        }

        await _pool.RunAsync(chunk, this, cancellationToken);
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
