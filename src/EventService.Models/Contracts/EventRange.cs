using EventService.Models.Sampling;

namespace EventService.Models.Contracts;

/// <summary>Events First .. First + Count - 1 of a stream.</summary>
/// <param name="Stream">Seed and condition.</param>
/// <param name="First">Index of the first event.</param>
/// <param name="Count">Number of events.</param>
public readonly record struct EventRange(EventStream Stream, long First, int Count);
