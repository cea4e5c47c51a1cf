using EventService.Engine.Autodiff;
using EventService.Engine.Tensors;
using EventService.Models.Flows.Layers;
using EventService.Models.Sampling;
using EventService.Training.Families;
using EventService.Training.Layers;
using EventService.Training.Tables;

namespace EventService.Training.TableFlows;

/// <summary>The events of a table under a flow, by minus their log-likelihood, for a <see cref="Trainer"/>.</summary>
internal sealed class TableFlowTask : ITableTask
{
    // Events that are validated at a time.
    private const int Piece = 512;

    private readonly TableCoordinates _coordinates;
    private readonly TrainableFlow _flow;
    private readonly int[] _validation;
    private readonly int _threads;
    private readonly double _meanLogJacobian;
    private readonly double _validationLogJacobian;

    private readonly MorphedConditions? _morphed;

    /// <param name="family">The flow.</param>
    /// <param name="coordinates">The events.</param>
    /// <param name="training">Rows of the training events.</param>
    /// <param name="validation">Rows of the validation events.</param>
    /// <param name="seed">The seed of the start and of all draws.</param>
    /// <param name="threads">Threads; no influence on the result.</param>
    /// <param name="morph">Whether training events are shown at conditions between theirs and the neighbours'.</param>
    /// <exception cref="ArgumentException">There are no values of a condition to morph between.</exception>
    public TableFlowTask(LikelihoodFamily family, TableCoordinates coordinates, int[] training, int[] validation, ulong seed, int threads, bool morph = false)
    {
        _morphed = morph ? new MorphedConditions(coordinates, training, seed) : null;
        (_coordinates, _validation, _threads) = (coordinates, validation, threads);
        _flow = new TrainableFlow(family, coordinates.Columns.Count, seed, coordinates.Conditions.Count);
        Average = new TrainableFlow(family, coordinates.Columns.Count, seed, coordinates.Conditions.Count);
        _meanLogJacobian = coordinates.LogJacobian(training) / training.Length;
        _validationLogJacobian = coordinates.LogJacobian(validation);
    }

    public ParameterSet Parameters => _flow.Parameters;

    /// <summary>The flow of the averaged parameters.</summary>
    private TrainableFlow Average { get; }

    ParameterSet ITrainingTask.Average => Average.Parameters;

    public IReadOnlyList<FlowLayer> Export() => Average.Export();

    public ITrainingShard CreateShard() => new Shard(this);

    public void Start(ReadOnlySpan<int> rows)
    {
        var events = new Tensor(0, 0);
        _coordinates.Fill(rows, 0, events);
        _flow.InitialiseFrom(events, _coordinates.ConditionOf(rows)?.Value);
    }

    public void Absorb(int group, IReadOnlyList<ITrainingShard> shards)
    {
        foreach (var layer in _flow.Layers)
        {
            layer.Absorb([.. shards.SelectMany(s => ((Shard)s).Statistics).Where(s => s.Layer == layer)]);
        }
    }

    public IReadOnlyList<ValidationPart> Validate() => [new ValidationPart(ValidationLoss(), 0, Parameters.Parameters.Count)];

    private double ValidationLoss()
    {
        var pieces = (_validation.Length + Piece - 1) / Piece;
        var sums = new double[pieces];
        Parallel.For(0, pieces, new ParallelOptions { MaxDegreeOfParallelism = _threads }, () => (Tape: new Tape(Average.Parameters), Events: new Tensor(0, 0)), (p, _, local) =>
        {
            var rows = _validation.AsSpan(p * Piece, Math.Min(Piece, _validation.Length - (p * Piece)));
            sums[p] = _coordinates.Fill(rows, -1, local.Events);
            var pass = new FlowPass(local.Tape, 1, training: false) { Condition = _coordinates.ConditionOf(rows) };
            Average.Forward(pass, local.Events);
            local.Tape.Reset();
            sums[p] += pass.LogLikelihood;
            return local;
        }, _ => { });
        return -(sums.Sum() + _validationLogJacobian) / _validation.Length;
    }

    private sealed class Shard(TableFlowTask task) : ITrainingShard
    {
        private readonly Tensor _events = new(0, 0);

        public Tape Tape { get; } = new(task.Parameters);

        public IReadOnlyList<ShardStatistics> Statistics { get; private set; } = [];

        public double AddGradient(in TrainingTurn turn, ReadOnlySpan<int> rows)
        {
            var logJacobian = task._coordinates.Fill(rows, turn.Epoch, _events) + (rows.Length * task._meanLogJacobian);
            var pass = new FlowPass(Tape, turn.Normalisation, training: true)
            {
                Condition = task._morphed?.Of(rows, turn.Epoch) ?? task._coordinates.ConditionOf(rows),
            };
            task._flow.Forward(pass, _events);
            Tape.Backward();
            Tape.Reset();
            Statistics = pass.Statistics;
            return -(pass.LogLikelihood + logJacobian);
        }
    }
}
