using System.Text.Json.Serialization;

using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.ObjectFlow;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Training.Recipes;

/// <summary>
/// How an <see cref="AutoregressiveObjectFlow"/> with conditions is trained on Dark Machines files, one a point, as a JSON file says it. Unknown fields are an error. With the data it determines
/// the model to the bit.
/// </summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ObjectFlowRecipe
{
    /// <summary>Name of the architecture in recipes.</summary>
    public const string Family = "object-flow";

    /// <summary>Of the model.</summary>
    public required string Name { get; init; }

    public required string Process { get; init; }

    public string Description { get; init; } = "";

    public required EventPointsRecipe Data { get; init; }

    public required ObjectFlowSizesRecipe Architecture { get; init; }

    public required ScheduleRecipe Training { get; init; }

    public CalibrationOptions Calibration { get; init; } = new();

    /// <summary>Draws by which the acceptance of the validity filter is measured, at all points together.</summary>
    public long AcceptanceEvents { get; init; } = 2_000_000;

    /// <summary>Hyper-parameters of the networks.</summary>
    [JsonIgnore]
    public ObjectFlowHyperparameters Hyperparameters => Architecture.Of(Data.Conditions.Count) with { Derived = Data.Derived.Count > 0 ? Data.Derived : null };

    /// <summary>Whether a recipe is of this kind: its architecture says so.</summary>
    /// <exception cref="ModelFormatException">The text is no JSON.</exception>
    public static bool IsOne(ReadOnlyMemory<byte> json) => RecipeJson.FamilyOf(json) == Family;

    /// <exception cref="ModelFormatException">A field is missing, unknown or wrong; the message says which, and what is expected.</exception>
    public static ObjectFlowRecipe Parse(ReadOnlySpan<byte> json)
    {
        var recipe = RecipeJson.Parse<ObjectFlowRecipe>(json);
        RecipeJson.RequireName("name", recipe.Name);
        RecipeJson.RequireName("process", recipe.Process);
        recipe.Data.Check();
        RecipeJson.Require(recipe.Architecture.Fault() is null, $"architecture: {recipe.Architecture.Fault()}");
        RecipeJson.Require(recipe.Training.Fault() is null, $"training: {recipe.Training.Fault()}");
        RecipeJson.Require(recipe.Training.RestartEpochs is null, "training has restartEpochs, expected none: object flows are trained with one cosine over all epochs");
        RecipeJson.Require(recipe.Calibration is { Rounds: >= 0, Events: >= 1 }, $"calibration has {recipe.Calibration.Rounds} rounds of {recipe.Calibration.Events} events, expected at least 0 and 1");
        RecipeJson.Require(recipe.AcceptanceEvents >= recipe.Data.Points.Count, $"acceptanceEvents is {recipe.AcceptanceEvents}, expected at least one at each of {recipe.Data.Points.Count} points");
        return recipe;
    }
}

/// <summary>Which files of whole events are learnt, and what the events of each are conditioned on.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
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

/// <summary>A parameter that events are conditioned on.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ConditionRecipe
{
    public required string Name { get; init; }

    public required string Unit { get; init; }

    public string Description { get; init; } = "";

    /// <summary>Another parameter that requests may give in its place.</summary>
    public AlternativeParameter? Alternative { get; init; }
}

/// <summary>Sizes of the networks: see <see cref="ObjectFlowHyperparameters"/>.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ObjectFlowSizesRecipe
{
    private static readonly ObjectFlowHyperparameters s_default = new();

    public required string Family { get; init; }

    public int Width { get; init; } = s_default.Width;

    public int Blocks { get; init; } = s_default.Blocks;

    public int HeadWidth { get; init; } = s_default.HeadWidth;

    public int AzimuthWidth { get; init; } = s_default.AzimuthWidth;

    public int Bins { get; init; } = s_default.Bins;

    public int AzimuthKnots { get; init; } = s_default.AzimuthKnots;

    public bool Imbalance { get; init; } = s_default.Imbalance;

    public double RecoilWidth { get; init; } = s_default.RecoilWidth;

    internal string? Fault() => ObjectFlowFile.Fault(Of(0));

    internal ObjectFlowHyperparameters Of(int conditions) =>
        new() { Width = Width, Blocks = Blocks, HeadWidth = HeadWidth, AzimuthWidth = AzimuthWidth, Bins = Bins, AzimuthKnots = AzimuthKnots, Imbalance = Imbalance, RecoilWidth = RecoilWidth, Conditions = conditions };
}
