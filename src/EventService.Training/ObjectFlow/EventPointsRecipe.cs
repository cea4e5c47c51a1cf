using EventService.Models.Conditions;
using EventService.Models.ObjectFlow;
using EventService.Physics.Events;
using EventService.Training.Recipes;

namespace EventService.Training.ObjectFlow;

/// <summary>Which files of whole events are learnt, and what the events of each are conditioned on.</summary>
public sealed record EventPointsRecipe
{
    /// <summary>The parameters.</summary>
    public required IReadOnlyList<ConditionRecipe> Conditions { get; init; }

    /// <summary>Points of the parameters with a file each.</summary>
    public required IReadOnlyList<PointRecipe> Points { get; init; }

    /// <summary>What must hold of any values of the parameters.</summary>
    public IReadOnlyList<ConditionConstraint> Constraints { get; init; } = [];

    /// <summary>Further inputs of the networks, made of the parameters.</summary>
    public IReadOnlyList<DerivedInput> Derived { get; init; } = [];

    /// <summary>The parameters with the range and the values of these points.</summary>
    internal IReadOnlyList<ConditionParameter> ParametersOf(IReadOnlyList<TrainedPoint> points) => [.. Conditions.Select((c, k) =>
    {
        double[] values = [.. points.Select(p => p.Values[k]).Distinct().Order()];
        return new ConditionParameter(c.Name, c.Unit, c.Description, values[0], values[^1], values) { Alternative = c.Alternative };
    })];

    internal void Check()
    {
        RecipeJson.Require(Conditions.Count > 0 && Points.Count > 0, $"data has {Conditions.Count} conditions and {Points.Count} points, expected at least one of both; without conditions 'eventservice train' needs no recipe");
        var columns = DarkMachinesSchema.Create(new ObjectMaxima(0, 0, 0, 0, 0)).Scalars.Select(s => s.Name).Concat(["event", "logDensity"]);
        foreach (var condition in Conditions)
        {
            RecipeJson.RequireColumnName(condition.Name);
            RecipeJson.Require(!columns.Contains(condition.Name), $"the condition '{condition.Name}' has the name of a column of the events");
            RecipeJson.Require(Conditions.Count(c => c.Name == condition.Name) == 1, $"the condition '{condition.Name}' is there twice");
        }

        RecipeJson.RequireAlternatives([.. Conditions.Select(c => (c.Name, c.Alternative))], columns);
        foreach (var input in Derived)
        {
            var fault = input.Fault(Conditions.Select(c => c.Name));
            RecipeJson.Require(fault is null, $"data has {fault}");
        }

        PointRecipe.Check(Points, Constraints, [.. Conditions.Select(c => (c.Name, c.Unit, c.Description))]);
    }
}
