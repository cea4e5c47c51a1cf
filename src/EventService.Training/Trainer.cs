using System.Numerics.Tensors;

using EventService.Engine.Optimizers;
using EventService.Engine.Random;
using EventService.Models.Contracts;

namespace EventService.Training;

/// <summary>
/// Trains parameters by gradients of a loss over batches of events: groups with optimisers of their own, a running average of the
/// parameters, early stopping by a metric of that average on the validation events, checkpoints.
/// </summary>
/// <remarks>
/// The order of the events is a function of seed and epoch, and gradients are added in a fixed order: a run that was interrupted and
/// resumed, or ran on other threads, gives the same bits if the task's shards are functions of their arguments.
/// </remarks>
public sealed class Trainer
{
    private readonly ITrainingTask _task;
    private readonly TrainingOptions _options;
    private readonly IReadOnlyList<ParameterGroup> _groups;
    private readonly TurnOrder _turns;
    private readonly ITrainingShard[] _shards;
    private readonly int[] _training;
    private readonly int[] _order;
    private readonly Lazy<Dictionary<string, string>> _fingerprint;
    private readonly TrainerState _state;
    private int _orderEpoch = -1;

    /// <summary>With all parameters in one group: see <see cref="ParameterGroup.Whole"/>.</summary>
    /// <param name="task">What is trained; its average is set to its parameters.</param>
    /// <param name="training">Rows of the training events.</param>
    /// <param name="options">How.</param>
    /// <param name="schedule">Learning rate; null for the one of the options.</param>
    /// <param name="fingerprint">All that the run is a function of, name by name; a checkpoint of another one is refused.</param>
    /// <exception cref="ArgumentException">The batch does not fit the events or the shards.</exception>
    public Trainer(
        ITrainingTask task,
        int[] training,
        TrainingOptions options,
        ILearningRateSchedule? schedule,
        Func<Dictionary<string, string>> fingerprint)
        : this(task, training, options, steps => [ParameterGroup.Whole(task.Parameters, options, schedule, steps)], fingerprint)
    {
    }

    /// <param name="task">What is trained; its average is set to its parameters.</param>
    /// <param name="training">Rows of the training events.</param>
    /// <param name="options">Seed, length and batches; what else they say is the groups' own.</param>
    /// <param name="groups">Given the number of all steps, the groups, in the order of their turns; each parameter is in one.</param>
    /// <param name="fingerprint">All that the run is a function of, name by name; a checkpoint of another one is refused.</param>
    /// <exception cref="ArgumentException">The batch does not fit the events or the shards, or the groups not the parameters.</exception>
    public Trainer(
        ITrainingTask task,
        int[] training,
        TrainingOptions options,
        Func<long, IReadOnlyList<ParameterGroup>> groups,
        Func<Dictionary<string, string>> fingerprint)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(training);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(groups);
        if (training.Length < options.BatchSize)
        {
            throw new ArgumentException(
                $"{training.Length} training events are too few for batches of {options.BatchSize}. Use more data or a smaller batch.");
        }

        if (options.BatchSize % options.ShardSize != 0)
        {
            throw new ArgumentException($"A batch of {options.BatchSize} events is not a whole number of shards of {options.ShardSize}.");
        }

