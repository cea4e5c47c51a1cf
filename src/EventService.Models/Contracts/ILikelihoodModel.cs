using EventService.Physics.Events;

namespace EventService.Models.Contracts;

/// <summary>A model that knows the density of an event.</summary>
public interface ILikelihoodModel : IGenerativeModel
{
    /// <summary>What the density is taken with respect to: coordinates, their order and units.</summary>
    string BaseMeasure { get; }

    /// <summary>Natural log of the density of each event of the sample, same order. Never NaN.</summary>
    void LogDensity(EventSample events, IReadOnlyList<double> condition, Span<EventDensity> densities);

    /// <summary>The same, each event under a condition of its own.</summary>
    /// <param name="events">The events.</param>
    /// <param name="conditions">The conditions of each event.</param>
    /// <param name="densities">Receives one an event.</param>
    void LogDensities(EventSample events, IReadOnlyList<IReadOnlyList<double>> conditions, Span<EventDensity> densities) => ConditionGroups.LogDensities(this, events, conditions, densities);
}
