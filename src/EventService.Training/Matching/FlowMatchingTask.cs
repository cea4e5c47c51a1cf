using System.Numerics.Tensors;

using EventService.Engine.Autodiff;
using EventService.Engine.Random;
using EventService.Engine.Tensors;
using EventService.Models.Flows.Continuous;
using EventService.Models.Flows.Layers;
using EventService.Models.Flows.Networks;
using EventService.Models.Sampling;
using EventService.Training.Families;
using EventService.Training.Layers;
using EventService.Training.Tables;

using Tensor = EventService.Engine.Tensors.Tensor;

namespace EventService.Training.Matching;

/// <summary>
/// Flow matching on a table for a <see cref="Trainer"/>: its loss is |v(x_s, s) - (x_1 - x_0)|^2 / 2 of the points
/// (<see cref="FlowMatching"/>), less, where paths start from a flow, the log-likelihood of the events there under it. Both have parameters
/// of their own and are trained in the same steps.
/// </summary>
internal sealed class FlowMatchingTask : ITableTask
{
    // Points that are validated at a time: as many as are paired in training would be the same loss.
    private const int Piece = 512;

    // Passes over the validation events, each with other points of the paths.
    private const int ValidationUses = 4;

    private readonly FlowMatching _matching;
    private readonly TableCoordinates _coordinates;
    private readonly MatchingGroups? _groups;
    private readonly int[] _validation;
    private readonly ulong _seed;
    private readonly int _threads;
    private readonly IPathSource _paths;
    private readonly IPathSource _validationPaths;
    private readonly Networks _trained;
    private readonly Networks _average;

    /// <param name="matching">Hyper-parameters.</param>
    /// <param name="coordinates">The events.</param>
    /// <param name="training">Rows of the training events.</param>
    /// <param name="validation">Rows of the validation events.</param>
    /// <param name="seed">The seed of the start and of all draws.</param>
    /// <param name="threads">Threads; no influence on the result.</param>
    /// <param name="teacher">A field whose pairs are to be joined by straight paths; null to pair events by the recipe.</param>
    /// <exception cref="ArgumentException">Paths between data have no values of one condition to lead through, or the teacher has
    /// others.</exception>
    public FlowMatchingTask(FlowMatching matching, TableCoordinates coordinates, int[] training, int[] validation, ulong seed, int threads, ContinuousLayer? teacher)
    {
        (_matching, _coordinates, _validation, _seed, _threads) = (matching, coordinates, validation, seed, threads);
        if (teacher is not null && matching.Source is null)
        {
            throw new ArgumentException("The recipe is of paths from noise; only paths between data are straightened, so far.");
        }

        if (matching.Source is null)
        {
            (_paths, _validationPaths) = (new NoisePaths(coordinates), new NoisePaths(coordinates));
        }
        else
        {
            _groups = new MatchingGroups(matching.Source, coordinates, training, validation);
            if (teacher is not null && !teacher.Anchors!.SequenceEqual(_groups.Anchors))
            {
                throw new ArgumentException($"The model whose paths are straightened has the anchors {string.Join(", ", teacher.Anchors!)}, the data {string.Join(", ", _groups.Anchors)}, expected the same.");
            }

            _paths = teacher is null ? new DataPaths(coordinates, _groups.Training) : new StraightPaths(coordinates, _groups.Training, teacher, 0);
            _validationPaths = teacher is null ? new DataPaths(coordinates, _groups.Validation) : new StraightPaths(coordinates, _groups.Validation, teacher, -1);
        }

        (_trained, _average) = (Create(), Create());
    }

    public ParameterSet Parameters => _trained.Parameters;

    public ParameterSet Average => _average.Parameters;

    /// <summary>Flow and field with parameters in one set.</summary>
    private sealed record Networks(ParameterSet Parameters, TrainableFlow? Source, TrainableVelocity Velocity);

    public ITrainingShard CreateShard() => new Shard(this);

    public int[]? SourceRows => _matching.Source is { Flow: null } ? _groups!.Training[_groups.Origin] : null;

    public IReadOnlyList<FlowLayer> Export()
    {
        var field = _average.Velocity.Export();
        return _groups is null
            ? [new ContinuousLayer(field, _matching.Solver)]
            : [new ContinuousLayer(field, _matching.Solver, _groups.Anchors, _groups.Origin), .. _average.Source?.Export() ?? []];
    }

    public void Start(ReadOnlySpan<int> rows)
    {
        if (_trained.Source is not null)
        {
            var events = new Tensor(0, 0);
            _coordinates.Fill(_groups!.OfOrigin(rows), 0, events);
            _trained.Source.InitialiseFrom(events);
        }
    }

    public void Absorb(int group, IReadOnlyList<ITrainingShard> shards)
    {
        foreach (var layer in _trained.Source?.Layers ?? [])
        {
            layer.Absorb([.. shards.SelectMany(s => ((Shard)s).Statistics).Where(s => s.Layer == layer)]);
        }
    }

