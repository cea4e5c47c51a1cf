namespace EventService.Generation.Pipeline;

/// <summary>A piece of a request that one worker does without interruption: a few milliseconds, so that others have their turn.</summary>
public abstract class Chunk
{
    /// <summary>Number of events that are worked on.</summary>
    public abstract int Events { get; }

    /// <summary>Does the work on the calling thread.</summary>
    public abstract void Run();
}
