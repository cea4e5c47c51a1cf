using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using EventService.Engine.Kernels;
using EventService.Engine.Serialization;
using EventService.Engine.Tensors;
using EventService.Models;
using EventService.Models.Columns;
using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.Flows;
using EventService.Models.Flows.Continuous;
using EventService.Models.Sampling;
using EventService.Models.Tables;
using EventService.Physics.Events;
using EventService.Training.Families;
using EventService.Training.Matching;
using EventService.Training.Recipes;
using EventService.Training.Runs;
using EventService.Training.Tables;

namespace EventService.Training.TableFlows;

/// <summary>From a table and a recipe to a model file: fit the maps, train the flow, write it as a <see cref="LayeredFlow"/>.</summary>
public sealed class TableTraining : ITrainingRun
{
    private const string RefinementStage = "refinement";

    private readonly EventSample _sample;
    private readonly TableFlowRecipe _recipe;
    private readonly EventGenerator? _teacher;
    private readonly int[] _training;
    private readonly int[] _validation;
    private readonly TableCoordinates _coordinates;
    private readonly ITableTask _task;
    private readonly int _threads;
    private readonly int _checkpointSteps;
    private readonly ConditionDomain? _domain;
    private RefinementTraining? _refinement;

    /// <param name="sample">All events of the table.</param>
    /// <param name="recipe">The recipe.</param>
    /// <param name="threads">Threads; no influence on the result.</param>
    /// <param name="checkpointSteps">Steps between checkpoints.</param>
    /// <param name="teacher">A model of the same recipe and table whose paths are straightened; null to begin anew.</param>
    /// <exception cref="ArgumentException">Recipe, table and teacher do not fit each other.</exception>
    public TableTraining(EventSample sample, TableFlowRecipe recipe, int threads, int checkpointSteps, EventGenerator? teacher = null)
        : this(sample, k => k, recipe, threads, checkpointSteps, teacher)
    {
    }

    /// <summary>As above, for a recipe with several points.</summary>
    /// <exception cref="ArgumentException">Recipe, table and teacher do not fit each other.</exception>
    public TableTraining(PointTable table, TableFlowRecipe recipe, int threads, int checkpointSteps, EventGenerator? teacher = null)
        : this((table ?? throw new ArgumentNullException(nameof(table))).Sample, k => (int)table.Sample.EventNumber[k], recipe, threads, checkpointSteps, teacher)
    {
        _domain = table.Domain;
    }

    /// <summary>
    /// As above, for a table whose row k belongs to an event of this number: rows of an event are on one side of the split.
    /// </summary>
    internal TableTraining(
        EventSample sample, Func<int, int> eventOf, TableFlowRecipe recipe, int threads, int checkpointSteps, EventGenerator? teacher = null)
    {
        ArgumentNullException.ThrowIfNull(sample);
        ArgumentNullException.ThrowIfNull(recipe);
        (_sample, _recipe, _threads, _checkpointSteps, _teacher) = (sample, recipe, threads, checkpointSteps, teacher);
        _training = DataSplit.Rows(sample.Count, k => DataSplit.IsTraining(eventOf((int)k)));
        _validation = DataSplit.Rows(sample.Count, k => DataSplit.IsValidation(eventOf((int)k)));
        var schedule = recipe.Training;
        if (_training.Length < schedule.BatchSize || _validation.Length == 0)
        {
            throw new ArgumentException($"{_training.Length} training and {_validation.Length} validation events are too few for batches of {schedule.BatchSize}. Use more data or a smaller batch.");
        }

        RequireInside(sample, recipe);
        _coordinates = new TableCoordinates(sample, _training, recipe.Data, schedule.Seed);
        _task = recipe.Architecture switch
        {
            FlowMatching matching => new FlowMatchingTask(matching, _coordinates, _training, _validation, schedule.Seed, threads, TeacherLayer()),
            LikelihoodFamily when teacher is not null => throw new ArgumentException("The recipe is of a flow that is trained by likelihood; only flow matching has paths to straighten."),
            LikelihoodFamily family => new TableFlowTask(family, _coordinates, _training, _validation, schedule.Seed, threads, recipe.Data.Morph),
            _ => throw new ArgumentException($"There is no training of the family '{recipe.Architecture.FamilyName}'."),
        };
        var rate = schedule.Schedule(_training.Length / schedule.BatchSize);
        Trainer = new Trainer(_task, _training, schedule.Options(threads, checkpointSteps), rate, Fingerprint);
    }

    public Trainer Trainer { get; }

    /// <summary>Trained numbers in the flow.</summary>
    public long ParameterCount => _task.Parameters.Count;

