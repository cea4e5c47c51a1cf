using EventService.Physics.Events;

namespace EventService.Generation;

/// <summary>
/// A trained model that yields events: <c>event(i) = F(model, numerics profile, seed, condition, i)</c>, a pure function.
/// Implementations are immutable and safe for concurrent calls.
/// </summary>
public interface IGenerativeModel
{
    /// <summary>Columns of the events, without the optional log-density.</summary>
    SampleSchema Schema { get; }

    /// <summary>Events per call that keep the sampler's working set in cache; larger calls are cut by the caller.</summary>
    int PreferredChunk { get; }

    /// <summary>Events of one evaluation of the networks: whole multiples make the best use of them.</summary>
    int Tile { get; }

    /// <summary>Fills <paramref name="block"/> with the events of the ranges, one range after the other. Runs on the calling thread.</summary>
    /// <param name="ranges">Which events, of any streams of this model: those of several requests can be generated together.</param>
    /// <param name="block">Receives the events; its schema is <see cref="Schema"/>.</param>
    /// <param name="logDensity">Empty, or receives the log-density of each event as the sampler knows it.</param>
    /// <exception cref="AttemptsExhaustedException">An event failed the validity filter too often.</exception>
    void Generate(ReadOnlySpan<EventRange> ranges, EventBlock block, Span<double> logDensity);
}

/// <summary>A model that knows the density of an event.</summary>
public interface ILikelihoodModel : IGenerativeModel
{
    /// <summary>What the density is taken with respect to: coordinates, their order and units.</summary>
    string BaseMeasure { get; }

    /// <summary>Natural log of the density of each event of the sample, same order. Never NaN.</summary>
    void LogDensity(EventSample events, IReadOnlyList<double> condition, Span<EventDensity> densities);

    /// <summary>The same, each event under a condition of its own.</summary>
    /// <param name="events">The events.</param>
    /// <param name="conditions">Of each event.</param>
    /// <param name="densities">Receives one an event.</param>
    void LogDensities(EventSample events, IReadOnlyList<IReadOnlyList<double>> conditions, Span<EventDensity> densities) => ConditionGroups.LogDensities(this, events, conditions, densities);
}

/// <summary>Names a stream of events of a model: all that an event depends on besides the model and its index.</summary>
/// <param name="Seed">Any unsigned 64-bit number.</param>
/// <param name="Condition">Values of the model's condition parameters in their order; empty for an unconditional model.</param>
public readonly record struct EventStream(ulong Seed, IReadOnlyList<double> Condition);

/// <summary>Events First .. First + Count - 1 of a stream.</summary>
/// <param name="Stream">Seed and condition.</param>
/// <param name="First">Index of the first event.</param>
/// <param name="Count">Number of events.</param>
public readonly record struct EventRange(EventStream Stream, long First, int Count);

/// <summary>Density of one event.</summary>
/// <param name="LogDensity">Natural log; negative infinity where the model gives the event no density.</param>
/// <param name="Error">Standard error of the log-density, from the measured acceptance of the validity filter.</param>
/// <param name="Reason">Why the density is zero; null where it is not.</param>
public readonly record struct EventDensity(double LogDensity, double Error, string? Reason);

/// <summary>An event was redrawn as often as allowed without passing the validity filter.</summary>
public sealed class AttemptsExhaustedException(string message) : Exception(message);
