using EventService.Models.Cards;
using EventService.Physics.Events;
using EventService.Physics.Kinds;
using EventService.Physics.Observables;

namespace EventService.Evaluation;

/// <summary>
/// How events of a schema are looked at: by the observables and features of their kind, and what else there is for the kind.
/// </summary>
public sealed class EventView
{
    private readonly SampleSchema _schema;
    private readonly KindEvaluation _evaluation;

    /// <param name="schema">Columns of the events.</param>
    /// <exception cref="NotSupportedException">The events are of no known kind.</exception>
    public EventView(SampleSchema schema)
    {
        (_schema, Kind) = (schema, EventKind.Of(schema));
        (Observables, _evaluation) = (Kind.Observables(schema), KindEvaluation.Of(Kind));
    }

    public EventKind Kind { get; }

    /// <summary>What is compared one by one.</summary>
    public IReadOnlyList<Observable> Observables { get; }

    /// <summary>What a model of such events must reach.</summary>
    public EvaluationGates Gates => EvaluationGates.Of(Kind);

    /// <summary>Faults to plant into such events; mostly none.</summary>
    public IReadOnlyList<PlantedDistortion> Distortions => _evaluation.Distortions;

    /// <summary>Whether the columns of events can be moved from one point of a grid to another.</summary>
    public bool HasMovableColumns => _evaluation.HasMovableColumns;

    /// <summary>What a classifier is shown.</summary>
    public FeatureMatrix Features(EventSample sample, CancellationToken cancellation = default) =>
        Kind.Features(sample, _schema, cancellation);

    /// <summary>How the particles of two samples agree; null for events without particles of their own.</summary>
    public ParticleComparison? Particles(EventSample monteCarlo, EventSample generated) =>
        _evaluation.Particles?.Invoke(monteCarlo, generated);
}
