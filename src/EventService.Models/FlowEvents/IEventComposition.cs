using EventService.Models.Flows;
using EventService.Models.WholeEvents;

namespace EventService.Models.FlowEvents;

/// <summary>Names an attempt at an event: its numbers are a function of these alone.</summary>
/// <param name="Key">Key of the stream.</param>
/// <param name="Index">Index of the event in the stream.</param>
/// <param name="Attempt">From 0; the object counts do not depend on it.</param>
public readonly record struct EventAttempt(ulong Key, long Index, uint Attempt);

/// <summary>A way to make whole events from the draws of flows.</summary>
public interface IEventComposition
{
    /// <summary>The flows, by the names that their tensors have in the model file.</summary>
    IReadOnlyDictionary<string, LayeredFlow> Flows { get; }

    /// <summary>The object counts, where they are drawn first; else null.</summary>
    CountDistribution? Counts { get; }

    /// <summary>Events per call that keep a call short.</summary>
    int PreferredChunk { get; }

    /// <summary>Draws one candidate for each attempt, in their order. For one thread; the candidates are cleared first.</summary>
    void Draw(ReadOnlySpan<EventAttempt> attempts, ReadOnlySpan<EventCandidate> candidates);

    /// <summary>The same composition with memory of its own, for another thread.</summary>
    IEventComposition ForThread();
}
