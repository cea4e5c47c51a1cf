using System.Globalization;

using EventService.Engine.Autodiff;
using EventService.Engine.Optimizers;
using EventService.Engine.Random;
using EventService.Engine.Serialization;
using EventService.Engine.Tensors;
using EventService.Generation.Architectures;
using EventService.Generation.Preprocessing;
using EventService.Numerics.Functions;
using EventService.Physics.Events;

namespace EventService.Generation.Training;

/// <summary>
/// Trains an object flow by maximum likelihood: AdamW, linear warm-up then cosine decay (Loshchilov and Hutter, ICLR 2017,
/// arXiv:1608.03983), a running average of the parameters, early stopping on its validation likelihood.
/// </summary>
/// <remarks>
/// Every random choice (order, mirror images) is a function of seed, epoch and event, and gradients are added in a fixed order: a run
/// that was interrupted and resumed, or ran on other threads, gives the same bits. Events are mirrored at random in eta and
/// azimuth, both symmetries of proton collisions in a symmetric detector.
/// </remarks>
public sealed class ObjectFlowTrainer
{
    private readonly EventSample _sample;
    private readonly TrainingOptions _options;
    private readonly EventCoordinates _coordinates;
    private readonly ObjectFlowNetwork _network;
    private readonly ObjectFlowNetwork _average;
    private readonly AdamW _optimizer;
    private readonly ObjectFlowLikelihood[] _shards;
    private readonly int[] _training;
    private readonly int[] _validation;
    private readonly Func<int, double[]> _condition;
    private readonly float[][] _best;
    private readonly int[] _order;
    private readonly Lazy<Dictionary<string, string>> _fingerprint;
    private long _step;
    private double _epochSum;
    private long _epochEvents;
    private double _validationLoss = double.NaN;
    private double _bestLoss = double.PositiveInfinity;
    private int _orderEpoch = -1;

    public ObjectFlowTrainer(EventSample sample, int[] training, int[] validation, Func<int, double[]> condition, EventCoordinates coordinates, ObjectFlowHyperparameters hyper, TrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(sample);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(training);
        if (training.Length < options.BatchSize || validation is not { Length: > 0 })
        {
            throw new ArgumentException($"{training.Length} training and {validation?.Length ?? 0} validation events are too few for batches of {options.BatchSize}. Use more data or a smaller batch.");
        }

        if (options.BatchSize % options.ShardSize != 0)
        {
            throw new ArgumentException($"A batch of {options.BatchSize} events is not a whole number of shards of {options.ShardSize}.");
        }

        (_sample, _training, _validation, _condition, _coordinates, _options) = (sample, training, validation, condition, coordinates, options);
        _fingerprint = new(() => RunFingerprint.Of(sample, training, validation, condition, coordinates, hyper, options));
        _network = new ObjectFlowNetwork(hyper);
        _network.Initialise(options.Seed);
        _average = new ObjectFlowNetwork(hyper);
        _optimizer = new AdamW(_network.Parameters, new AdamWOptions { WeightDecay = options.WeightDecay });
        _shards = [.. Enumerable.Range(0, options.BatchSize / options.ShardSize).Select(_ => new ObjectFlowLikelihood(_network, coordinates, new Dropout(options.Dropout, options.Seed ^ 0x44_52_4F_50UL)))];
        _best = [.. _network.Parameters.Parameters.Select(p => new float[p.Value.Length])];
        _order = [.. training];
        foreach (var p in _network.Parameters.Parameters)
        {
            p.Value.Span.CopyTo(_average.Parameters.Parameters[p.Index].Value.Span);
        }
    }

    public int StepsPerEpoch => _training.Length / _options.BatchSize;

    public long TotalSteps => (long)StepsPerEpoch * _options.Epochs;

    public int BestEpoch { get; private set; } = -1;

    /// <summary>Mean training loss [nat] of the best epoch.</summary>
    public double BestTrainingLoss { get; private set; } = double.NaN;

    public double BestValidationLoss => _bestLoss;

    /// <summary>Epochs done.</summary>
    public int Epoch => (int)(_step / StepsPerEpoch);

    /// <summary>Trains to the end, writing checkpoints; returns the best averaged network.</summary>
    /// <param name="checkpoint">File for checkpoints; null for none.</param>
    /// <param name="progress">Called after each step and each epoch.</param>
    /// <param name="cancellation">Stops after the current step; a checkpoint is written.</param>
    public ObjectFlowNetwork Run(string? checkpoint, Action<TrainingProgress> progress, CancellationToken cancellation)
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

            progress(new TrainingProgress(epoch, _step, TotalSteps, _epochSum / Math.Max(_epochEvents, 1), _validationLoss, _bestLoss, Rate(), epochEnd));
            if (epochEnd)
            {
                (_epochSum, _epochEvents) = (0, 0);
            }