    /// <summary>
    /// The training of the refinement of the flow with the best parameters so far; null where the recipe has none. It is to be run
    /// before <see cref="Write"/>.
    /// </summary>
    public RefinementTraining? Refinement => _recipe.Refinement is null ? null : _refinement ??=
        new RefinementTraining(BestFlow(), _coordinates, _sample.Count, _training, _validation, _recipe.Refinement, _threads, _checkpointSteps, RefinementFingerprint);

    public IReadOnlyList<string> Stages => _recipe.Refinement is null ? [""] : ["", RefinementStage];

    public TrainingStage Begin(string stage) => stage == RefinementStage
        ? new TrainingStage(
            $"refinement (a loss of {Math.Log(2):F4} nat finds no difference): {Refinement!.ParameterCount:N0} parameters",
            Refinement.Trainer)
        : new TrainingStage(
            $"{_sample.Count:N0} events of {_sample.ProcessName}, {_recipe.Data.Columns.Count} columns, {ParameterCount:N0} parameters",
            Trainer);

    /// <summary>Writes the model with the best parameters of the training.</summary>
    /// <param name="stream">Receives the file.</param>
    /// <param name="origin">What the model was made of.</param>
    /// <param name="progress">Told of the draws by which the inequalities' share is measured, where the recipe has some.</param>
    /// <returns>
    /// The model's document; its validation loss is of the flow with its refinement, in double precision (float32 for a conditional flow).
    /// </returns>
    public ModelDocument Write(Stream stream, ModelOrigin origin, IMeasuringProgress? progress = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (_recipe.Data.Inequalities is not { } inequalities)
        {
            return WriteFlow(stream, origin);
        }

        using var flow = new MemoryStream();
        WriteFlow(flow, origin);
        progress?.Begin(SupportMeasurement.Title, SupportMeasurement.DrawsOf(_recipe.Data.Conditions.Count));
        var (file, document) = SupportMeasurement.Give(flow.ToArray(), inequalities, progress is null ? null : progress.Report);
        stream.Write(file);
        return document;
    }

    private ModelDocument WriteFlow(Stream stream, ModelOrigin origin)
    {
        var measured = Refinement?.Measure();
        TakeBest();
        var columns = _coordinates.Columns;
        var (hyper, preprocessing, tensors) = LayeredFlowFile.Describe(
            columns.Count, _task.Export(), FlowBase.StandardNormal(columns.Count), columns, measured?.Refinement);
        var figures = TrainingFigures.OfSplit(_training, _validation, _sample.Count) with
        {
            Seed = _recipe.Training.Seed,
            Epochs = Trainer.Epoch,
            BestEpoch = Trainer.BestEpoch,
            TrainingLoss = Trainer.BestTrainingLoss,
            ValidationLoss = _coordinates.Conditions.Count == 0
                ? ValidationLoss(BestFlow(measured?.Refinement))
                : _task.Validate().Sum(p => p.Value),
        };
        var parts = new ModelParts
        {
            Architecture = _task.SourceRows is null ? LayeredFlow.ArchitectureName : TransportedSample.ArchitectureName,
            Hyperparameters = hyper,
            Preprocessing = preprocessing,
            Schema = _recipe.Schema,
            Tensors = [.. tensors, .. Source()],
            Conditions = _coordinates.Conditions,
            Domain = _domain,
            Acceptance = measured?.Acceptance ?? 1,
            AcceptanceError = measured?.Error ?? 0,
            ParentSha256 = _teacher?.Sha256,
        };
        var yield = _domain is null ? ModelYield.Of(_recipe.CrossSectionPb, _recipe.SelectionEfficiency) : ModelYield.Of(_domain);
        return ModelAssembler.Write(stream, _recipe.Identity, origin, yield, figures, parts);
    }

    /// <summary>The events that take the place of a base distribution, in the flow's numbers, if there are any.</summary>
    private IEnumerable<SafeTensor> Source()
    {
        if (_task.SourceRows is not { } rows)
        {
            yield break;
        }

        var events = new Tensor(0, 0);
        _coordinates.Fill(rows, 0, events);
        var byEvent = new Tensor(0, 0);
        Transpose.Of(events, byEvent);
        yield return SafeTensor.FromFloats(LayeredFlowFile.SourceTensor, [byEvent.Rows, byEvent.Columns], byEvent.Span);
    }

    /// <summary>The flow with the best parameters of the training; without the digest of a file.</summary>
    /// <param name="refinement">Which of its draws are kept; null for all.</param>
    public LayeredFlow BestFlow(FlowRefinement? refinement = null)
    {
        TakeBest();
        return new LayeredFlow(_recipe.Schema, _coordinates.Columns, _task.Export(), FlowBase.StandardNormal(_coordinates.Columns.Count), new byte[32]) { Refinement = refinement };
    }

