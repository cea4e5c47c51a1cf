using EventService.Models.Conditions;

namespace EventService.Training.Recipes;

/// <summary>A parameter that events are conditioned on.</summary>
public sealed record ConditionRecipe
{
    public required string Name { get; init; }

    public required string Unit { get; init; }

    public string Description { get; init; } = "";

    /// <summary>Another parameter that requests may give in its place.</summary>
    public AlternativeParameter? Alternative { get; init; }
}
