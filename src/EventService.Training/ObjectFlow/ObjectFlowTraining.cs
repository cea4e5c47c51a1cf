using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.ObjectFlow;
using EventService.Models.ObjectFlow.Azimuths;
using EventService.Models.Sampling;
using EventService.Models.WholeEvents;
using EventService.Physics.Events;
using EventService.Training.Tables;

namespace EventService.Training.ObjectFlow;

/// <summary>
/// From a sample of whole events to a model file: fit the maps, train the networks, calibrate the azimuths, measure the acceptance.
/// </summary>
public sealed class ObjectFlowTraining
{
    private readonly EventSample _sample;
    private readonly TrainingOptions _options;
    private readonly ConditionDomain? _domain;
    private readonly IReadOnlyList<ConditionParameter> _parameters;
    private readonly IReadOnlyList<DerivedInput> _derived;
    private readonly IReadOnlyList<int> _starts;
    private readonly int[] _training;
    private readonly int[] _validation;
    private readonly CountDistribution[] _counts;
    private readonly ValidityFilter _filter;
    private EventCoordinates _coordinates;

    /// <summary>Of a flow without conditions.</summary>
    public ObjectFlowTraining(EventSample sample, ObjectFlowHyperparameters hyper, TrainingOptions options)
        : this(sample, [0, (sample ?? throw new ArgumentNullException(nameof(sample))).Count], [], null, hyper, options)
    {
    }

    /// <summary>
    /// Of a flow that is conditioned on the values of the table's points: one network for all of them, maps and tables of the azimuth
    /// fitted to the events of all, counts of each point.
    /// </summary>
    public ObjectFlowTraining(PointTable table, ObjectFlowRecipe recipe, int threads, int checkpointSteps)
        : this(
            (table ?? throw new ArgumentNullException(nameof(table))).Sample,
            table.Starts,
            (recipe ?? throw new ArgumentNullException(nameof(recipe))).Data.ParametersOf(table.Points),
            table.Domain,
            recipe.Hyperparameters,
            recipe.Training.Options(threads, checkpointSteps))
    {
    }

    private ObjectFlowTraining(EventSample sample, IReadOnlyList<int> starts, IReadOnlyList<ConditionParameter> parameters, ConditionDomain? domain, ObjectFlowHyperparameters hyper, TrainingOptions options)
    {
        (_sample, _starts, _parameters, _domain, _options) = (sample, starts, parameters, domain, options);
        _derived = hyper.Derived ?? [];
        _training = [.. RowsOfPoints(DataSplit.IsTraining).SelectMany(rows => rows)];
        _validation = [.. RowsOfPoints(DataSplit.IsValidation).SelectMany(rows => rows)];
        _counts = [.. RowsOfPoints(DataSplit.IsTraining).Select(rows => new CountDistribution(CountDistribution.Count(rows.Select(k => CountVector.Of(sample, k)))))];
        _coordinates = EventCoordinates.Fit(sample, _training, hyper.Imbalance, hyper.RecoilWidth);

        // Separations are facts of the whole sample: no event of it may be impossible, whichever split it is in.
        _filter = ValidityFilter.Fit(sample, [.. Enumerable.Range(0, sample.Count)]);
        double[][] inputs = [.. Enumerable.Range(0, _counts.Length).SelectMany(p => Enumerable.Repeat(InputsOf(p), starts[p + 1] - starts[p]))];
        Trainer = new ObjectFlowTrainer(sample, _training, _validation, k => inputs[k], _coordinates, hyper, options);
    }

