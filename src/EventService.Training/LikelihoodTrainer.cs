using System.Globalization;

using EventService.Engine.Autodiff;
using EventService.Engine.Optimizers;
using EventService.Engine.Random;
using EventService.Engine.Serialization;
using EventService.Engine.Tensors;
using EventService.Models.Contracts;
using EventService.Models.Sampling;

namespace EventService.Training;

/// <summary>What a <see cref="LikelihoodTrainer"/> trains: parameters, and the likelihood of events under them.</summary>
public interface ILikelihoodTask
{
    /// <summary>The parameters that are moved.</summary>
    ParameterSet Parameters { get; }

    /// <summary>Their running average: as many, of the same names and shapes.</summary>
    ParameterSet Average { get; }

    /// <summary>A shard of a batch, with a tape of its own.</summary>
    ILikelihoodShard CreateShard();

    /// <summary>Called once, before the first step, with the rows of the first batch.</summary>
    void Start(ReadOnlySpan<int> rows)
    {
    }

    /// <summary>Called in each step between gradients and update, with the shards in their order.</summary>
    void Absorb(IReadOnlyList<ILikelihoodShard> shards)
    {
    }

    /// <summary>Mean negative log-likelihood [nat] of the validation events under the average.</summary>
    double ValidationLoss();

    /// <summary>The same, by parts of the parameters that have nothing to do with each other: the best of each is kept. By default all are one.</summary>
    IReadOnlyList<ValidationPart> ValidationParts() => [new ValidationPart(ValidationLoss(), 0, Parameters.Parameters.Count)];
}

/// <summary>Loss of the parameters from First to before End.</summary>
public readonly record struct ValidationPart(double Loss, int First, int End);

/// <summary>Some events of a batch, whose gradient one thread computes.</summary>
public interface ILikelihoodShard
{
    Tape Tape { get; }

    /// <summary>
    /// Sum over the events of the log-likelihood [nat]; adds the gradient of minus that sum, divided by <paramref name="normalisation"/>, to the tape's.
    /// </summary>
    /// <param name="use">Number of this use of a shard in the whole training, for random masks.</param>
    /// <param name="epoch">Current epoch, from 0.</param>
    /// <param name="rows">The events.</param>
    /// <param name="normalisation">Events of the batch.</param>
    double AddGradient(long use, int epoch, ReadOnlySpan<int> rows, float normalisation);
}

/// <summary>
/// Trains by maximum likelihood: AdamW, a running average of the parameters, early stopping on its validation likelihood, checkpoints.
/// </summary>
/// <remarks>
/// The order of the events is a function of seed and epoch, and gradients are added in a fixed order: a run that was interrupted and resumed,
/// or ran on other threads, gives the same bits if the task's shards are functions of their arguments.
/// </remarks>
public sealed class LikelihoodTrainer
{
    private readonly ILikelihoodTask _task;
    private readonly TrainingOptions _options;
    private readonly ILearningRateSchedule _schedule;
    private readonly AdamW _optimizer;
    private readonly ILikelihoodShard[] _shards;
    private readonly int[] _training;
    private readonly float[][] _best;
    private readonly int[] _order;
    private readonly Lazy<Dictionary<string, string>> _fingerprint;
    private long _step;
    private double _epochSum;
    private long _epochEvents;
    private double _validationLoss = double.NaN;
    private double[] _bestLosses = [];
    private int _orderEpoch = -1;

    /// <param name="task">What is trained; its average is set to its parameters.</param>
    /// <param name="training">Rows of the training events.</param>
    /// <param name="options">How.</param>
    /// <param name="schedule">Learning rate; null for the one of the options: linear warm-up, then a cosine to zero at the end of the last epoch.</param>
    /// <param name="fingerprint">All that the run is a function of, name by name; a checkpoint of another one is refused.</param>
    /// <exception cref="ArgumentException">The batch does not fit the events or the shards.</exception>
    public LikelihoodTrainer(ILikelihoodTask task, int[] training, TrainingOptions options, ILearningRateSchedule? schedule, Func<Dictionary<string, string>> fingerprint)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(training);
        ArgumentNullException.ThrowIfNull(options);
        if (training.Length < options.BatchSize)
        {
            throw new ArgumentException($"{training.Length} training events are too few for batches of {options.BatchSize}. Use more data or a smaller batch.");
        }

        if (options.BatchSize % options.ShardSize != 0)
        {
            throw new ArgumentException($"A batch of {options.BatchSize} events is not a whole number of shards of {options.ShardSize}.");
        }

