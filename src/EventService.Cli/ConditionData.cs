using System.Security.Cryptography;

using EventService.Evaluation;
using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Physics.Events;
using EventService.Training.Recipes;
using EventService.Training.Tables;

namespace EventService.Cli;

/// <summary>The events that a recipe with conditions takes, point by point.</summary>
/// <param name="Process">Their process.</param>
/// <param name="Schema">Columns of the events, without the conditions.</param>
/// <param name="Conditions">Names of the parameters.</param>
/// <param name="Points">The points, by rising values.</param>
/// <param name="Sha256">Digest of the data.</param>
internal sealed record ConditionData(
    string Process, SampleSchema Schema, IReadOnlyList<string> Conditions, IReadOnlyList<ConditionPoint> Points, string Sha256)
{
    public EventView View { get; } = new(Schema);

    /// <summary>Whole events.</summary>
    public static ConditionData Read(ObjectFlowRecipe recipe, FileInfo data) => Of(recipe, PointTable.Read(recipe, data.FullName));

    /// <inheritdoc cref="Read(ObjectFlowRecipe, FileInfo)"/>
    public static ConditionData Of(ObjectFlowRecipe recipe, PointTable table)
    {
        string[] conditions = [.. recipe.Data.Conditions.Select(c => c.Name)];
        return new(recipe.Process, DarkMachinesSchema.Create(table.Sample), conditions, table.ToConditionPoints(conditions), table.Sha256);
    }

    /// <summary>Rows of one table, or of a file for each point.</summary>
    /// <exception cref="RequestException">There are too many different values to be points.</exception>
    public static ConditionData Read(Recipe recipe, FileInfo data)
    {
        if (recipe.Data.Points.Count > 0)
        {
            return Of(recipe, PointTable.Read(recipe, data.FullName));
        }

        using var stream = data.OpenRead();
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(stream));
        try
        {
            return Of(recipe, recipe.ReadTable(data.OpenRead(), data.Name), sha256);
        }
        catch (ArgumentException e)
        {
            throw new RequestException(RequestFault.Cannot, e.Message);
        }
    }

    public static ConditionData Of(Recipe recipe, PointTable table) => Of(recipe, table.Sample, table.Sha256);

    private static ConditionData Of(Recipe recipe, EventSample sample, string sha256) =>
        new(recipe.Process, recipe.Schema, [.. recipe.Data.Conditions.Select(c => c.Name)], ConditionPoints.Of(sample, recipe), sha256);
}