    /// <summary>Events of all points.</summary>
    public EventSample Sample => _sample;

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
                flow.Generate(Mixture(((long)round * options.Events) + first, Math.Min(Piece, options.Events - first)), block, default);
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
    /// <param name="crossSectionPb">Cross-section before the event selection [pb]; where there are points they have it.</param>
    /// <param name="origin">What it was made of.</param>
    /// <param name="acceptanceEvents">Draws by which the acceptance is measured.</param>
    /// <param name="stream">Receives the file.</param>
    /// <param name="progress">Called with the number of draws done.</param>
    public ModelDocument Write(
        ObjectFlowNetwork network,
        ModelIdentity identity,
        double crossSectionPb,
        ModelOrigin origin,
        long acceptanceEvents,
        Stream stream,
        Action<long> progress)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentOutOfRangeException.ThrowIfLessThan(acceptanceEvents, 1);
        var schema = SampleTotals.SchemaWithSpareObjects(_sample);
        var draft = Draft(network, _coordinates, schema);
        var events = acceptanceEvents / _counts.Length;
        CountPoint[] points = [.. _counts.Select((counts, p) =>
        {
            var (drawn, accepted) = draft.MeasureAcceptance(p, _options.Seed, events, _options.Threads, done => progress((p * events) + done));
            return new CountPoint(counts, new AcceptanceTable(counts.Vectors, drawn, accepted));
        })];
        var overall = points.Select(p => p.Acceptance.Overall).ToArray();
        var (hyperparameters, preprocessing) = ObjectFlowFile.Describe(network, _coordinates, _filter);
        var figures = TrainingFigures.OfSplit(_training, _validation, _sample.Count) with
        {
            Seed = _options.Seed,
            Epochs = Trainer.Epoch,
            BestEpoch = Trainer.BestEpoch,
            TrainingLoss = Trainer.BestTrainingLoss,
            ValidationLoss = Trainer.ValidationLoss(network, _coordinates),
        };
        var parts = new ModelParts
        {
            Architecture = AutoregressiveObjectFlow.ArchitectureName,
            Hyperparameters = hyperparameters,
            Preprocessing = preprocessing,
            Schema = schema,
            Tensors = ObjectFlowFile.Tensors(network, points),
            Conditions = _parameters,
            Domain = _domain,
            Acceptance = overall.Average(a => a.Mean),
            AcceptanceError = Math.Sqrt(overall.Sum(a => a.Error * a.Error)) / overall.Length,
        };
        var yield = _domain is null ? ModelYield.OfWeights(SampleTotals.SumOfWeights(_sample), crossSectionPb) : ModelYield.Of(_domain);
        return ModelAssembler.Write(stream, identity, origin, yield, figures, parts);
    }

    /// <summary>Rows of each point that a rule of the split selects; events are numbered within their point.</summary>
    private IEnumerable<int[]> RowsOfPoints(Func<long, bool> rule) =>
        Enumerable.Range(0, _starts.Count - 1).Select(p => DataSplit.Rows(_starts[p + 1] - _starts[p], rule).Select(k => _starts[p] + k).ToArray());

    private double[] InputsOf(int point) => ObjectFlowConditions.InputsOf(_parameters, [.. _domain?.Points.Select(p => p.Values) ?? []], _derived, ValuesOf(point));

    private IReadOnlyList<double> ValuesOf(int point) => _domain?.Points[point].Values ?? [];

    /// <summary>So many events from number <paramref name="first"/> on, of each point as many as it has of the sample.</summary>
    private EventRange[] Mixture(long first, int count)
    {
        var ranges = new EventRange[_counts.Length];
        for (var (p, done) = (0, 0); p < ranges.Length; p++)
        {
            var end = (int)((long)count * _starts[p + 1] / _sample.Count);
            ranges[p] = new EventRange(new EventStream(_options.Seed, ValuesOf(p)), first, end - done);
            done = end;
        }

        return ranges;
    }

    private AutoregressiveObjectFlow Draft(ObjectFlowNetwork network, EventCoordinates coordinates, SampleSchema schema)
    {
        CountPoint[] points = [.. _counts.Select(c => new CountPoint(c, AcceptanceTable.Unmeasured(c.Vectors)))];
        var conditions = _domain is null ? new ObjectFlowConditions(points[0]) : new ObjectFlowConditions(_parameters, [.. _domain.Points.Select(p => p.Values)], points, _derived);
        return new(network, coordinates, conditions, _filter, schema, 1, new byte[32]);
    }
}
