using System.Text.Json;

using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.FlowEvents;
using EventService.Models.Flows;
using EventService.Models.Sampling;
using EventService.Models.WholeEvents;
using EventService.Physics.Events;
using EventService.Training.Runs;
using EventService.Training.TableFlows;

namespace EventService.Training.FlowEvents;

/// <summary>
/// From whole events and a recipe to a model file: train the flows of a composition one after the other, measure the acceptance of the
/// event selection.
/// </summary>
public sealed class FlowEventsTraining : ITrainingRun
{
    private readonly EventSample _sample;
    private readonly FlowEventsRecipe _recipe;
    private readonly int _threads;
    private readonly int _checkpointSteps;
    private readonly Dictionary<string, LayeredFlow> _flows = [];
    private readonly Dictionary<string, Trainer> _trainers = [];
    private readonly IReadOnlyList<FlowTable> _tables;
    private double _validationLoss;

    /// <param name="sample">Whole events.</param>
    /// <param name="recipe">The recipe.</param>
    /// <param name="threads">Threads; no influence on the result.</param>
    /// <param name="checkpointSteps">Steps between checkpoints.</param>
    /// <exception cref="ArgumentException">Recipe and events do not fit each other.</exception>
    public FlowEventsTraining(EventSample sample, FlowEventsRecipe recipe, int threads, int checkpointSteps)
    {
        ArgumentNullException.ThrowIfNull(sample);
        ArgumentNullException.ThrowIfNull(recipe);
        (_sample, _recipe, _threads, _checkpointSteps) = (sample, recipe, threads, checkpointSteps);
        _tables = FlowTable.Of(recipe, sample);
        if (recipe.Flows.Keys.Except(Stages).FirstOrDefault() is { } unknown)
        {
            throw new ArgumentException($"The recipe names a flow '{unknown}', expected some of {string.Join(", ", Stages)}.");
        }
    }

    /// <summary>The flows, in the order in which they are trained.</summary>
    public IReadOnlyList<string> Stages => [.. _tables.Select(t => t.Name)];

    public TrainingStage Begin(string stage)
    {
        var table = _tables.Single(t => t.Name == stage);
        var recipe = _recipe.Of(stage, table.Columns, table.Mirror);
        var training = new TableTraining(table.Rows, table.EventOf, recipe, _threads, _checkpointSteps);
        return new TrainingStage($"{stage}: {table.Rows.Count:N0} rows, {training.ParameterCount:N0} parameters", training.Trainer, () =>
        {
            _flows[stage] = training.BestFlow();
            _trainers[stage] = training.Trainer;

            // Of an event: each flow as often as it is drawn for one.
            _validationLoss += training.ValidationLoss(_flows[stage]) * table.Rows.Count / _sample.Count;
        });
    }

    /// <summary>Composes the trained flows to a model and writes its file.</summary>
    /// <param name="stream">Receives the file.</param>
    /// <param name="origin">What the model was made of.</param>
    /// <param name="progress">Told of the events drawn for the acceptance.</param>
    /// <exception cref="InvalidOperationException">Not all flows are trained.</exception>
    public ModelDocument Write(Stream stream, ModelOrigin origin, IMeasuringProgress? progress = null)
    {
        if (Stages.Except(_flows.Keys).FirstOrDefault() is { } missing)
        {
            throw new InvalidOperationException($"The flow '{missing}' is not trained.");
        }

        var training = DataSplit.Rows(_sample.Count, DataSplit.IsTraining);
        var validation = DataSplit.Rows(_sample.Count, DataSplit.IsValidation);
        var composition = Compose(training);
        var schema = SampleTotals.SchemaWithSpareObjects(_sample);
        progress?.Begin("measuring the acceptance", _recipe.AcceptanceEvents);
        var (acceptance, error) = new FlowEventsModel(composition, schema, 1, new byte[32])
            .MeasureAcceptance(_recipe.Training.Seed, _recipe.AcceptanceEvents, _threads, done => progress?.Report(done));
        var (hyperparameters, tensors) = FlowEventsFile.Describe(composition);
        var figures = TrainingFigures.OfSplit(training, validation, _sample.Count) with
        {
            Seed = _recipe.Training.Seed,
            Epochs = _trainers.Values.Max(t => t.Epoch),
            BestEpoch = _trainers.Values.Max(t => t.BestEpoch),
            TrainingLoss = _tables.Sum(t => _trainers[t.Name].BestTrainingLoss * t.Rows.Count / _sample.Count),
            ValidationLoss = _validationLoss,
        };
        var parts = new ModelParts
        {
            Architecture = FlowEventsModel.ArchitectureName,
            Hyperparameters = hyperparameters,
            Preprocessing = JsonSerializer.SerializeToElement(Array.Empty<int>()),
            Schema = schema,
            Tensors = tensors,
            Acceptance = acceptance,
            AcceptanceError = error,
        };
        var yield = ModelYield.OfWeights(SampleTotals.SumOfWeights(_sample), _recipe.CrossSectionPb);
        return ModelAssembler.Write(stream, _recipe.Identity, origin, yield, figures, parts);
    }

    private IEventComposition Compose(int[] training)
    {
        CountDistribution Counts() => new(CountDistribution.Count(training.Select(k => CountVector.Of(_sample, k))));
        return _recipe.Composition switch
        {
            ParticleFlows.CompositionName => new ParticleFlows(Counts(), _flows),
            CumulativeParticleFlows.CompositionName => new CumulativeParticleFlows(Counts(), _recipe.Candidates, _flows),
            _ => new FixedEventFlow(FixedEventFlow.StandardSlots, _flows),
        };
    }
}