        (_task, _training, _options, _fingerprint) = (task, training, options, new(fingerprint));
        _schedule = schedule ?? new LinearWarmUp(options.WarmUpSteps, new CosineDecay(options.LearningRate, Math.Max(1, TotalSteps - options.WarmUpSteps)));
        _optimizer = new AdamW(task.Parameters, new AdamWOptions { WeightDecay = options.WeightDecay });
        _shards = [.. Enumerable.Range(0, options.BatchSize / options.ShardSize).Select(_ => task.CreateShard())];
        _best = [.. task.Parameters.Parameters.Select(p => new float[p.Value.Length])];
        _order = [.. training];
        CopyToAverage();
    }

    public int StepsPerEpoch => _training.Length / _options.BatchSize;

    public long TotalSteps => (long)StepsPerEpoch * _options.Epochs;

    /// <summary>The last epoch that was the best so far, of any part.</summary>
    public int BestEpoch { get; private set; } = -1;

    /// <summary>Mean training loss [nat] of the best epoch.</summary>
    public double BestTrainingLoss { get; private set; } = double.NaN;

    public double BestValidationLoss => _bestLosses.Length == 0 ? double.PositiveInfinity : _bestLosses.Sum();

    /// <summary>Epochs done.</summary>
    public int Epoch => (int)(_step / StepsPerEpoch);

    /// <summary>The best averaged parameters, in the order of the set.</summary>
    public IReadOnlyList<float[]> Best => _best;

    /// <summary>Trains to the end, writing checkpoints; the result is <see cref="Best"/>.</summary>
    /// <param name="checkpoint">File for checkpoints; null for none.</param>
    /// <param name="progress">Called after each step and each epoch.</param>
    /// <param name="cancellation">Stops after the current step; a checkpoint is written.</param>
    public void Run(string? checkpoint, Action<TrainingProgress> progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(progress);
        var start = TimeProvider.System.GetTimestamp();
        var firstStep = _step;
        var stale = Epoch - 1 - BestEpoch;
        while (_step < TotalSteps && stale < _options.Patience)
        {
            if (cancellation.IsCancellationRequested)
            {
                Save(checkpoint);
                cancellation.ThrowIfCancellationRequested();
            }

            var epoch = Epoch;
            Step();
            var epochEnd = _step % StepsPerEpoch == 0;
            double Rate() => (_step - firstStep) * _options.BatchSize / TimeProvider.System.GetElapsedTime(start).TotalSeconds;
            if (epochEnd)
            {
                Validate(epoch);
                stale = epoch - BestEpoch;
            }

            progress(new TrainingProgress(epoch, _step, TotalSteps, _epochSum / Math.Max(_epochEvents, 1), _validationLoss, BestValidationLoss, Rate(), epochEnd));
            if (epochEnd)
            {
                (_epochSum, _epochEvents) = (0, 0);
            }

            if (epochEnd || _step % _options.CheckpointSteps == 0)
            {
                Save(checkpoint);
            }
        }
    }

    private void Step()
    {
        var epoch = Epoch;
        if (_orderEpoch != epoch)
        {
            Shuffle(epoch);
        }

        if (_step == 0)
        {
            _task.Start(_order.AsSpan(0, _options.BatchSize));
            CopyToAverage();
        }

        var batch = _order.AsMemory((int)(_step % StepsPerEpoch) * _options.BatchSize, _options.BatchSize);
        var sums = new double[_shards.Length];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = _options.Threads };
        Parallel.For(0, _shards.Length, parallel, s =>
        {
            _shards[s].Tape.ClearGradients();
            var rows = batch.Span.Slice(s * _options.ShardSize, _options.ShardSize);
            sums[s] = _shards[s].AddGradient((_step * _shards.Length) + s, epoch, rows, _options.BatchSize);
        });
        foreach (var sum in sums)
        {
            _epochSum -= sum;
        }

        _epochEvents += _options.BatchSize;
        _task.Absorb(_shards);
        Update(parallel);
        _step++;
    }

    private void Update(ParallelOptions parallel)
    {
        var parameters = _task.Parameters.Parameters;
        var squares = new double[parameters.Count];
        Parallel.For(0, parameters.Count, parallel, i =>
        {
            var total = _shards[0].Tape.Parameters[i].Gradient!.Span;
            for (var s = 1; s < _shards.Length; s++)
            {
                System.Numerics.Tensors.TensorPrimitives.Add(total, _shards[s].Tape.Parameters[i].Gradient!.Span, total);
            }

            double square = 0;
            foreach (var g in total)
            {
                square += (double)g * g;
            }

            squares[i] = square;
        });
        double norm = 0;
        foreach (var square in squares)
        {
            norm += square;
        }

        norm = Math.Sqrt(norm);
        if (!double.IsFinite(norm))
        {
            throw new InvalidOperationException($"The gradient is not finite in step {_step}. Lower the learning rate.");
        }

        var scale = (float)(norm > _options.GradientClip ? _options.GradientClip / norm : 1);
        var rate = (float)_schedule.At(_step);
        // Early on the average forgets faster, so that it does not remember the start.
        var decay = (float)Math.Min(_options.AverageDecay, (1.0 + _step) / (10.0 + _step));
        _optimizer.Advance();
        Parallel.For(0, parameters.Count, parallel, i =>
        {
            _optimizer.Update(parameters[i], _shards[0].Tape.Parameters[i].Gradient!.Span, rate, scale);
            Span<float> w = parameters[i].Value.Span, average = _task.Average.Parameters[i].Value.Span;
            for (var k = 0; k < w.Length; k++)
            {
                average[k] = w[k] + (decay * (average[k] - w[k]));
            }
        });
    }

    private void Validate(int epoch)
    {
        var parts = _task.ValidationParts();
        _validationLoss = parts.Sum(p => p.Loss);
        if (_bestLosses.Length == 0)
        {
            _bestLosses = [.. parts.Select(_ => double.PositiveInfinity)];
        }

        for (var k = 0; k < parts.Count; k++)
        {
            if (!(parts[k].Loss < _bestLosses[k]))
            {
                continue;
            }

            (_bestLosses[k], BestEpoch, BestTrainingLoss) = (parts[k].Loss, epoch, _epochSum / _epochEvents);
            for (var p = parts[k].First; p < parts[k].End; p++)
            {
                _task.Average.Parameters[p].Value.Span.CopyTo(_best[p]);
            }
        }
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

    /// <summary>Writes the whole state to a file, replacing it at once.</summary>
    private void Save(string? path)
    {
        if (path is null)
        {
            return;
        }

        List<SafeTensor> tensors = [];
        foreach (var p in _task.Parameters.Parameters)
        {
            long[] shape = [p.Value.Rows, p.Value.Columns];
            tensors.Add(SafeTensor.FromFloats("parameter/" + p.Name, shape, p.Value.Span));
            tensors.Add(SafeTensor.FromFloats("average/" + p.Name, shape, _task.Average.Parameters[p.Index].Value.Span));
            tensors.Add(SafeTensor.FromFloats("best/" + p.Name, shape, _best[p.Index]));
            tensors.Add(SafeTensor.FromFloats("m/" + p.Name, shape, _optimizer.FirstMoments[p.Index]));
            tensors.Add(SafeTensor.FromFloats("v/" + p.Name, shape, _optimizer.SecondMoments[p.Index]));
        }

        static string Exact(double value) => BitConverter.DoubleToInt64Bits(value).ToString(CultureInfo.InvariantCulture);
        var metadata = new Dictionary<string, string>
        {
            ["step"] = _step.ToString(CultureInfo.InvariantCulture),
            ["epochSum"] = Exact(_epochSum),
            ["epochEvents"] = _epochEvents.ToString(CultureInfo.InvariantCulture),
            ["validationLoss"] = Exact(_validationLoss),
            ["bestLoss"] = string.Join(' ', _bestLosses.Select(Exact)),
            ["bestTrainingLoss"] = Exact(BestTrainingLoss),
            ["bestEpoch"] = BestEpoch.ToString(CultureInfo.InvariantCulture),
        };
        foreach (var (name, value) in _fingerprint.Value)
        {
            metadata.Add(name, value);
        }

        var temporary = path + ".tmp";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            SafeTensorsWriter.Write(file, metadata, tensors);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Continues from a checkpoint of the same run.</summary>
    /// <exception cref="ModelFormatException">The checkpoint belongs to a run with other options, data or architecture.</exception>
    public void Resume(string path)
    {
        var file = SafeTensorsFile.Read(path);
        if (RunFingerprint.Differences(file.Metadata, _fingerprint.Value) is { Count: > 0 } differences)
        {
            throw new ModelFormatException($"Checkpoint '{path}' belongs to another run: {string.Join("; ", differences)}. Give the same options and data, or start without --resume.");
        }

        foreach (var p in _task.Parameters.Parameters)
        {
            file["parameter/" + p.Name].ToFloats().CopyTo(p.Value.Span);
            file["average/" + p.Name].ToFloats().CopyTo(_task.Average.Parameters[p.Index].Value.Span);
            file["best/" + p.Name].ToFloats().CopyTo(_best[p.Index].AsSpan());
            file["m/" + p.Name].ToFloats().CopyTo(_optimizer.FirstMoments[p.Index].AsSpan());
            file["v/" + p.Name].ToFloats().CopyTo(_optimizer.SecondMoments[p.Index].AsSpan());
        }

        double Double(string key) => BitConverter.Int64BitsToDouble(Long(key));
        long Long(string key) => long.Parse(file.Metadata[key], CultureInfo.InvariantCulture);
        _step = Long("step");
        _epochSum = Double("epochSum");
        _epochEvents = Long("epochEvents");
        _validationLoss = Double("validationLoss");
        _bestLosses = [.. file.Metadata["bestLoss"].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(b => BitConverter.Int64BitsToDouble(long.Parse(b, CultureInfo.InvariantCulture)))];
        BestTrainingLoss = Double("bestTrainingLoss");
        BestEpoch = (int)Long("bestEpoch");
        _optimizer.Restore(_step);
    }
}
