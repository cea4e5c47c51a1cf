using EventService.Physics.Events;
using EventService.Physics.Observables;

namespace EventService.Evaluation;

/// <summary>How events of a schema are looked at: whole events by the observables of the detector's objects, tables by their columns.</summary>
/// <param name="schema">Columns of the events.</param>
public sealed class EventView(SampleSchema schema)
{
    /// <summary>What is compared one by one.</summary>
    public IReadOnlyList<Observable> Observables { get; } = schema.IsTable ? TableObservables.Of(schema) : EventObservables.All;

    /// <summary>What a classifier is shown.</summary>
    public FeatureMatrix Features(EventSample sample, CancellationToken cancellation = default) =>
        schema.IsTable ? FeatureMatrix.OfTable(sample, schema) : FeatureMatrix.Compute(sample, cancellation);
}