        (_task, _training, _options, _fingerprint) = (task, training, options, new(fingerprint));
        _groups = groups(TotalSteps);
        _turns = new TurnOrder(_groups, task.Parameters.Parameters.Count);
        _shards = [.. Enumerable.Range(0, options.BatchSize / options.ShardSize).Select(_ => task.CreateShard())];
        _order = [.. training];
        _state = new TrainerState(task, _groups);
        CopyToAverage();
    }

    public int StepsPerEpoch => _training.Length / _options.BatchSize;

    public long TotalSteps => (long)StepsPerEpoch * _options.Epochs;

    /// <summary>The last epoch that was the best so far, of any part.</summary>
    public int BestEpoch => _state.BestEpoch;

    /// <summary>Mean training loss of the first group in the best epoch.</summary>
    public double BestTrainingLoss => _state.BestTrainingLosses[0];

    /// <summary>Best value of the metric so far; infinite before the first epoch's end.</summary>
    public double BestValidation => _state.BestValidation;

    /// <summary>Epochs done.</summary>
    public int Epoch => (int)(_state.Step / StepsPerEpoch);

    /// <summary>The best averaged parameters, in the order of the set.</summary>
    public IReadOnlyList<float[]> Best => _state.Best;

    /// <summary>Trains to the end, writing checkpoints; the result is <see cref="Best"/>.</summary>
    /// <param name="checkpoint">File for checkpoints; null for none.</param>
    /// <param name="progress">Called after each step and each epoch.</param>
    /// <param name="cancellation">Stops after the current step; a checkpoint is written.</param>
    public void Run(string? checkpoint, Action<TrainingProgress> progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(progress);
        var start = TimeProvider.System.GetTimestamp();
        var firstStep = _state.Step;
        var stale = Epoch - 1 - BestEpoch;
        while (_state.Step < TotalSteps && stale < _options.Patience)
        {
            if (cancellation.IsCancellationRequested)
            {
                Save(checkpoint);
                cancellation.ThrowIfCancellationRequested();
            }

            var epoch = Epoch;
            Step();
            var epochEnd = _state.Step % StepsPerEpoch == 0;
            if (epochEnd)
            {
                _state.Take(_task.Validate(), epoch);
                stale = epoch - BestEpoch;
            }

            var rate = (_state.Step - firstStep) * _options.BatchSize / TimeProvider.System.GetElapsedTime(start).TotalSeconds;
            progress(new TrainingProgress(
                epoch, _state.Step, TotalSteps, _state.Losses(), _task.Metric, _state.Validation, BestValidation, rate, epochEnd));
            if (epochEnd)
            {
                _state.BeginEpoch();
            }

            if (epochEnd || _state.Step % _options.CheckpointSteps == 0)
            {
                Save(checkpoint);
            }
        }
    }

    /// <summary>Continues from a checkpoint of the same run.</summary>
    /// <exception cref="ModelFormatException">The checkpoint belongs to a run with other options, data or architecture.</exception>
    public void Resume(string path)
    {
        _state.Read(path, _fingerprint.Value);
        for (var g = 0; g < _groups.Count; g++)
        {
            _groups[g].Optimizer.Restore(_turns.StepsOf(g, _state.Step));
        }
    }

    private void Step()
    {
        var epoch = Epoch;
        if (_orderEpoch != epoch)
        {
            Shuffle(epoch);
        }

        if (_state.Step == 0)
        {
            _task.Start(_order.AsSpan(0, _options.BatchSize));
            CopyToAverage();
        }

        var group = _turns.GroupAt(_state.Step);
        var batch = _order.AsMemory((int)(_state.Step % StepsPerEpoch) * _options.BatchSize, _options.BatchSize);
        var losses = new double[_shards.Length];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = _options.Threads };
        Parallel.For(0, _shards.Length, parallel, s =>
        {
            _shards[s].Tape.ClearGradients();
            var rows = batch.Span.Slice(s * _options.ShardSize, _options.ShardSize);
            var turn = new TrainingTurn(group, (_state.Step * _shards.Length) + s, epoch, _options.BatchSize);
            losses[s] = _shards[s].AddGradient(turn, rows);
        });
        _state.Add(group, losses, _options.BatchSize);
        _task.Absorb(group, _shards);
        Update(_groups[group], _turns.StepsOf(group, _state.Step), parallel);
        _state.Step++;
    }

    private void Update(ParameterGroup group, long step, ParallelOptions parallel)
    {
        var parameters = _task.Parameters.Parameters;
        var squares = new double[group.End - group.First];
        Parallel.For(group.First, group.End, parallel, i =>
        {
            var total = _shards[0].Tape.Parameters[i].Gradient!.Span;
            for (var s = 1; s < _shards.Length; s++)
            {
                TensorPrimitives.Add(total, _shards[s].Tape.Parameters[i].Gradient!.Span, total);
            }

            double square = 0;
            foreach (var g in total)
            {
                square += (double)g * g;
            }

            squares[i - group.First] = square;
        });
        double norm = 0;
        foreach (var square in squares)
        {
            norm += square;
        }

        norm = Math.Sqrt(norm);
        if (!double.IsFinite(norm))
        {
            throw new InvalidOperationException($"The gradient is not finite in step {_state.Step}. Lower the learning rate.");
        }

        var scale = (float)(norm > group.GradientClip ? group.GradientClip / norm : 1);
        var rate = (float)group.Schedule.At(step);
        // Early on the average forgets faster, so that it does not remember the start.
        var decay = (float)Math.Min(group.AverageDecay, (1.0 + step) / (10.0 + step));
        group.Optimizer.Advance();
        Parallel.For(group.First, group.End, parallel, i =>
        {
            group.Optimizer.Update(parameters[i], _shards[0].Tape.Parameters[i].Gradient!.Span, rate, scale);
            Span<float> w = parameters[i].Value.Span, average = _task.Average.Parameters[i].Value.Span;
            for (var k = 0; k < w.Length; k++)
            {
                average[k] = w[k] + (decay * (average[k] - w[k]));
            }
        });
    }

    // Fisher-Yates with a stream of its own for each epoch.
    private void Shuffle(int epoch)
    {
        _training.CopyTo(_order.AsSpan());
        var stream = new PhiloxStream(_options.Seed ^ 0x53_48_55_46UL, (ulong)epoch);
        for (var i = _order.Length - 1; i > 0; i--)
        {
            var j = (int)(((ulong)stream.NextUInt32() * (ulong)(i + 1)) >> 32);
            (_order[i], _order[j]) = (_order[j], _order[i]);
        }

        _orderEpoch = epoch;
    }

    private void CopyToAverage()
    {
        foreach (var p in _task.Parameters.Parameters)
        {
            p.Value.Span.CopyTo(_task.Average.Parameters[p.Index].Value.Span);
        }
    }

    private void Save(string? path)
    {
        if (path is not null)
        {
            _state.Write(path, _fingerprint.Value);
        }
    }
}