    /// <exception cref="ArgumentException">An event, or an image of it that training shows, is outside of what the recipe says of every
    /// event.</exception>
    private static void RequireInside(EventSample sample, TableFlowRecipe recipe)
    {
        if (recipe.Data.Inequalities is not { } inequalities)
        {
            return;
        }

        var inside = new ColumnInequalities(recipe.Schema, inequalities);
        ColumnSymmetry[] symmetries = [.. recipe.Data.Columns.Select(c => recipe.Data.SymmetryOf(c.Name))];
        var image = new double[symmetries.Length];
        for (var k = 0; k < sample.Count; k++)
        {
            foreach (var (mirrored, reflected) in new[] { (false, false), (true, false), (false, true), (true, true) })
            {
                for (var f = 0; f < image.Length; f++)
                {
                    var changed = (mirrored && symmetries[f] == ColumnSymmetry.Mirror) || (reflected && symmetries[f] == ColumnSymmetry.Reflection);
                    image[f] = changed ? TableCoordinates.ImageOf(symmetries[f], sample.Row(k)[f]) : sample.Row(k)[f];
                }

                if (inside.Violated(image) is { } violated)
                {
                    var columns = string.Join(", ", recipe.Data.Columns.Select((c, f) => string.Create(CultureInfo.InvariantCulture, $"{c.Name} {image[f]}")));
                    throw new ArgumentException(
                        $"Event {sample.EventNumber[k]} of the table{(mirrored || reflected ? ", as data.mirror and data.reflect show it," : "")} has {columns}, but {violated.Meaning}: expected {violated}. Correct data.inequalities or the table.");
                }
            }
        }
    }

    private ContinuousLayer? TeacherLayer()
    {
        if (_teacher is null)
        {
            return null;
        }

        static string Text(JsonElement maps) => JsonSerializer.Serialize(maps);
        var maps = LayeredFlowFile.Describe(_coordinates.Columns.Count, [], FlowBase.StandardNormal(_coordinates.Columns.Count), _coordinates.Columns).Preprocessing;
        return (_teacher.Model as ConditionalFlow)?.Layers is [ContinuousLayer { Anchors: not null } layer, ..] && Text(maps) == Text(_teacher.Document.Preprocessing)
            ? layer
            : throw new ArgumentException($"Model '{_teacher.Document.Name}' is no flow between data with a flow as source, or has other maps of the columns than this recipe has on these events. Train it from the same table.");
    }

    private void TakeBest()
    {
        foreach (var parameter in _task.Average.Parameters)
        {
            Trainer.Best[parameter.Index].CopyTo(parameter.Value.Span);
        }
    }

    /// <summary>Mean negative log-likelihood [nat] of the validation events, in double precision.</summary>
    public double ValidationLoss(LayeredFlow flow)
    {
        ArgumentNullException.ThrowIfNull(flow);
        var events = EventSample.For(flow.Schema);
        foreach (var row in _validation)
        {
            events.AddRow(row, _sample.Row(row));
        }

        var densities = new EventDensity[events.Count];
        flow.LogDensity(events, [], densities);
        return -densities.Average(d => d.LogDensity);
    }

    /// <summary>All that the training is a function of: the recipe, the events and the maps fitted to them.</summary>
    private Dictionary<string, string> Fingerprint()
    {
        // A flow may be refined, or refined otherwise, or be given a support, after it has been trained.
        var recipe = _recipe with { Refinement = null, Data = _recipe.Data with { Inequalities = null } };
        var run = TableFingerprint.Of(_sample, _coordinates, recipe.ToJson());
        if (_teacher is not null)
        {
            run.Add(RunFingerprint.Prefix + "straightened model", "sha256 " + _teacher.Sha256);
        }

        return run;
    }

    /// <summary>
    /// All that the training of the refinement is a function of: that of the flow, its parameters and the refinement's part of the
    /// recipe.
    /// </summary>
    private Dictionary<string, string> RefinementFingerprint()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var parameter in Trainer.Best)
        {
            hash.AppendData(MemoryMarshal.AsBytes(parameter.AsSpan()));
        }

        var run = Fingerprint();
        run[RunFingerprint.Prefix + "flow"] = "sha256 " + Convert.ToHexStringLower(hash.GetHashAndReset());

        // Marginal weights are fitted when it has been trained.
        run[RunFingerprint.Prefix + "refinement"] = JsonSerializer.Serialize(_recipe.Refinement! with { MarginalQuantiles = 0 }, RecipeJson.Options);
        return run;
    }
}
