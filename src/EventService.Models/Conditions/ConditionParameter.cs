using System.Text.Json.Serialization;

namespace EventService.Models.Conditions;

/// <summary>A parameter that events are conditioned on, such as mGluino in GeV, with the hull of the training points.</summary>
public sealed record ConditionParameter(string Name, string Unit, string Description, double Minimum, double Maximum, IReadOnlyList<double> TrainedPoints)
{
    /// <summary>Another parameter that requests may give in place of this one; null where there is none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AlternativeParameter? Alternative { get; init; }

    /// <summary>The names that requests may give it by: its own, and that of <see cref="Alternative"/>.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Names => Alternative is null ? [Name] : [Name, Alternative.Name];
}
