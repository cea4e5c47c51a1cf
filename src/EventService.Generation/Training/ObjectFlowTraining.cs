using EventService.Generation.Architectures;
using EventService.Generation.Counts;
using EventService.Generation.Preprocessing;
using EventService.Physics.Events;

namespace EventService.Generation.Training;

/// <summary>What a trained model is called and what it stands for.</summary>
/// <param name="Name">Model name.</param>
/// <param name="Process">Physics process as clients ask for it.</param>
/// <param name="Description">One line for the list of models.</param>
/// <param name="CrossSectionPb">Cross-section before the event selection [pb].</param>
/// <param name="Command">The command that makes the model, with the data file by name only.</param>
/// <param name="DataFile">Name of the data file.</param>
/// <param name="DataSha256">Its digest.</param>
public sealed record ModelIdentity(string Name, string Process, string Description, double CrossSectionPb, string Command, string DataFile, string DataSha256);

/// <summary>From a sample of whole events to a model file: fit the maps, train the networks, calibrate the azimuths, measure the acceptance.</summary>
public sealed class ObjectFlowTraining
{
    private readonly EventSample _sample;
    private readonly TrainingOptions _options;
    private readonly int[] _training;
    private readonly int[] _validation;
    private readonly CountDistribution _counts;
    private readonly ValidityFilter _filter;
    private EventCoordinates _coordinates;

    public ObjectFlowTraining(EventSample sample, ObjectFlowHyperparameters hyper, TrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(sample);
        (_sample, _options) = (sample, options);
        _training = DataSplit.Rows(sample.Count, DataSplit.IsTraining);
        _validation = DataSplit.Rows(sample.Count, DataSplit.IsValidation);
        _counts = new CountDistribution(CountDistribution.Count(_training.Select(k => CountVector.Of(sample, k))));
        _coordinates = EventCoordinates.Fit(sample, _training);

        // Separations are facts of the whole sample: no event of it may be impossible, whichever split it is in.
        _filter = ValidityFilter.Fit(sample, [.. Enumerable.Range(0, sample.Count)]);
        Trainer = new ObjectFlowTrainer(sample, _training, _validation, _ => [], _coordinates, hyper, options);
    }

    public ObjectFlowTrainer Trainer { get; }

    /// <summary>Moves the tables of the azimuths until events drawn from the trained networks agree with the data in them.</summary>
    /// <param name="network">The networks.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Called with the number of events drawn so far in all rounds.</param>
    public void Calibrate(ObjectFlowNetwork network, CalibrationOptions options, Action<long> progress)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(progress);
        if (options.Rounds < 0 || options.Events < 1)
        {
            throw new ArgumentException($"{options.Rounds} rounds of calibration with {options.Events} events; expected at least 0 and 1.");
        }

        const int Piece = 2048;
        var schema = SampleTotals.SchemaWithSpareObjects(_sample);
        var done = 0L;
        Func<int, EventSample> Begin(AzimuthCorrelations azimuth, int round)
        {
            var flow = Draft(network, _coordinates.WithAzimuth(azimuth), schema);
            return number =>
            {
                var block = new EventBlock(schema);
                var drawn = new EventSample();
                var first = number * Piece;
                flow.Generate(new EventStream(_options.Seed, []), ((long)round * options.Events) + first, Math.Min(Piece, options.Events - first), block, default);
                DarkMachinesSchema.ToSample(block, drawn);
                return drawn;
            };
        }

        var pieces = ((options.Events - 1) / Piece) + 1;
        var calibration = new AzimuthCalibration(_sample, _training, Begin);
        _coordinates = _coordinates.WithAzimuth(calibration.Run(
            _coordinates.Azimuth, options.Rounds, pieces, _options.Threads, events => progress(Interlocked.Add(ref done, events))));
    }

    /// <summary>Completes a trained network to a model and writes its file.</summary>
    /// <param name="network">The networks.</param>
    /// <param name="identity">What the model is.</param>
    /// <param name="acceptanceEvents">Draws by which the acceptance is measured.</param>
    /// <param name="stream">Receives the file.</param>
    /// <param name="progress">Called with the number of draws done.</param>
    public ModelDocument Write(ObjectFlowNetwork network, ModelIdentity identity, long acceptanceEvents, Stream stream, Action<long> progress)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentOutOfRangeException.ThrowIfLessThan(acceptanceEvents, 1);
        var sumOfWeights = SampleTotals.SumOfWeights(_sample);
        var schema = SampleTotals.SchemaWithSpareObjects(_sample);

        var draft = Draft(network, _coordinates, schema);
        var (drawn, accepted) = draft.MeasureAcceptance(_options.Seed, acceptanceEvents, _options.Threads, progress);
        var acceptance = new AcceptanceTable(_counts.Vectors, drawn, accepted);

        var (hyperparameters, preprocessing) = ObjectFlowFile.Describe(network, _coordinates, _filter);
        var document = new ModelDocument
        {
            FormatVersion = ModelDocument.CurrentFormatVersion,
            Name = identity.Name,
            Process = identity.Process,
            Description = identity.Description,
            Architecture = AutoregressiveObjectFlow.ArchitectureName,
            Hyperparameters = hyperparameters,
            Preprocessing = preprocessing,
            Schema = schema,
            Conditions = [],
            CrossSectionPb = identity.CrossSectionPb,
            SelectionEfficiency = SampleTotals.SelectionEfficiency(sumOfWeights, identity.CrossSectionPb),
            SumOfWeights = sumOfWeights,
            Acceptance = acceptance.Overall.Mean,
            AcceptanceError = acceptance.Overall.Error,
            Training = new TrainingProvenance
            {
                Command = identity.Command,
                DataFile = identity.DataFile,
                DataSha256 = identity.DataSha256,
                TrainingEvents = _training.Length,
                ValidationEvents = _validation.Length,
                TestEvents = _sample.Count - _training.Length - _validation.Length,
                Seed = _options.Seed,
                Epochs = Trainer.Epoch,
                BestEpoch = Trainer.BestEpoch,
                TrainingLoss = Trainer.BestTrainingLoss,
                ValidationLoss = Trainer.ValidationLoss(network, _coordinates),
                ServiceVersion = ServiceVersion.Text,
            },
        };
        ObjectFlowFile.Write(stream, document, network, _counts, acceptance);
        return document;
    }

    private AutoregressiveObjectFlow Draft(ObjectFlowNetwork network, EventCoordinates coordinates, SampleSchema schema) =>
        new(network, coordinates, _counts, _filter, AcceptanceTable.Unmeasured(_counts.Vectors), schema, 1, new byte[32]);
}