            if (epochEnd || _step % _options.CheckpointSteps == 0)
            {
                Save(checkpoint);
            }
        }

        var result = new ObjectFlowNetwork(_network.Hyperparameters);
        foreach (var p in result.Parameters.Parameters)
        {
            _best[p.Index].CopyTo(p.Value.Span);
        }

        return result;
    }

    private void Step()
    {
        var epoch = Epoch;
        if (_orderEpoch != epoch)
        {
            Shuffle(epoch);
        }

        var batch = _order.AsMemory((int)(_step % StepsPerEpoch) * _options.BatchSize, _options.BatchSize);
        var sums = new double[_shards.Length];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = _options.Threads };
        Parallel.For(0, _shards.Length, parallel, s =>
        {
            _shards[s].Tape.ClearGradients();
            _shards[s].Dropout.Start((ulong)((_step * _shards.Length) + s));
            var rows = batch.Span.Slice(s * _options.ShardSize, _options.ShardSize);
            sums[s] = _shards[s].AddGradient(_sample, rows, _condition, e => Mirror(epoch, e), _options.BatchSize);
        });
        foreach (var sum in sums)
        {
            _epochSum -= sum;
        }

        _epochEvents += _options.BatchSize;
        Update(parallel);
        _step++;
    }

    private void Update(ParallelOptions parallel)
    {
        var parameters = _network.Parameters.Parameters;
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
        var rate = (float)LearningRate(_step);
        // Early on the average forgets faster, so that it does not remember the start.
        var decay = (float)Math.Min(_options.AverageDecay, (1.0 + _step) / (10.0 + _step));
        _optimizer.Advance();
        Parallel.For(0, parameters.Count, parallel, i =>
        {
            _optimizer.Update(parameters[i], _shards[0].Tape.Parameters[i].Gradient!.Span, rate, scale);
            Span<float> w = parameters[i].Value.Span, average = _average.Parameters.Parameters[i].Value.Span;
            for (var k = 0; k < w.Length; k++)
            {
                average[k] = w[k] + (decay * (average[k] - w[k]));
            }
        });
    }

    private double LearningRate(long step) =>
        step < _options.WarmUpSteps
            ? _options.LearningRate * (step + 1) / _options.WarmUpSteps
            : _options.LearningRate * 0.5 * (1 + SinCos.Of(Math.PI * (step - _options.WarmUpSteps) / Math.Max(1, TotalSteps - _options.WarmUpSteps)).Cos);

    /// <summary>Mean negative log-likelihood [nat] of the validation events under these networks and maps.</summary>
    public double ValidationLoss(ObjectFlowNetwork network, EventCoordinates coordinates)
    {
        const int Piece = 512;
        var pieces = (_validation.Length + Piece - 1) / Piece;
        var sums = new double[pieces];
        Parallel.For(0, pieces, new ParallelOptions { MaxDegreeOfParallelism = _options.Threads }, () => new ObjectFlowDensity(network, coordinates), (p, _, density) =>
        {
            var rows = _validation.AsSpan(p * Piece, Math.Min(Piece, _validation.Length - (p * Piece)));
            Span<double> logDensity = stackalloc double[rows.Length];
            density.Evaluate(_sample, rows, _condition, logDensity);
            foreach (var value in logDensity)
            {
                sums[p] -= value;
            }

            return density;
        }, _ => { });
        return sums.Sum() / _validation.Length;
    }

    private void Validate(int epoch)
    {
        _validationLoss = ValidationLoss(_average, _coordinates);
        if (_validationLoss < _bestLoss)
        {
            _bestLoss = _validationLoss;
            BestEpoch = epoch;
            BestTrainingLoss = _epochSum / _epochEvents;
            foreach (var p in _average.Parameters.Parameters)
            {
                p.Value.Span.CopyTo(_best[p.Index]);
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

    private int Mirror(int epoch, int e)
    {
        var stream = new PhiloxStream(_options.Seed ^ 0x4D_49_52_52UL, ((ulong)(uint)epoch << 32) | (uint)e);
        return (int)(stream.NextUInt32() & 3);
    }

    /// <summary>Writes the whole state to a file, replacing it at once.</summary>
    private void Save(string? path)
    {
        if (path is null)
        {
            return;
        }

        List<SafeTensor> tensors = [];
        foreach (var p in _network.Parameters.Parameters)
        {
            long[] shape = [p.Value.Rows, p.Value.Columns];
            tensors.Add(SafeTensor.FromFloats("parameter/" + p.Name, shape, p.Value.Span));
            tensors.Add(SafeTensor.FromFloats("average/" + p.Name, shape, _average.Parameters.Parameters[p.Index].Value.Span));
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
            ["bestLoss"] = Exact(_bestLoss),
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

        foreach (var p in _network.Parameters.Parameters)
        {
            file["parameter/" + p.Name].ToFloats().CopyTo(p.Value.Span);
            file["average/" + p.Name].ToFloats().CopyTo(_average.Parameters.Parameters[p.Index].Value.Span);
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
        _bestLoss = Double("bestLoss");
        BestTrainingLoss = Double("bestTrainingLoss");
        BestEpoch = (int)Long("bestEpoch");
        _optimizer.Restore(_step);
    }
}
