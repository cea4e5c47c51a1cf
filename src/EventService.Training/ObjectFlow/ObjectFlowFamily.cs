using EventService.Training.Recipes;
using EventService.Training.Runs;
using EventService.Training.Tables;

namespace EventService.Training.ObjectFlow;

/// <summary>Flows over the objects of whole events at points of parameters.</summary>
internal sealed class ObjectFlowFamily : TrainableFamily<ObjectFlowRecipe>
{
    public override IReadOnlyList<string> Names => [ObjectFlowRecipe.Family];

    public override string Subject => "an object flow";

    protected override ITrainingRun Prepare(ObjectFlowRecipe recipe, TrainingData data, TrainingSettings settings) => new ObjectFlowRun(
        new ObjectFlowTraining((PointTable)data, recipe, settings.Threads, settings.CheckpointSteps),
        recipe.Identity,
        recipe.CrossSectionPb,
        recipe.Calibration,
        recipe.AcceptanceEvents);
}
