using EventService.Training.Recipes;

namespace EventService.Training.Runs;

/// <summary>A family of models that can be trained by recipe: how its recipes are read, and how a training is prepared from one.</summary>
public abstract class TrainableFamily
{
    /// <summary>What <c>architecture.family</c> may be.</summary>
    public abstract IReadOnlyList<string> Names { get; }

    /// <summary>A field that all its recipes have and none of another family; null where architecture.family tells them apart.</summary>
    public virtual string? Marker => null;

    /// <summary>What its recipes are of, for messages, as in "tables".</summary>
    public abstract string Subject { get; }

    /// <summary>Type of its recipes.</summary>
    internal abstract Type RecipeType { get; }

    /// <summary>Prepares a training.</summary>
    /// <param name="recipe">A recipe of this family.</param>
    /// <param name="data">What it reads.</param>
    /// <param name="settings">What else there is to know.</param>
    /// <exception cref="ArgumentException">Recipe, data and settings do not fit each other; the message is for the user.</exception>
    public abstract ITrainingRun Prepare(Recipe recipe, TrainingData data, TrainingSettings settings);
}

/// <summary>A family whose recipes are of one type.</summary>
public abstract class TrainableFamily<TRecipe> : TrainableFamily
    where TRecipe : Recipe
{
    /// <summary>Whether it can be trained from a model that is there already.</summary>
    protected virtual bool TakesTeacher => false;

    internal override Type RecipeType => typeof(TRecipe);

    public sealed override ITrainingRun Prepare(Recipe recipe, TrainingData data, TrainingSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return settings.Teacher is null || TakesTeacher
            ? Prepare((TRecipe)recipe, data, settings)
            : throw new ArgumentException(
                $"--straighten is given, and the recipe is of {Subject}; only flow matching has paths to straighten.");
    }

    /// <inheritdoc cref="Prepare(Recipe, TrainingData, TrainingSettings)"/>
    protected abstract ITrainingRun Prepare(TRecipe recipe, TrainingData data, TrainingSettings settings);
}
