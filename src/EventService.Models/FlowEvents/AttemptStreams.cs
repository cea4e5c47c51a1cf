using EventService.Engine.Random;

namespace EventService.Models.FlowEvents;

/// <summary>The streams of random numbers of an attempt, one after the other.</summary>
internal struct AttemptStreams(EventAttempt attempt)
{
    /// <summary>Substream of the counts, the same for all attempts.</summary>
    public const uint Counts = 0;

    /// <summary>More than any event has objects: seven types of at most 255 each.</summary>
    private const uint Most = 2048;

    private uint _next = Counts + 1 + (attempt.Attempt * Most);

    public PhiloxStream Next() => new(attempt.Key, (ulong)attempt.Index, _next++);
}
