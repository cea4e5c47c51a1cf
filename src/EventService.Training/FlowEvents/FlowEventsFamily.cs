using EventService.Training.Families;
using EventService.Training.Recipes;
using EventService.Training.Runs;

namespace EventService.Training.FlowEvents;

/// <summary>Whole events composed of flows.</summary>
internal sealed class FlowEventsFamily : TrainableFamily<FlowEventsRecipe>
{
    public override IReadOnlyList<string> Names => JsonShape.NamesOf(typeof(FlowFamily), RecipeJson.Options);

    public override string Marker => "composition";

    public override string Subject => "a composition of flows";

    protected override ITrainingRun Prepare(FlowEventsRecipe recipe, TrainingData data, TrainingSettings settings) =>
        new FlowEventsTraining(data.Sample, recipe, settings.Threads, settings.CheckpointSteps);
}
