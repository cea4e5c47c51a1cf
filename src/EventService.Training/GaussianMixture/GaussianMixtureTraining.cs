using EventService.Models.Documents;
using EventService.Models.GaussianMixture;
using EventService.Physics.Events;
using EventService.Training.Runs;
using EventService.Training.Tables;

namespace EventService.Training.GaussianMixture;

/// <summary>From a table and a recipe to a model file: fit the maps of the columns, train the mixture, write it.</summary>
public sealed class GaussianMixtureTraining : ITrainingRun
{
    private readonly EventSample _sample;
    private readonly GaussianMixtureRecipe _recipe;
    private readonly int[] _training;
    private readonly int[] _validation;
    private readonly TableCoordinates _coordinates;
    private readonly MixtureTask _task;

    /// <param name="sample">All events of the table.</param>
    /// <param name="recipe">The recipe.</param>
    /// <param name="settings">Threads and checkpoints.</param>
    /// <exception cref="ArgumentException">There are too few events, or a map cannot be fitted to them.</exception>
    public GaussianMixtureTraining(EventSample sample, GaussianMixtureRecipe recipe, TrainingSettings settings)
    {
        ArgumentNullException.ThrowIfNull(sample);
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(settings);
        (_sample, _recipe) = (sample, recipe);
        _training = DataSplit.Rows(sample.Count, DataSplit.IsTraining);
        _validation = DataSplit.Rows(sample.Count, DataSplit.IsValidation);
        var schedule = recipe.Training;
        var fewest = Math.Max(schedule.BatchSize, recipe.Architecture.Components);
        if (_training.Length < fewest || _validation.Length == 0)
        {
            throw new ArgumentException(
                $"{_training.Length} training and {_validation.Length} validation events are too few for batches of {schedule.BatchSize} and "
                + $"{recipe.Architecture.Components} components. Use more data, a smaller batch or fewer components.");
        }

        _coordinates = new TableCoordinates(sample, _training, recipe.Data, schedule.Seed);
        _task = new MixtureTask(_coordinates, recipe.Architecture.Components, _training, _validation, schedule.Seed);
        var rate = schedule.Schedule(_training.Length / schedule.BatchSize);
        Trainer = new Trainer(
            _task, _training, schedule.Options(settings.Threads, settings.CheckpointSteps), rate, () => TableFingerprint.Of(sample, _coordinates, recipe.ToJson()));
    }

    public Trainer Trainer { get; }

    public IReadOnlyList<string> Stages => [""];

    public TrainingStage Begin(string stage) => new(
        $"{_sample.Count:N0} events of {_sample.ProcessName}, {_coordinates.Columns.Count} columns, {_recipe.Architecture.Components} components, "
        + $"{_task.Parameters.Count:N0} parameters",
        Trainer);

    public ModelDocument Write(Stream stream, ModelOrigin origin, IMeasuringProgress progress)
    {
        foreach (var parameter in _task.Average.Parameters)
        {
            Trainer.Best[parameter.Index].CopyTo(parameter.Value.Span);
        }

        var (hyper, preprocessing, tensors) = GaussianMixtureFile.Describe(_task.Export(), _coordinates.Columns);
        var figures = TrainingFigures.OfSplit(_training, _validation, _sample.Count) with
        {
            Seed = _recipe.Training.Seed,
            Epochs = Trainer.Epoch,
            BestEpoch = Trainer.BestEpoch,
            TrainingLoss = Trainer.BestTrainingLoss,
            ValidationLoss = _task.Validate().Sum(p => p.Value),
        };
        var parts = new ModelParts
        {
            Architecture = Models.GaussianMixture.GaussianMixture.ArchitectureName,
            Hyperparameters = hyper,
            Preprocessing = preprocessing,
            Schema = _recipe.Schema,
            Tensors = tensors,
        };
        return ModelAssembler.Write(stream, _recipe.Identity, origin, ModelYield.Of(_recipe.CrossSectionPb, _recipe.SelectionEfficiency), figures, parts);
    }
}
