using EventService.Evaluation;
using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Physics.Events;
using EventService.Training.Recipes;

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

    /// <summary>What a recipe with conditions read.</summary>
    /// <exception cref="RequestException">There are too many different values to be points.</exception>
    public static ConditionData Of(Recipe recipe, TrainingData data)
    {
        try
        {
            var schema = recipe.Columns ?? DarkMachinesSchema.Create(data.Sample);
            return new(recipe.Process, schema, [.. recipe.Parameters.Select(p => p.Name)], recipe.PointsOf(data), data.Sha256);
        }
        catch (ArgumentException e)
        {
            throw new RequestException(RequestFault.Cannot, e.Message);
        }
    }
}
