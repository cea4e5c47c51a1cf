using System.Text.Json;
using System.Text.Json.Serialization;

using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Physics.Events;
using EventService.Physics.Formats;

namespace EventService.Training.Recipes;

/// <summary>
/// How a model is trained, as a JSON file says it: what the model is called, and for how long and at which pace it is trained. Each
/// family of models adds its data and architecture. Unknown fields are an error. With the data a recipe determines the model to the
/// bit.
/// </summary>
public abstract record Recipe
{
    /// <summary>The name of the model.</summary>
    public required string Name { get; init; }

    public required string Process { get; init; }

    public string Description { get; init; } = "";

    /// <summary>Cross-section before the event selection [pb]; of a recipe with points they have it.</summary>
    public double CrossSectionPb { get; init; } = double.NaN;

    public required ScheduleRecipe Training { get; init; }

    /// <summary>The model's name, process and description.</summary>
    [JsonIgnore]
    public ModelIdentity Identity => new(Name, Process, Description);

    /// <summary>Columns of the table that is learnt; null where the events are whole.</summary>
    [JsonIgnore]
    public virtual SampleSchema? Columns => null;

    /// <summary>The parameters that the model is conditioned on, with their units.</summary>
    [JsonIgnore]
    public virtual IReadOnlyList<(string Name, string Unit)> Parameters => [];

    /// <summary>Whether its data is a folder with a file for each point of the parameters.</summary>
    [JsonIgnore]
    public virtual bool HasPoints => false;

    /// <summary>Reads the events.</summary>
    /// <param name="path">The file, or the folder with the files of the points.</param>
    /// <exception cref="DataFormatException">A file has faults.</exception>
    /// <exception cref="ModelFormatException">A point has no events that the recipe takes, or its efficiency is not a share.</exception>
    public abstract TrainingData Read(string path);

    /// <summary>The events at each value of the parameters, by rising values; for recipes with parameters.</summary>
    /// <param name="data">What <see cref="Read"/> gave.</param>
    /// <exception cref="ArgumentException">There are too many different values.</exception>
    public virtual IReadOnlyList<ConditionPoint> PointsOf(TrainingData data) =>
        throw new ArgumentException($"The recipe of '{Name}' has no data.conditions, expected some.");

    /// <summary>Checks what can be checked without the data.</summary>
    /// <exception cref="ModelFormatException">Something is wrong; the message says what, and what is expected.</exception>
    public virtual void Check()
    {
        RecipeJson.RequireName("name", Name);
        RecipeJson.RequireName("process", Process);
        RecipeJson.Require(
            !HasPoints || double.IsNaN(CrossSectionPb),
            "crossSectionPb and data.points are there, expected the cross-sections with the points only");
        RecipeJson.Require(
            HasPoints || !double.IsNaN(CrossSectionPb),
            "crossSectionPb is missing, expected the cross-section before the event selection [pb]");
        RecipeJson.Require(Training.Fault() is null, $"training: {Training.Fault()}");
    }

    /// <summary>The recipe as JSON, for the record and for comparison.</summary>
    public JsonElement ToJson() => JsonSerializer.SerializeToElement(this, GetType(), RecipeJson.Options);
}
