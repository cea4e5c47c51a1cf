using EventService.Training.Recipes;
using EventService.Training.Runs;

namespace EventService.Training.GaussianMixture;

/// <summary>Mixtures of Gaussians on a table.</summary>
internal sealed class GaussianMixtureFamily : TrainableFamily<GaussianMixtureRecipe>
{
    public override IReadOnlyList<string> Names => [Models.GaussianMixture.GaussianMixture.ArchitectureName];

    public override string Subject => "a mixture of Gaussians";

    protected override ITrainingRun Prepare(GaussianMixtureRecipe recipe, TrainingData data, TrainingSettings settings) =>
        new GaussianMixtureTraining(data.Sample, recipe, settings);
}