    public IReadOnlyList<ValidationPart> Validate()
    {
        var fieldStart = _trained.Source is null ? 0 : Parameters.Parameters.First(p => p.Name.StartsWith(TrainableVelocity.Prefix, StringComparison.Ordinal)).Index;
        var field = new ValidationPart(FieldLoss(), fieldStart, Parameters.Parameters.Count);
        return _trained.Source is null ? [field] : [new ValidationPart(SourceLoss(_groups!.Validation[_groups.Origin]), 0, fieldStart), field];
    }

    private double FieldLoss()
    {
        var pieces = (_validation.Length + Piece - 1) / Piece;
        var sums = new double[pieces * ValidationUses];
        Parallel.For(0, sums.Length, new ParallelOptions { MaxDegreeOfParallelism = _threads }, () => new Shard(this, _average), (p, _, shard) =>
        {
            var first = p % pieces * Piece;
            var random = new PhiloxStream(_seed ^ 0x50_41_54_48UL, (ulong)p, substream: 1);
            sums[p] = shard.Distance(_validationPaths, _validation.AsSpan(first, Math.Min(Piece, _validation.Length - first)), -1 - (p / pieces), ref random, null);
            return shard;
        }, _ => { });
        return sums.Sum() / ((double)_validation.Length * ValidationUses);
    }

    private double SourceLoss(int[] rows)
    {
        double sum = 0;
        var (tape, events) = (new Tape(_average.Parameters), new Tensor(0, 0));
        foreach (var piece in rows.Chunk(Piece))
        {
            _coordinates.Fill(piece, -1, events);
            var pass = new FlowPass(tape, 1, training: false);
            _average.Source!.Forward(pass, events);
            tape.Reset();
            sum += pass.LogLikelihood;
        }

        return -sum / rows.Length;
    }

    private Networks Create()
    {
        var features = _coordinates.Columns.Count;
        var source = _matching.Source?.Flow is LikelihoodFamily family ? new TrainableFlow(family, features, _seed) : null;
        var parameters = source?.Parameters ?? new ParameterSet();
        var conditions = _matching.Source is null ? _coordinates.Conditions.Count : 0;
        return new Networks(parameters, source, new TrainableVelocity(parameters, features, _paths.Legs, _matching.Frequencies, _matching.Network with { Conditions = conditions }, _seed));
    }

    private sealed class Shard(FlowMatchingTask task, Networks networks) : ITrainingShard
    {
        private readonly EventPairing _pairing = new(task._matching);
        private readonly PathBatch _batch = new(task._matching, task._coordinates.Columns.Count, task._paths.Legs);
        private readonly Tensor _events = new(0, 0);

        public Shard(FlowMatchingTask task)
            : this(task, task._trained)
        {
        }

        public Tape Tape { get; } = new(networks.Parameters);

        public IReadOnlyList<ShardStatistics> Statistics { get; private set; } = [];

        public double AddGradient(in TrainingTurn turn, ReadOnlySpan<int> rows)
        {
            var random = new PhiloxStream(task._seed ^ 0x50_41_54_48UL, (ulong)turn.Use);
            var sum = Distance(task._paths, rows, (int)(turn.Use & int.MaxValue), ref random, turn.Normalisation);
            if (networks.Source is not null && task._groups!.OfOrigin(rows) is { Length: > 0 } origin)
            {
                // Events of the origin are a share of the batch: their mean is taken over their own number.
                task._coordinates.Fill(origin, turn.Epoch, _events);
                var pass = new FlowPass(Tape, turn.Normalisation * (float)task._groups.OriginShare, training: true);
                networks.Source.Forward(pass, _events);
                sum -= pass.LogLikelihood / task._groups.OriginShare;
                Statistics = pass.Statistics;
            }

            Tape.Backward();
            Tape.Reset();
            return sum;
        }

        /// <summary>
        /// Sum over points of |v - (x_1 - x_0)|^2 / 2; with a normalisation its gradient, over that, is left at v for the way back.
        /// </summary>
        public double Distance(IPathSource paths, ReadOnlySpan<int> rows, int use, ref PhiloxStream random, float? normalisation)
        {
            paths.Fill(rows, use, ref random, _pairing, _batch);
            var v = networks.Velocity.Apply(new FlowPass(Tape, normalisation ?? 1, training: normalisation is not null) { Condition = _batch.Condition }, _batch.Inputs);
            var difference = v.Gradient!.Span;
            TensorPrimitives.Subtract(v.Value.Span, _batch.Velocities.Span, difference);
            double sum = 0;
            foreach (var d in difference)
            {
                sum += (double)d * d / 2;
            }

            if (normalisation is { } n)
            {
                TensorPrimitives.Divide(difference, n, difference);
            }
            else
            {
                Tape.Reset();
            }

            return sum;
        }
    }
}
