using System.Numerics.Tensors;

using EventService.Engine.Autodiff;
using EventService.Engine.Optimizers;
using EventService.Engine.Random;

using Matrix = EventService.Engine.Tensors.Tensor;

namespace EventService.Evaluation;

/// <summary>Settings of the network that judges.</summary>
public sealed record JudgeNetworkOptions
{
    public int HiddenLayers { get; init; } = 3;
    public int HiddenUnits { get; init; } = 256;
    public double Dropout { get; init; } = 0.3;
    public double LearningRate { get; init; } = 1e-4;
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Events a step, both classes together.</summary>
    public int BatchSize { get; init; } = 512;
    public int MaximumEpochs { get; init; } = 40;

    /// <summary>Training stops when the validation loss has not improved for this many epochs.</summary>
    public int Patience { get; init; } = 6;
}

/// <summary>
/// Trains a <see cref="JudgeNetwork"/> on standardised rows by AdamW with a cosine schedule and keeps the epoch of least validation loss. A
/// batch is cut into fixed shards whose gradients are added in order, so that the number of threads changes nothing.
/// </summary>
internal sealed class JudgeTrainer
{
    // Events a shard: hidden activations of 256 x 128 floats are 128 KiB, within an L2 cache.
    private const int ShardSize = 128;

    private readonly float[] _x;
    private readonly int _columns;
    private readonly bool[] _labels;
    private readonly JudgeNetworkOptions _options;
    private readonly JudgeNetwork _network;
    private readonly Shard[] _shards;
    private readonly AdamW _optimizer;
    private PhiloxStream _random;

    /// <param name="x">Rows of all events, row-major.</param>
    /// <param name="labels">Whether a row is positive.</param>
    /// <param name="options">Settings.</param>
    /// <param name="random">Draws the initial parameters and a key for all that follows.</param>
    public JudgeTrainer(float[] x, bool[] labels, JudgeNetworkOptions options, ref PhiloxStream random)
    {
        (_x, _columns, _labels, _options) = (x, x.Length / labels.Length, labels, options);
        _network = new JudgeNetwork(_columns, options.HiddenLayers, options.HiddenUnits, ref random);
        _random = new PhiloxStream(random.NextUInt64(), 0);
        _optimizer = new AdamW(_network.Parameters, new AdamWOptions { WeightDecay = (float)options.WeightDecay });
        _shards = [.. Enumerable.Range(0, (options.BatchSize + ShardSize - 1) / ShardSize).Select(_ => new Shard(this))];
    }

    /// <summary>Trains on rows; returns the validation loss by epoch, the state before training first.</summary>
    public double[] Train(int[] training, int[] validation, Action<double> progress, CancellationToken cancellation)
    {
        var losses = new List<double> { CrossEntropy.Mean(Logits(validation), validation, _labels) };
        var (best, kept) = (0, Copy());
        var steps = (training.Length + _options.BatchSize - 1) / _options.BatchSize;
        for (var epoch = 1; epoch <= _options.MaximumEpochs && epoch - best <= _options.Patience; epoch++)
        {
            var order = RandomDraws.Permutation(ref _random, training.Length, training.Length);
            var rows = Array.ConvertAll(order, k => training[k]);
            for (var step = 0; step < steps; step++)
            {
                cancellation.ThrowIfCancellationRequested();

                // Half a cosine from the full rate to zero over the most epochs allowed.
                var t = ((epoch - 1) * steps + step) / (double)(_options.MaximumEpochs * steps);
                Step(rows.AsMemory(step * _options.BatchSize, Math.Min(_options.BatchSize, rows.Length - step * _options.BatchSize)), _options.LearningRate * 0.5 * (1 + Math.Cos(Math.PI * t)));
            }

            progress(epoch / (double)_options.MaximumEpochs);
            losses.Add(CrossEntropy.Mean(Logits(validation), validation, _labels));

            // The state before training cannot rank events, so the first epoch is always kept.
            if (best == 0 || losses[^1] < losses[best])
            {
                (best, kept) = (epoch, Copy());
            }
        }

        for (var p = 0; p < kept.Length; p++)
        {
            kept[p].CopyTo(_network.Parameters.Parameters[p].Value.Span);
        }

        return [.. losses];
    }

    public double[] Logits(int[] rows)
    {
        var logits = new double[rows.Length];
        Parallel.For(0, (rows.Length + ShardSize - 1) / ShardSize, () => new Shard(this), (b, _, shard) =>
        {
            var begin = b * ShardSize;
            var some = rows.AsSpan(begin, Math.Min(ShardSize, rows.Length - begin));
            shard.Logits(some, logits.AsSpan(begin, some.Length));
            return shard;
        }, _ => { });
        return logits;
    }

    private float[][] Copy() => [.. _network.Parameters.Parameters.Select(p => p.Value.Span.ToArray())];

    private void Step(ReadOnlyMemory<int> batch, double learningRate)
    {
        var shards = (batch.Length + ShardSize - 1) / ShardSize;
        var key = _random.NextUInt64();
        Parallel.For(0, shards, s =>
            _shards[s].AddGradient(batch.Span.Slice(s * ShardSize, Math.Min(ShardSize, batch.Length - s * ShardSize)), batch.Length, new PhiloxStream(key, (ulong)s)));
        _optimizer.Advance();
        Parallel.ForEach(_network.Parameters.Parameters, parameter =>
        {
            var gradient = _shards[0].Tape[parameter].Gradient!.Span;
            for (var s = 1; s < shards; s++)
            {
                TensorPrimitives.Add(gradient, _shards[s].Tape[parameter].Gradient!.Span, gradient);
            }

            _optimizer.Update(parameter, gradient, (float)learningRate);
        });
        foreach (var shard in _shards)
        {
            shard.Tape.ClearGradients();
        }
    }

    /// <summary>A part of a batch, with a tape of its own.</summary>
    private sealed class Shard(JudgeTrainer trainer)
    {
        private readonly Matrix _x = new(0, 0);

        public Tape Tape { get; } = new(trainer._network.Parameters);

        /// <summary>Adds this shard's part of the gradient of a batch's mean cross-entropy.</summary>
        public void AddGradient(ReadOnlySpan<int> rows, int batchSize, PhiloxStream random)
        {
            var z = trainer._network.Logits(Tape, Gather(rows), trainer._options.Dropout, ref random);
            for (var k = 0; k < rows.Length; k++)
            {
                // d/dz of the cross-entropy is sigmoid(z) - y.
                z.Gradient!.Span[k] = (1 / (1 + MathF.Exp(-z.Value.Span[k])) - (trainer._labels[rows[k]] ? 1 : 0)) / batchSize;
            }

            Tape.Backward();
            Tape.Reset();
        }

        public void Logits(ReadOnlySpan<int> rows, Span<double> logits)
        {
            var random = default(PhiloxStream);
            var z = trainer._network.Logits(Tape, Gather(rows), 0, ref random);
            for (var k = 0; k < rows.Length; k++)
            {
                logits[k] = z.Value.Span[k];
            }

            Tape.Reset();
        }

        /// <summary>x [features, events] of the given rows.</summary>
        private Matrix Gather(ReadOnlySpan<int> rows)
        {
            var columns = trainer._columns;
            _x.Reshape(columns, rows.Length);
            var to = _x.Span;
            for (var k = 0; k < rows.Length; k++)
            {
                var row = trainer._x.AsSpan(rows[k] * columns, columns);
                for (var c = 0; c < columns; c++)
                {
                    to[c * rows.Length + k] = row[c];
                }
            }

            return _x;
        }
    }
}
