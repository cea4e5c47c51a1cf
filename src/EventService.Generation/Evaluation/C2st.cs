using System.Diagnostics;
using System.Numerics.Tensors;

using EventService.Engine.Autodiff;
using EventService.Engine.Optimizers;
using EventService.Engine.Random;
using EventService.Physics.Observables;

using Matrix = EventService.Engine.Tensors.Tensor;

namespace EventService.Generation.Evaluation;

/// <summary>Settings of the classifier two-sample test.</summary>
public sealed record C2stOptions
{
    public int HiddenLayers { get; init; } = 3;
    public int HiddenUnits { get; init; } = 256;
    public double Dropout { get; init; } = 0.1;
    public double LearningRate { get; init; } = 1e-3;
    public double WeightDecay { get; init; } = 1e-2;

    /// <summary>Events a step, both classes together.</summary>
    public int BatchSize { get; init; } = 512;
    public int MaximumEpochs { get; init; } = 40;

    /// <summary>Training stops when the validation loss has not improved for this many epochs.</summary>
    public int Patience { get; init; } = 6;

    /// <summary>Shares of the events for training and validation; the rest is the test set on which all figures are taken.</summary>
    public double TrainingShare { get; init; } = 0.5;
    public double ValidationShare { get; init; } = 0.1;

    /// <summary>Of the split, the initial parameters, the order of batches and dropout.</summary>
    public ulong Seed { get; init; } = 1;
}

/// <summary>Outcome of the classifier two-sample test; every figure is of the test events.</summary>
/// <param name="Roc">Curve and area of the score, Monte Carlo being positive.</param>
/// <param name="Accuracy">Share of right answers at score 1/2.</param>
/// <param name="AccuracyError">Binomial standard error of the accuracy.</param>
/// <param name="LogLoss">Mean cross-entropy [nat]; ln 2 where the classifier learnt nothing.</param>
/// <param name="ScoreChiSquared">Homogeneity of the score distributions in bins that are fine in both tails.</param>
/// <param name="ScoreHistogram">Scores of Monte Carlo and generated events.</param>
/// <param name="TrainingEvents">Of both classes.</param>
/// <param name="TestEvents">Of both classes.</param>
/// <param name="Epochs">Passes made.</param>
/// <param name="BestEpoch">The one that was kept, by validation loss; 0 for the state before training.</param>
/// <param name="ValidationLoss">By epoch, the state before training first.</param>
/// <param name="Seconds">Wall time.</param>
public sealed record C2stResult(
    RocCurve Roc,
    double Accuracy,
    double AccuracyError,
    double LogLoss,
    ChiSquared.Result ScoreChiSquared,
    HistogramPair ScoreHistogram,
    int TrainingEvents,
    int TestEvents,
    int Epochs,
    int BestEpoch,
    double[] ValidationLoss,
    double Seconds)
{
    /// <summary>
    /// The more significant of two looks at the scores, in one-sided sigmas after counting both: the area sees a shift of many events, the
    /// chi-squared a few events with telling scores, such as a missing tail.
    /// </summary>
    public double Significance => SpecialFunctions.Significance(Math.Min(0.5, 2 * Math.Min(SpecialFunctions.NormalSurvival(Roc.Significance), ScoreChiSquared.PValue)));
}

/// <summary>
/// Classifier two-sample test: D. Lopez-Paz, M. Oquab, Revisiting classifier two-sample tests, ICLR 2017, arXiv:1610.06545.
/// A network is trained to tell Monte Carlo from generated events; on events that it has not seen, an area under the ROC curve of
/// 1/2 means that it cannot. Deviations: the statistic is the area (and the score distribution) rather than the accuracy, and training stops early
/// on validation loss. Test events are exchangeable under the null, so the errors hold whatever the classifier learnt.
/// </summary>
/// <remarks>Results depend on the seed but not on the number of threads: a batch is cut into fixed shards whose gradients are added in order.</remarks>
public static class C2st
{
    // Events a shard: hidden activations of 256 x 128 floats are 128 KiB, within an L2 cache.
    private const int ShardSize = 128;

    /// <param name="monteCarlo">Features of Monte Carlo events.</param>
    /// <param name="generated">The same features of generated events.</param>
    /// <param name="options">Settings.</param>
    /// <param name="progress">Told (epoch, validation loss) after every epoch.</param>
    /// <param name="cancellation">Stops the training.</param>
    public static C2stResult Run(
        FeatureMatrix monteCarlo, FeatureMatrix generated, C2stOptions options, IProgress<(int Epoch, double Loss)>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var clock = Stopwatch.StartNew();
        var random = new PhiloxStream(options.Seed, 0);
        var first = Split.Draw(monteCarlo.Rows, options, ref random);
        var second = Split.Draw(generated.Rows, options, ref random);
        var standardiser = Standardiser.Fit(monteCarlo, first.Training, generated, second.Training);
        var data = new Data(standardiser.Apply(monteCarlo), standardiser.Apply(generated), monteCarlo.Rows, monteCarlo.Columns);
        var training = data.Rows(first.Training, second.Training);
        var validation = data.Rows(first.Validation, second.Validation);
        var test = data.Rows(first.Test, second.Test);

        var network = new JudgeNetwork(data.Columns, options.HiddenLayers, options.HiddenUnits, ref random);
        var trainer = new Trainer(network, data, options, ref random);
        var (losses, best) = trainer.Train(training, validation, progress, cancellation);
        var logits = trainer.Logits(test);
        return Judge(logits, Array.ConvertAll(test, data.IsMonteCarlo), training.Length, losses, best, clock.Elapsed.TotalSeconds);
    }

