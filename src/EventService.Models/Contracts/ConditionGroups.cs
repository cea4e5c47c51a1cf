using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Models.Contracts;

/// <summary>
/// Densities of events under conditions of their own from a model that takes one condition at a time: those of one condition together.
/// </summary>
internal static class ConditionGroups
{
    /// <inheritdoc cref="ILikelihoodModel.LogDensities"/>
    public static void LogDensities(ILikelihoodModel model, EventSample events, IReadOnlyList<IReadOnlyList<double>> conditions, Span<EventDensity> densities)
    {
        foreach (var rows in Enumerable.Range(0, events.Count).GroupBy(row => conditions[row], SameValues.Instance))
        {
            var group = EventSample.For(model.Schema);
            foreach (var row in rows)
            {
                group.AddFrom(events, row);
            }

            var found = new EventDensity[group.Count];
            model.LogDensity(group, rows.Key, found);
            var next = 0;
            foreach (var row in rows)
            {
                densities[row] = found[next++];
            }
        }
    }

    private sealed class SameValues : IEqualityComparer<IReadOnlyList<double>>
    {
        public static readonly SameValues Instance = new();

        public bool Equals(IReadOnlyList<double>? x, IReadOnlyList<double>? y) => ReferenceEquals(x, y) || (x is not null && y is not null && x.SequenceEqual(y));

        public int GetHashCode(IReadOnlyList<double> values)
        {
            var hash = default(HashCode);
            foreach (var value in values)
            {
                hash.Add(value);
            }

            return hash.ToHashCode();
        }
    }
}
