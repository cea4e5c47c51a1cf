using System.Text.Json.Serialization;

using EventService.Models.Contracts;
using EventService.Models.FlowEvents;
using EventService.Training.Families;

namespace EventService.Training.Recipes;

/// <summary>
/// How whole events are composed of flows, and how these are trained on a Dark Machines file, as a JSON file says it. Unknown fields are an error. With the data
/// it determines the model to the bit.
/// </summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record EventsRecipe
{
    /// <summary>Of the model.</summary>
    public required string Name { get; init; }

    public required string Process { get; init; }

    public string Description { get; init; } = "";

    /// <summary>Cross-section before the event selection [pb].</summary>
    public required double CrossSectionPb { get; init; }

    /// <summary>particles, cumulative-particles or fixed-event.</summary>
    public required string Composition { get; init; }

    /// <summary>Draws from which a particle is chosen, for cumulative-particles.</summary>
    public int Candidates { get; init; } = 1000;

    /// <summary>Maps of all columns, from the numbers of <see cref="FlowCoordinates"/> to the flow.</summary>
    public required IReadOnlyList<MapRecipe> Maps { get; init; }

    /// <summary>Of the flows that name none of their own.</summary>
    public required FlowFamily Architecture { get; init; }

    /// <inheritdoc cref="Architecture"/>
    public required ScheduleRecipe Training { get; init; }

    /// <summary>What is different for single flows, by name.</summary>
    public IReadOnlyDictionary<string, FlowRecipe> Flows { get; init; } = new Dictionary<string, FlowRecipe>();

    /// <summary>Draws by which the acceptance of the event selection is measured.</summary>
    public long AcceptanceEvents { get; init; } = 100_000;

    /// <summary>Whether a recipe is of this kind and not for a table: it has a composition.</summary>
    /// <exception cref="ModelFormatException">The text is no JSON.</exception>
    public static bool IsOne(ReadOnlyMemory<byte> json) => RecipeJson.Has(json, "composition");

    /// <exception cref="ModelFormatException">A field is missing, unknown or wrong; the message says which, and what is expected.</exception>
    public static EventsRecipe Parse(ReadOnlySpan<byte> json)
    {
        var recipe = RecipeJson.Parse<EventsRecipe>(json);
        RecipeJson.RequireName("name", recipe.Name);
        RecipeJson.RequireName("process", recipe.Process);
        string[] compositions = [ParticleFlows.CompositionName, CumulativeParticleFlows.CompositionName, FixedEventFlow.CompositionName];
        RecipeJson.Require(compositions.Contains(recipe.Composition), $"composition is '{recipe.Composition}', expected {string.Join(", ", compositions)}");
        RecipeJson.Require(double.IsFinite(recipe.CrossSectionPb) && recipe.CrossSectionPb > 0, $"crossSectionPb is {recipe.CrossSectionPb}, expected a number above 0");
        RecipeJson.Require(recipe.Candidates is >= 1 and <= 100_000, $"candidates is {recipe.Candidates}, expected 1 to 100000");
        RecipeJson.Require(recipe.AcceptanceEvents >= 1, $"acceptanceEvents is {recipe.AcceptanceEvents}, expected at least 1");
        foreach (var schedule in recipe.Flows.Values.Select(f => f.Training).OfType<ScheduleRecipe>().Append(recipe.Training))
        {
            RecipeJson.Require(schedule.Fault() is null, $"training: {schedule.Fault()}");
            RecipeJson.Require(schedule.Dropout == 0, "training has a dropout, which only object flows have");
        }

        return recipe;
    }

    /// <summary>The recipe of one flow over these columns.</summary>
    internal Recipe Of(string flow, IReadOnlyList<ColumnRecipe> columns, IReadOnlyList<string> mirror)
    {
        var own = Flows.GetValueOrDefault(flow);
        return new Recipe
        {
            Name = $"{Name}.{flow}",
            Process = Process,
            CrossSectionPb = CrossSectionPb,
            Data = new TableRecipe { Columns = columns, Maps = own?.Maps ?? Maps, Mirror = mirror },
            Architecture = own?.Architecture ?? Architecture,
            Training = own?.Training ?? Training,
        };
    }
}

/// <summary>A flow that differs from the others of its composition.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record FlowRecipe
{
    public IReadOnlyList<MapRecipe>? Maps { get; init; }

    public FlowFamily? Architecture { get; init; }

    public ScheduleRecipe? Training { get; init; }
}
