using EventService.Training.Recipes;
using EventService.Training.Tables;

namespace EventService.Training.GaussianMixture;

/// <summary>How a mixture of Gaussians is trained on a table.</summary>
public sealed record GaussianMixtureRecipe : TableRecipe
{
    public required MixtureSizes Architecture { get; init; }

    public override void Check()
    {
        base.Check();
        RecipeJson.Require(Data.Conditions.Count == 0, "data.conditions are there, but a mixture of Gaussians takes none");
        RecipeJson.Require(Data.Inequalities is null, "data.inequalities are there, which only flows have");
        RecipeJson.Require(!Data.Morph, "data.morph is of flows under a condition, but a mixture of Gaussians takes none");
        RecipeJson.Require(
            Architecture.Components is >= 1 and <= 4096, $"architecture.components is {Architecture.Components}, expected 1 to 4096");
    }
}

/// <summary>The size of a mixture.</summary>
/// <param name="Family">"gaussian-mixture".</param>
/// <param name="Components">Number of Gaussians.</param>
public sealed record MixtureSizes(string Family, int Components);
