using EventService.Physics.Events;

namespace EventService.Physics.Observables;

/// <summary>
/// The observables that events of any schema have: its scalars, the number of objects of each collection, the sum of each array.
/// </summary>
public static class ColumnObservables
{
    /// <summary>In the order of the schema, which is that of <see cref="EventKinematics.Column"/>.</summary>
    public static IReadOnlyList<Observable> Of(SampleSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        var (scalars, counts) = (schema.Scalars.Count, schema.Collections.Count);
        return
        [
            .. schema.Scalars.Select((s, c) => Column(c, s.Name, s.Unit, double.NegativeInfinity, false)),
            .. schema.Collections.Select((x, c) => Column(scalars + c, $"n{x.Name}", "1", 0, true)),
            .. schema.Arrays.Select((a, c) => Column(scalars + counts + c, $"sum_{a.Name}", a.Unit, double.NegativeInfinity, false)),
        ];
    }

    private static Observable Column(int column, string name, string unit, double minimum, bool isCount)
    {
        var label = name.Replace("_", " ", StringComparison.Ordinal);
        return new Observable(
            name, label, unit, minimum, double.PositiveInfinity, isCount, ObservableGroup.Columns, FeatureScale.Linear,
            e => e.Column(column));
    }
}
