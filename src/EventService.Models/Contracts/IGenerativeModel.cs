using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Models.Contracts;

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

    /// <summary>
    /// Fills <paramref name="block"/> with the events of the ranges, one range after the other. Runs on the calling thread.
    /// </summary>
    /// <param name="ranges">Which events, of any streams of this model: those of several requests can be generated together.</param>
    /// <param name="block">Receives the events; its schema is <see cref="Schema"/>.</param>
    /// <param name="logDensity">Empty, or receives the log-density of each event as the sampler knows it.</param>
    /// <exception cref="AttemptsExhaustedException">An event failed the validity filter too often.</exception>
    void Generate(ReadOnlySpan<EventRange> ranges, EventBlock block, Span<double> logDensity);
}
