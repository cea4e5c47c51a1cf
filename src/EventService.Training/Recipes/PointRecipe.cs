using EventService.Models.Conditions;
using EventService.Models.Contracts;

namespace EventService.Training.Recipes;

/// <summary>A point of the conditions, and the file with its events.</summary>
public sealed record PointRecipe
{
    /// <summary>Name of the file in the folder that the training is given.</summary>
    public required string File { get; init; }

    /// <summary>A value for each condition.</summary>
    public required IReadOnlyDictionary<string, double> Values { get; init; }

    /// <summary>Cross-section before the event selection [pb].</summary>
    public required double CrossSectionPb { get; init; }

    /// <summary>
    /// Share of the events that pass the selection; by default 1 of tables and, of Dark Machines files, from their weights. Of the latter,
    /// events that lack an observable are taken off in both cases.
    /// </summary>
    public double? SelectionEfficiency { get; init; }

    /// <summary>Checks points, constraints and the parameters that they are of against each other.</summary>
    /// <exception cref="ModelFormatException">They do not fit; the message says what is wrong.</exception>
    internal static void Check(IReadOnlyList<PointRecipe> points, IReadOnlyList<ConditionConstraint> constraints, IReadOnlyList<(string Name, string Unit, string Description)> parameters)
    {
        foreach (var point in points)
        {
            var fault = point.Fault(parameters.Select(c => c.Name));
            RecipeJson.Require(fault is null, $"the point of '{point.File}' {fault}");
        }

        var domain = new ConditionDomain { Points = [.. points.Select(p => new TrainedPoint([.. parameters.Select(c => p.Values[c.Name])]))], Constraints = constraints };
        var wrong = domain.Fault([.. parameters.Select(c => new ConditionParameter(c.Name, c.Unit, c.Description, 0, 0, []))]);
        RecipeJson.Require(wrong is null, $"data.points: {wrong}");
    }

    /// <summary>What is wrong; null if nothing is.</summary>
    internal string? Fault(IEnumerable<string> conditions) =>
        !Values.Keys.Order().SequenceEqual(conditions.Order()) ? $"has values of {string.Join(", ", Values.Keys)}, expected of {string.Join(", ", conditions)}"
        : !(double.IsFinite(CrossSectionPb) && CrossSectionPb > 0) ? $"has the cross-section {CrossSectionPb} pb, expected a number above 0"
        : SelectionEfficiency is { } share && share is not (> 0 and <= 1) ? $"has the selection efficiency {share}, expected a number above 0 and at most 1"
        : Path.GetFileName(File) != File || File.Length == 0 ? $"has the file '{File}', expected a name without folders: the folder is given to the command"
        : null;
}
