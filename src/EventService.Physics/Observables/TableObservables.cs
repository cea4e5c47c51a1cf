using EventService.Physics.Events;

namespace EventService.Physics.Observables;

/// <summary>The columns of a table as observables.</summary>
public static class TableObservables
{
    /// <summary>One observable a column, in their order.</summary>
    /// <exception cref="ArgumentException">The schema has collections.</exception>
    public static IReadOnlyList<Observable> Of(SampleSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return schema.IsTable
            ? [.. schema.Scalars.Select((s, c) => new Observable(
                s.Name, s.Name.Replace("_", " ", StringComparison.Ordinal), s.Unit, double.NegativeInfinity, double.PositiveInfinity, false,
                ObservableGroup.Columns, FeatureScale.Linear, e => e.Column(c)))]
            : throw new ArgumentException(
                $"The schema has the collections {string.Join(", ", schema.Collections.Select(c => c.Name))}, expected columns only.",
                nameof(schema));
    }
}
