using System.Text.Json;

using EventService.Models.Contracts;
using EventService.Training.FlowEvents;
using EventService.Training.GaussianMixture;
using EventService.Training.ObjectFlow;
using EventService.Training.Recipes;
using EventService.Training.Runs;
using EventService.Training.TableFlows;

namespace EventService.Training.Catalog;

/// <summary>The families of models that can be trained: the one list of them, and the one way from a recipe to a training.</summary>
public static class TrainableFamilies
{
    public static IReadOnlyList<TrainableFamily> All { get; } =
    [
        new TableFlowFamily(),
        new FlowEventsFamily(),
        new ObjectFlowFamily(),
        new GaussianMixtureFamily(),
    ];

    /// <summary>Reads a recipe and checks what can be checked without the data. Comments and trailing commas are allowed.</summary>
    /// <exception cref="ModelFormatException">A field is missing, unknown or wrong; the message says where, and what is
    /// expected.</exception>
    public static Recipe Parse(ReadOnlyMemory<byte> json)
    {
        var text = RecipeJson.Text(json);
        return RecipeJson.Read(text, FamilyOf(text).RecipeType);
    }

    /// <summary>Reads a recipe that has to be of this kind.</summary>
    /// <exception cref="ModelFormatException">As <see cref="Parse(ReadOnlyMemory{byte})"/>, or the recipe is of another kind.</exception>
    public static TRecipe Parse<TRecipe>(ReadOnlyMemory<byte> json)
        where TRecipe : Recipe
    {
        var recipe = Parse(json);
        var expected = All.Where(f => f.RecipeType.IsAssignableTo(typeof(TRecipe))).Select(f => f.Subject);
        return recipe as TRecipe ?? throw new ModelFormatException(
            $"The recipe of '{recipe.Name}' is of {Of(recipe).Subject}, expected one of {string.Join(" or ", expected)}.");
    }

    /// <summary>Prepares a training.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="data">What it reads.</param>
    /// <param name="settings">What else there is to know.</param>
    /// <exception cref="ArgumentException">Recipe, data and settings do not fit each other; the message is for the user.</exception>
    public static ITrainingRun Prepare(Recipe recipe, TrainingData data, TrainingSettings settings) =>
        Of(recipe).Prepare(recipe, data, settings);

    private static TrainableFamily Of(Recipe recipe) => All.Single(f => f.RecipeType == recipe.GetType());

    private static TrainableFamily FamilyOf(JsonElement recipe)
    {
        RecipeJson.Require(
            recipe.ValueKind == JsonValueKind.Object,
            "it is no object, expected name, process, architecture, training and what these need");
        if (All.FirstOrDefault(f => f.Marker is { } marker && recipe.TryGetProperty(marker, out _)) is { } marked)
        {
            return marked;
        }

        string[] names = [.. All.Where(f => f.Marker is null).SelectMany(f => f.Names)];
        var oneOfThem = $"one of {string.Join(", ", names)}";
        RecipeJson.Require(
            recipe.TryGetProperty("architecture", out var architecture),
            $"architecture is missing, expected an object with family, which is {oneOfThem}");
        RecipeJson.Require(
            architecture.ValueKind == JsonValueKind.Object, $"architecture is no object, expected one with family, which is {oneOfThem}");
        RecipeJson.Require(architecture.TryGetProperty("family", out var family), $"architecture.family is missing, expected {oneOfThem}");
        var name = family.ValueKind == JsonValueKind.String ? family.GetString()! : family.GetRawText();
        RecipeJson.Require(names.Contains(name), $"architecture.family is '{name}', expected {oneOfThem}");
        return All.First(f => f.Marker is null && f.Names.Contains(name));
    }
}
