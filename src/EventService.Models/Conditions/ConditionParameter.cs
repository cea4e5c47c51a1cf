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

    /// <summary>A value as networks take it: from -1 to 1 over the parameter's range, 0 where that is a point.</summary>
    public double Scaled(double value) => Maximum > Minimum ? (2 * (value - Minimum) / (Maximum - Minimum)) - 1 : 0;
}
