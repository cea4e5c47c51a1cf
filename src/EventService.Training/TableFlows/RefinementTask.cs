using EventService.Engine.Autodiff;
using EventService.Engine.Tensors;
using EventService.Models.Flows;
using EventService.Models.Sampling;
using EventService.Numerics.Functions;
using EventService.Training.Layers;
using EventService.Training.Tables;

namespace EventService.Training.TableFlows;

/// <summary>
/// Whether an event is of the table or of a flow, by cross-entropy, for a <see cref="Trainer"/>: -log sigma(z) for events of the table,
/// -log sigma(-z) for those of the flow, of which each epoch takes others, as many as of the table.
/// </summary>
internal sealed class RefinementTask : ITrainingTask
{
    // Events that are validated at a time.
    private const int Piece = 512;

    private const ulong DrawsKey = 0x52_45_46_49UL;

    private readonly LayeredFlow _flow;
    private readonly TableCoordinates _coordinates;
    private readonly int _rows;
    private readonly int _events;
    private readonly TrainableLogit _network;
    private readonly int[] _validation;
    private readonly int _threads;
    private readonly ulong _key;

    /// <param name="flow">The trained flow.</param>
    /// <param name="coordinates">The events of the table, with the maps of the flow.</param>
    /// <param name="rows">Rows of the table: numbers from there on are events of the flow.</param>
    /// <param name="training">Training events.</param>
    /// <param name="validation">Validation events.</param>
    /// <param name="sizes">The sizes of the network.</param>
    /// <param name="seed">The seed of its start and of the flow's events.</param>
    /// <param name="threads">Threads.</param>
    public RefinementTask(LayeredFlow flow, TableCoordinates coordinates, int rows, int[] training, int[] validation, ConditionerSizes sizes, ulong seed, int threads)
    {
        (_flow, _coordinates, _rows, _threads, _key) = (flow, coordinates, rows, threads, seed ^ DrawsKey);
        _events = training.Length + validation.Length;
        Training = [.. training, .. Enumerable.Range(rows, training.Length)];
        _validation = [.. validation, .. Enumerable.Range(rows + training.Length, validation.Length)];
        _network = new TrainableLogit(coordinates.Columns.Count, sizes, seed);
        Average = new TrainableLogit(coordinates.Columns.Count, sizes, seed);
    }

    /// <summary>Events of the table, and as many of the flow.</summary>
    public int[] Training { get; }

    public ParameterSet Parameters => _network.Parameters;

    /// <summary>The network of the averaged parameters.</summary>
    public TrainableLogit Average { get; }

    ParameterSet ITrainingTask.Average => Average.Parameters;

    public ITrainingShard CreateShard() => new Shard(this);

    public IReadOnlyList<ValidationPart> Validate() => [new ValidationPart(ValidationLoss(), 0, Parameters.Parameters.Count)];

    private double ValidationLoss()
    {
        var pieces = (_validation.Length + Piece - 1) / Piece;
        var sums = new double[pieces];
        Parallel.For(0, pieces, new ParallelOptions { MaxDegreeOfParallelism = _threads }, () => (Tape: new Tape(Average.Parameters), Gather: new Gathered()), (p, _, local) =>
        {
            var rows = _validation.AsSpan(p * Piece, Math.Min(Piece, _validation.Length - (p * Piece)));
            Fill(rows, -1, local.Gather);
            var z = Average.Forward(local.Tape, local.Gather.Events).Value;
            for (var i = 0; i < rows.Length; i++)
            {
                sums[p] += Softplus.Of(IsOfTable(rows[i]) ? -(double)z.Span[i] : z.Span[i]);
            }

            local.Tape.Reset();
            return local;
        }, _ => { });
        return sums.Sum() / _validation.Length;
    }

    private bool IsOfTable(int row) => row < _rows;

    /// <summary>The events of an epoch, below 0 of the validation, in the coordinates of the flow.</summary>
    private void Fill(ReadOnlySpan<int> rows, int epoch, Gathered to)
    {
        to.Events.Reshape(_coordinates.Columns.Count, rows.Length);
        to.OfTable.Clear();
        to.OfFlow.Clear();
        to.Places.Clear();
        foreach (var row in rows)
        {
            to.Places.Add(IsOfTable(row) ? to.OfTable.Count : to.OfFlow.Count);
            if (IsOfTable(row))
            {
                to.OfTable.Add(row);
            }
            else
            {
                to.OfFlow.Add(((epoch + 1L) * _events) + row - _rows);
            }
        }

        _coordinates.Fill([.. to.OfTable], epoch, to.Table);
        to.Flow.Reshape(_coordinates.Columns.Count, to.OfFlow.Count);
        _flow.DrawMapped(_key, [.. to.OfFlow], to.Flow.Span, to.OfFlow.Count);
        for (var f = 0; f < to.Events.Rows; f++)
        {
            for (var i = 0; i < rows.Length; i++)
            {
                to.Events[f, i] = (IsOfTable(rows[i]) ? to.Table : to.Flow)[f, to.Places[i]];
            }
        }
    }

    /// <summary>Events of a shard, and what they are put together from.</summary>
    private sealed class Gathered
    {
        public Tensor Events { get; } = new(0, 0);

        public Tensor Table { get; } = new(0, 0);

        public Tensor Flow { get; } = new(0, 0);

        public List<int> OfTable { get; } = [];

        public List<long> OfFlow { get; } = [];

        public List<int> Places { get; } = [];
    }

    private sealed class Shard(RefinementTask task) : ITrainingShard
    {
        private readonly Gathered _gathered = new();

        public Tape Tape { get; } = new(task.Parameters);

        public double AddGradient(in TrainingTurn turn, ReadOnlySpan<int> rows)
        {
            task.Fill(rows, turn.Epoch, _gathered);
            var z = task._network.Forward(Tape, _gathered.Events);
            double sum = 0;
            for (var i = 0; i < rows.Length; i++)
            {
                var ofTable = task.IsOfTable(rows[i]);
                var logit = z.Value.Span[i];
                sum += Softplus.Of(ofTable ? -(double)logit : logit);

                // d/dz of the cross-entropy is sigma(z) - y.
                z.Gradient!.Span[i] = (Sigmoid.Of(logit) - (ofTable ? 1 : 0)) / turn.Normalisation;
            }

            Tape.Backward();
            Tape.Reset();
            return sum;
        }
    }
}
