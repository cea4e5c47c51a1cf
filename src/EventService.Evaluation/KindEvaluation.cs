using EventService.Physics.Events;
using EventService.Physics.Kinds;

namespace EventService.Evaluation;

/// <summary>What the evaluation has for events of a kind beside the observables and features that the kind itself has.</summary>
internal sealed record KindEvaluation
{
    private static readonly Dictionary<EventKind, KindEvaluation> s_ofKind = new()
    {
        [EventKind.WholeEvent] = new KindEvaluation { Particles = ParticleComparison.Of, Distortions = PlantedDistortion.All },
        [EventKind.Table] = new KindEvaluation { HasMovableColumns = true },
    };

    private static readonly KindEvaluation s_nothing = new();

    /// <summary>Compares the particles of two samples, Monte Carlo first; null where there are none.</summary>
    public Func<EventSample, EventSample, ParticleComparison>? Particles { get; private init; }

    /// <summary>Known faults that can be planted into the events.</summary>
    public IReadOnlyList<PlantedDistortion> Distortions { get; private init; } = [];

    /// <summary>Whether <see cref="Closure.MomentMorphing"/> can move the events: they are rows of numbers and nothing else.</summary>
    public bool HasMovableColumns { get; private init; }

    public static KindEvaluation Of(EventKind kind) => s_ofKind.GetValueOrDefault(kind, s_nothing);
}
