using EventService.Training.Families;
using EventService.Training.Recipes;
using EventService.Training.Runs;
using EventService.Training.Tables;

namespace EventService.Training.TableFlows;

/// <summary>Flows on a table.</summary>
internal sealed class TableFlowFamily : TrainableFamily<TableFlowRecipe>
{
    public override IReadOnlyList<string> Names => JsonShape.NamesOf(typeof(FlowFamily), RecipeJson.Options);

    public override string Subject => "a flow on a table";

    protected override bool TakesTeacher => true;

    protected override ITrainingRun Prepare(TableFlowRecipe recipe, TrainingData data, TrainingSettings settings)
    {
        var (threads, steps, teacher) = settings;
        return data is PointTable points
            ? new TableTraining(points, recipe, threads, steps, teacher)
            : new TableTraining(data.Sample, recipe, threads, steps, teacher);
    }
}