    private static C2stResult Judge(double[] logits, bool[] isMonteCarlo, int trainingEvents, List<double> losses, int best, double seconds)
    {
        var scores = Array.ConvertAll(logits, z => 1 / (1 + Math.Exp(-z)));
        var right = 0;
        for (var k = 0; k < logits.Length; k++)
        {
            // A score of exactly 1/2, as before any training, is right half the time.
            right += logits[k] == 0 ? k & 1 : logits[k] > 0 == isMonteCarlo[k] ? 1 : 0;
        }

        var accuracy = right / (double)logits.Length;
        double[] Of(bool which)
        {
            var some = scores.Where((_, k) => isMonteCarlo[k] == which).ToArray();
            Array.Sort(some);
            return some;
        }

        var (mc, generated) = (Of(true), Of(false));
        return new C2stResult(
            RocCurve.Of(logits, isMonteCarlo),
            accuracy,
            Math.Sqrt(accuracy * (1 - accuracy) / logits.Length),
            CrossEntropy(logits, isMonteCarlo),
            TailTest(mc, generated),
            HistogramPair.FromSorted(mc, generated, 0, 1, false, 50),
            trainingEvents,
            logits.Length,
            losses.Count - 1,
            best,
            [.. losses],
            seconds);
    }

    /// <summary>Chi-squared in bins of the pooled scores, finer towards both ends, where a few events with telling scores show.</summary>
    private static ChiSquared.Result TailTest(double[] mc, double[] generated)
    {
        double[] pooled = [.. mc, .. generated];
        Array.Sort(pooled);
        double[] shares = [0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.9975];
        var edges = shares.Select(q => pooled[(int)(q * pooled.Length)]).Distinct().ToArray();
        double[] Count(double[] sorted)
        {
            var below = edges.Select(edge => (double)QuantileBins.LowerBound(sorted, edge)).ToArray();
            return [below[0], .. below.Skip(1).Zip(below, (b, a) => b - a), sorted.Length - below[^1]];
        }

        return ChiSquared.Test(Count(mc), Count(generated));
    }

    /// <summary>-log p of the right answer, log(1 + exp(-|z|)) written so that nothing overflows.</summary>
    private static double CrossEntropy(double z, bool isPositive) => Math.Max(isPositive ? -z : z, 0) + Math.Log(1 + Math.Exp(-Math.Abs(z)));

    private static double CrossEntropy(ReadOnlySpan<double> logits, ReadOnlySpan<bool> isPositive)
    {
        var sum = 0.0;
        for (var k = 0; k < logits.Length; k++)
        {
            sum += CrossEntropy(logits[k], isPositive[k]);
        }

        return sum / logits.Length;
    }

    /// <summary>Rows of one sample by use, in random order.</summary>
    private sealed record Split(int[] Training, int[] Validation, int[] Test)
    {
        public static Split Draw(int rows, C2stOptions options, ref PhiloxStream random)
        {
            var (training, validation) = ((int)(options.TrainingShare * rows), (int)(options.ValidationShare * rows));
            if (training < 1 || validation < 1 || training + validation >= rows)
            {
                throw new ArgumentException($"A sample of {rows} events cannot be split into {training} for training, {validation} for validation and the rest for the test.");
            }

            var order = RandomDraws.Permutation(ref random, rows, rows);
            return new Split(order[..training], order[training..(training + validation)], order[(training + validation)..]);
        }
    }

    /// <summary>Standardised rows of both samples; row numbers run through the Monte Carlo events first.</summary>
    private sealed class Data(float[] monteCarlo, float[] generated, int monteCarloRows, int columns)
    {
        public int Columns => columns;

        public bool IsMonteCarlo(int row) => row < monteCarloRows;

        public int[] Rows(int[] ofMonteCarlo, int[] ofGenerated) => [.. ofMonteCarlo, .. ofGenerated.Select(k => monteCarloRows + k)];

