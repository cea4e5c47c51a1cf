using System.Text.Json.Serialization;

using EventService.Models.Conditions;
using EventService.Models.ObjectFlow;
using EventService.Training.Recipes;
using EventService.Training.Tables;

namespace EventService.Training.ObjectFlow;

/// <summary>How an <see cref="AutoregressiveObjectFlow"/> with conditions is trained on Dark Machines files, one a point.</summary>
public sealed record ObjectFlowRecipe : Recipe
{
    /// <summary>Name of the architecture in recipes.</summary>
    public const string Family = "object-flow";

    public required EventPointsRecipe Data { get; init; }

    public required ObjectFlowSizesRecipe Architecture { get; init; }

    public CalibrationOptions Calibration { get; init; } = new();

    /// <summary>Draws by which the acceptance of the validity filter is measured, at all points together.</summary>
    public long AcceptanceEvents { get; init; } = 2_000_000;

    /// <summary>Hyper-parameters of the networks.</summary>
    [JsonIgnore]
    public ObjectFlowHyperparameters Hyperparameters =>
        Architecture.Of(Data.Conditions.Count) with { Derived = Data.Derived.Count > 0 ? Data.Derived : null };

    [JsonIgnore]
    public override IReadOnlyList<(string Name, string Unit)> Parameters => [.. Data.Conditions.Select(c => (c.Name, c.Unit))];

    [JsonIgnore]
    public override bool HasPoints => true;

    public override TrainingData Read(string path) => PointTable.ReadWholeEvents(
        Process, Data.Points, Data.Constraints, [.. Data.Conditions.Select(c => c.Name)], path);

    public override IReadOnlyList<ConditionPoint> PointsOf(TrainingData data) =>
        ((PointTable)data).ToConditionPoints(Data.Conditions.Select(c => c.Name));

    public override void Check()
    {
        base.Check();
        Data.Check();
        RecipeJson.Require(Architecture.Fault() is null, $"architecture: {Architecture.Fault()}");
        RecipeJson.Require(
            Training.RestartEpochs is null,
            "training has restartEpochs, expected none: object flows are trained with one cosine over all epochs");
        RecipeJson.Require(
            Calibration is { Rounds: >= 0, Events: >= 1 },
            $"calibration has {Calibration.Rounds} rounds of {Calibration.Events} events, expected at least 0 and 1");
        RecipeJson.Require(
            AcceptanceEvents >= Data.Points.Count,
            $"acceptanceEvents is {AcceptanceEvents}, expected at least one at each of {Data.Points.Count} points");
    }
}
