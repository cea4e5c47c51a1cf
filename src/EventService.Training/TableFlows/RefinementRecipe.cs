using System.Text.Json.Serialization;

using EventService.Models.Flows;
using EventService.Models.Tables;
using EventService.Training.Layers;
using EventService.Training.Recipes;

namespace EventService.Training.TableFlows;

/// <summary>How a trained flow is refined: see <see cref="FlowRefinement"/>.</summary>
public sealed record RefinementRecipe
{
    /// <summary>The network that judges.</summary>
    public required ConditionerSizes Network { get; init; }

    /// <summary>Its training; an epoch takes every training event once, and as many of the flow.</summary>
    public required ScheduleRecipe Training { get; init; }

    /// <summary>
    /// The largest weight is this quantile of the weights of the flow's events: the larger, the nearer to the weights, and the more events
    /// are drawn in vain.
    /// </summary>
    public double Quantile { get; init; } = 0.995;

    /// <summary>Events of the flow that the acceptance is measured with.</summary>
    public int AcceptanceEvents { get; init; } = 1_000_000;

    /// <summary>
    /// Intervals of equal share in which the distributions of single columns are brought to those of the table by further weights, see
    /// <see cref="MarginalWeights"/>; 0 for none.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int MarginalQuantiles { get; init; }

    /// <summary>What is wrong; null if nothing is.</summary>
    public string? Fault() =>
        Network.Fault()?.TrimEnd('.') ?? Training.Fault()
        ?? (Quantile is not (> 0 and < 1) || AcceptanceEvents < 1000 ? $"quantile {Quantile} and {AcceptanceEvents} acceptanceEvents, expected above 0 to below 1 and at least 1000"
        : MarginalQuantiles is not (0 or >= 3 and <= 1000) ? $"{MarginalQuantiles} marginalQuantiles, expected 0 for none, or 3 to 1000" : null);
}