        /// <summary>x [features, events] of the given rows.</summary>
        public void Gather(ReadOnlySpan<int> rows, Matrix x)
        {
            x.Reshape(columns, rows.Length);
            var to = x.Span;
            for (var k = 0; k < rows.Length; k++)
            {
                var row = IsMonteCarlo(rows[k]) ? monteCarlo.AsSpan(rows[k] * columns, columns) : generated.AsSpan((rows[k] - monteCarloRows) * columns, columns);
                for (var c = 0; c < columns; c++)
                {
                    to[c * rows.Length + k] = row[c];
                }
            }
        }
    }

    private sealed class Trainer
    {
        private readonly JudgeNetwork _network;
        private readonly Data _data;
        private readonly C2stOptions _options;
        private readonly Shard[] _shards;
        private readonly AdamW _optimizer;
        private PhiloxStream _random;

        public Trainer(JudgeNetwork network, Data data, C2stOptions options, ref PhiloxStream random)
        {
            _network = network;
            _data = data;
            _options = options;
            _random = new PhiloxStream(random.NextUInt64(), 0);
            _optimizer = new AdamW(network.Parameters, new AdamWOptions { WeightDecay = (float)options.WeightDecay });
            _shards = [.. Enumerable.Range(0, (options.BatchSize + ShardSize - 1) / ShardSize).Select(_ => new Shard(network))];
        }

        public (List<double> Losses, int Best) Train(int[] training, int[] validation, IProgress<(int, double)>? progress, CancellationToken cancellation)
        {
            var labels = Array.ConvertAll(validation, _data.IsMonteCarlo);
            var losses = new List<double> { CrossEntropy(Logits(validation), labels) };
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

                losses.Add(CrossEntropy(Logits(validation), labels));
                progress?.Report((epoch, losses[^1]));
                if (best == 0 || losses[^1] < losses[best])
                {
                    (best, kept) = (epoch, Copy());
                }
            }

            for (var p = 0; p < kept.Length; p++)
            {
                kept[p].CopyTo(_network.Parameters.Parameters[p].Value.Span);
            }

            return (losses, best);
        }

        private float[][] Copy() => [.. _network.Parameters.Parameters.Select(p => p.Value.Span.ToArray())];

        private void Step(ReadOnlyMemory<int> batch, double learningRate)
        {
            var shards = (batch.Length + ShardSize - 1) / ShardSize;
            var seed = _random.NextUInt64();
            Parallel.For(0, shards, s =>
            {
                var rows = batch.Span.Slice(s * ShardSize, Math.Min(ShardSize, batch.Length - s * ShardSize));
                _shards[s].AddGradient(_data, rows, batch.Length, _options.Dropout, new PhiloxStream(seed, (ulong)s));
            });
            _optimizer.Advance();
            Parallel.ForEach(_network.Parameters.Parameters, parameter =>
            {
                var gradient = _shards[0].Tape[parameter].Gradient!.Span;
                for (var s = 1; s < shards; s++)
                {
                    TensorPrimitives.Add(gradient, _shards[s].Tape[parameter].Gradient!.Span, gradient);
                }

                _optimizer.Update(parameter, gradient, (float)learningRate, 1);
            });
            foreach (var shard in _shards)
            {
                shard.Tape.ClearGradients();
            }
        }

        public double[] Logits(int[] rows)
        {
            var logits = new double[rows.Length];
            var blocks = (rows.Length + ShardSize - 1) / ShardSize;
            Parallel.For(0, blocks, () => new Shard(_network), (b, _, shard) =>
            {
                var begin = b * ShardSize;
                var some = rows.AsSpan(begin, Math.Min(ShardSize, rows.Length - begin));
                shard.Logits(_data, some, logits.AsSpan(begin, some.Length));
                return shard;
            }, _ => { });
            return logits;
        }
    }

    /// <summary>A part of a batch, with a tape of its own.</summary>
    private sealed class Shard(JudgeNetwork network)
    {
        private readonly Matrix _x = new(0, 0);

        public Tape Tape { get; } = new(network.Parameters);

        /// <summary>Gradient of the mean cross-entropy of a batch, this shard's part of it.</summary>
        public void AddGradient(Data data, ReadOnlySpan<int> rows, int batchSize, double dropout, PhiloxStream random)
        {
            data.Gather(rows, _x);
            var z = network.Logits(Tape, _x, dropout, ref random);
            for (var k = 0; k < rows.Length; k++)
            {
                // d/dz of the cross-entropy is sigmoid(z) - y.
                var y = data.IsMonteCarlo(rows[k]) ? 1f : 0f;
                z.Gradient!.Span[k] = (1 / (1 + MathF.Exp(-z.Value.Span[k])) - y) / batchSize;
            }

            Tape.Backward();
            Tape.Reset();
        }

        public void Logits(Data data, ReadOnlySpan<int> rows, Span<double> logits)
        {
            var random = new PhiloxStream(0, 0);
            data.Gather(rows, _x);
            var z = network.Logits(Tape, _x, 0, ref random);
            for (var k = 0; k < rows.Length; k++)
            {
                logits[k] = z.Value.Span[k];
            }

            Tape.Reset();
        }
    }
}
