using EventService.Physics.Kinds;

namespace EventService.Models.Cards;

/// <summary>What a model must reach to be served without an override.</summary>
/// <param name="LargestAuc">The largest AUC of the classifier two-sample test that passes.</param>
/// <param name="LargestWassersteinRatio">The largest W1 of any observable over its Monte Carlo floor that passes.</param>
public sealed record EvaluationGates(double LargestAuc = 0.60, double LargestWassersteinRatio = 3)
{
    private static readonly EvaluationGates s_default = new();

    // Kinds whose gates are others; none yet.
    private static readonly Dictionary<EventKind, EvaluationGates> s_ofKind = [];

    /// <summary>The gates for models of events of a kind.</summary>
    public static EvaluationGates Of(EventKind kind) => s_ofKind.GetValueOrDefault(kind, s_default);
}
