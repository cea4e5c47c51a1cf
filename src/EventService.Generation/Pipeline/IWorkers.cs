using EventService.Models.Contracts;
using EventService.Models.Sampling;

namespace EventService.Generation.Pipeline;

/// <summary>Threads that run the chunks of a request.</summary>
public interface IWorkers
{
    /// <summary>Number of threads.</summary>
    int Count { get; }

    /// <summary>Events of one chunk for this model: whole tiles, short enough that others have their turn.</summary>
    int ChunkOf(IGenerativeModel model);

    /// <summary>Runs the chunk on a worker; if the token is cancelled before its turn it is not run.</summary>
    Task RunAsync(Chunk chunk, CancellationToken cancellationToken);
}
