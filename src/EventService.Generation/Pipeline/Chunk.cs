namespace EventService.Generation.Pipeline;

/// <summary>A piece of a request that one worker does without interruption: a few milliseconds, so that others have their turn.</summary>
public abstract class Chunk
{
    /// <summary>Number of events that are worked on.</summary>
    public abstract int Events { get; }

    /// <summary>The result, from <see cref="Run"/> to <see cref="Release"/>.</summary>
    public PooledBytes Output { get; } = new();

    /// <summary>Does the work on the calling thread.</summary>
    /// <param name="scratch">Buffers of that thread.</param>
    public abstract void Run(ChunkScratch scratch);

    /// <summary>Gives the memory of the result back: only finished chunks that nobody has taken yet hold any.</summary>
    public void Release() => Output.Release();
}
