using System.Text.Json;

using EventService.Engine.Serialization;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.FlowEvents;
using EventService.Models.Flows;
using EventService.Models.Sampling;
using EventService.Models.WholeEvents;
using EventService.Physics.Events;
using EventService.Training.Recipes;
using EventService.Training.TableFlows;

namespace EventService.Training.FlowEvents;

/// <summary>From whole events and a recipe to a model file: train the flows of a composition one after the other, measure the acceptance of the event selection.</summary>
public sealed class FlowEventsTraining
{
    private readonly EventSample _sample;
    private readonly EventsRecipe _recipe;
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
    public FlowEventsTraining(EventSample sample, EventsRecipe recipe, int threads, int checkpointSteps)
    {
        ArgumentNullException.ThrowIfNull(sample);
        ArgumentNullException.ThrowIfNull(recipe);
        (_sample, _recipe, _threads, _checkpointSteps) = (sample, recipe, threads, checkpointSteps);
        _tables = FlowTable.Of(recipe, sample);
        if (recipe.Flows.Keys.Except(Names).FirstOrDefault() is { } unknown)
        {
            throw new ArgumentException($"The recipe names a flow '{unknown}', expected some of {string.Join(", ", Names)}.");
        }
    }

    /// <summary>The flows, in the order in which they are trained.</summary>
    public IReadOnlyList<string> Names => [.. _tables.Select(t => t.Name)];

    /// <summary>Trains one flow to the end.</summary>
    /// <param name="name">Which.</param>
    /// <param name="checkpoint">Its checkpoint; resumed if it exists.</param>
    /// <param name="starting">Told the rows, the parameters and the trainer before it runs.</param>
    /// <param name="progress">Called after each step and each epoch.</param>
    /// <param name="cancellation">Stops after the current step; a checkpoint is written.</param>
    /// <exception cref="ModelFormatException">The checkpoint is of another run.</exception>
    public void Train(string name, string checkpoint, Action<int, long, Trainer> starting, Action<TrainingProgress> progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(starting);
        var table = _tables.Single(t => t.Name == name);
        var training = new TableTraining(table.Rows, table.EventOf, _recipe.Of(name, table.Columns, table.Mirror), _threads, _checkpointSteps);
        if (File.Exists(checkpoint))
        {
            training.Trainer.Resume(checkpoint);
        }

        starting(table.Rows.Count, training.ParameterCount, training.Trainer);
        training.Trainer.Run(checkpoint, progress, cancellation);
        _flows[name] = training.BestFlow();
        _trainers[name] = training.Trainer;

        // Of an event: each flow as often as it is drawn for one.
        _validationLoss += training.ValidationLoss(_flows[name]) * table.Rows.Count / _sample.Count;
    }

    /// <summary>Composes the trained flows to a model and writes its file.</summary>
    /// <param name="stream">Receives the file.</param>
    /// <param name="command">The command that makes the model, with the data file by name only.</param>
    /// <param name="dataFile">Name of the data file.</param>
    /// <param name="dataSha256">Its digest.</param>
    /// <param name="progress">Called with the number of events drawn for the acceptance.</param>
    /// <exception cref="InvalidOperationException">Not all flows are trained.</exception>
    public ModelDocument Write(Stream stream, string command, string dataFile, string dataSha256, Action<long> progress)
    {
        if (Names.Except(_flows.Keys).FirstOrDefault() is { } missing)
        {
            throw new InvalidOperationException($"The flow '{missing}' is not trained.");
        }

        var training = DataSplit.Rows(_sample.Count, DataSplit.IsTraining);
        var validation = DataSplit.Rows(_sample.Count, DataSplit.IsValidation);
        var composition = Compose(training);
        var schema = SampleTotals.SchemaWithSpareObjects(_sample);
        var (acceptance, error) = new FlowEventsModel(composition, schema, 1, new byte[32]).MeasureAcceptance(_recipe.Training.Seed, _recipe.AcceptanceEvents, _threads, progress);
        var sumOfWeights = SampleTotals.SumOfWeights(_sample);
        var (hyperparameters, tensors) = FlowEventsFile.Describe(composition);
        var document = new ModelDocument
        {
            FormatVersion = ModelDocument.CurrentFormatVersion,
            Name = _recipe.Name,
            Process = _recipe.Process,
            Description = _recipe.Description,
            Architecture = FlowEventsModel.ArchitectureName,
            Hyperparameters = hyperparameters,
            Preprocessing = JsonSerializer.SerializeToElement(Array.Empty<int>()),
            Schema = schema,
            Conditions = [],
            CrossSectionPb = _recipe.CrossSectionPb,
            SelectionEfficiency = SampleTotals.SelectionEfficiency(sumOfWeights, _recipe.CrossSectionPb),
            SumOfWeights = sumOfWeights,
            Acceptance = acceptance,
            AcceptanceError = error,
            Training = new TrainingProvenance
            {
                Command = command,
                DataFile = dataFile,
                DataSha256 = dataSha256,
                TrainingEvents = training.Length,
                ValidationEvents = validation.Length,
                TestEvents = _sample.Count - training.Length - validation.Length,
                Seed = _recipe.Training.Seed,
                Epochs = _trainers.Values.Max(t => t.Epoch),
                BestEpoch = _trainers.Values.Max(t => t.BestEpoch),
                TrainingLoss = _tables.Sum(t => _trainers[t.Name].BestTrainingLoss * t.Rows.Count / _sample.Count),
                ValidationLoss = _validationLoss,
                ServiceVersion = ServiceVersion.Text,
            },
        };
        SafeTensorsWriter.Write(stream, new Dictionary<string, string> { [ModelDocument.MetadataKey] = JsonSerializer.Serialize(document, ModelJson.Options) }, tensors);
        return document;
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
