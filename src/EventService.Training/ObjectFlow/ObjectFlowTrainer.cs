using EventService.Engine.Autodiff;
using EventService.Engine.Random;
using EventService.Engine.Tensors;
using EventService.Models.Contracts;
using EventService.Models.ObjectFlow;
using EventService.Physics.Events;

namespace EventService.Training.ObjectFlow;

/// <summary>
/// Trains an object flow by maximum likelihood: AdamW, linear warm-up then cosine decay (Loshchilov and Hutter, ICLR 2017,
/// arXiv:1608.03983), a running average of the parameters, early stopping on its validation likelihood.
/// </summary>
/// <remarks>
/// Every random choice (order, mirror images) is a function of seed, epoch and event, and gradients are added in a fixed order: a run
/// that was interrupted and resumed, or ran on other threads, gives the same bits. Events are mirrored at random in eta and
/// azimuth, both symmetries of proton collisions in a symmetric detector.
/// </remarks>
public sealed class ObjectFlowTrainer : ITrainingTask
{
    private readonly EventSample _sample;
    private readonly TrainingOptions _options;
    private readonly EventCoordinates _coordinates;
    private readonly ObjectFlowNetwork _network;
    private readonly ObjectFlowNetwork _average;
    private readonly int[] _validation;
    private readonly Func<int, double[]> _condition;

    public ObjectFlowTrainer(EventSample sample, int[] training, int[] validation, Func<int, double[]> condition, EventCoordinates coordinates, ObjectFlowHyperparameters hyper, TrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(sample);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(training);
        if (training.Length < options.BatchSize || validation is not { Length: > 0 })
        {
            throw new ArgumentException($"{training.Length} training and {validation?.Length ?? 0} validation events are too few for batches of {options.BatchSize}. Use more data or a smaller batch.");
        }

        (_sample, _validation, _condition, _coordinates, _options) = (sample, validation, condition, coordinates, options);
        _network = new ObjectFlowNetwork(hyper);
        _network.Initialise(options.Seed);
        _average = new ObjectFlowNetwork(hyper);
        Dictionary<string, string> Fingerprint() =>
            ObjectFlowFingerprint.Of(sample, training, validation, condition, coordinates, hyper, options);
        Trainer = new Trainer(this, training, options, schedule: null, Fingerprint);
    }

    ParameterSet ITrainingTask.Parameters => _network.Parameters;

    ParameterSet ITrainingTask.Average => _average.Parameters;

    /// <summary>Moves the parameters.</summary>
    public Trainer Trainer { get; }

    public int BestEpoch => Trainer.BestEpoch;

    /// <summary>Mean training loss [nat] of the best epoch.</summary>
    public double BestTrainingLoss => Trainer.BestTrainingLoss;

    /// <summary>Epochs done.</summary>
    public int Epoch => Trainer.Epoch;

    /// <summary>Trains to the end, writing checkpoints; returns the best averaged network.</summary>
    /// <param name="checkpoint">File for checkpoints; null for none.</param>
    /// <param name="progress">Called after each step and each epoch.</param>
    /// <param name="cancellation">Stops after the current step; a checkpoint is written.</param>
    public ObjectFlowNetwork Run(string? checkpoint, Action<TrainingProgress> progress, CancellationToken cancellation)
    {
        Trainer.Run(checkpoint, progress, cancellation);
        return Best();
    }

    /// <summary>The best averaged network so far.</summary>
    public ObjectFlowNetwork Best()
    {
        var result = new ObjectFlowNetwork(_network.Hyperparameters);
        foreach (var p in result.Parameters.Parameters)
        {
            Trainer.Best[p.Index].CopyTo(p.Value.Span);
        }

        return result;
    }

    /// <summary>Continues from a checkpoint of the same run.</summary>
    /// <exception cref="ModelFormatException">The checkpoint belongs to a run with other options, data or architecture.</exception>
    public void Resume(string path) => Trainer.Resume(path);

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

    ITrainingShard ITrainingTask.CreateShard() =>
        new Shard(this, new ObjectFlowLikelihood(_network, _coordinates, new Dropout(_options.Dropout, _options.Seed ^ 0x44_52_4F_50UL)));

    IReadOnlyList<ValidationPart> ITrainingTask.Validate() =>
        [new ValidationPart(ValidationLoss(_average, _coordinates), 0, _network.Parameters.Parameters.Count)];

    private int Mirror(int epoch, int e)
    {
        var stream = new PhiloxStream(_options.Seed ^ 0x4D_49_52_52UL, ((ulong)(uint)epoch << 32) | (uint)e);
        return (int)(stream.NextUInt32() & 3);
    }

    private sealed class Shard(ObjectFlowTrainer trainer, ObjectFlowLikelihood likelihood) : ITrainingShard
    {
        public Tape Tape => likelihood.Tape;

        public double AddGradient(in TrainingTurn turn, ReadOnlySpan<int> rows)
        {
            likelihood.Dropout.Start((ulong)turn.Use);
            var epoch = turn.Epoch;
            return -likelihood.AddGradient(trainer._sample, rows, trainer._condition, e => trainer.Mirror(epoch, e), turn.Normalisation);
        }
    }
}
