using EventService.Engine.Autodiff;
using EventService.Engine.Optimizers;
using EventService.Engine.Random;
using EventService.Evaluation;
using EventService.Models.Sampling;

using Tensor = EventService.Engine.Tensors.Tensor;

namespace EventService.Benchmarks.Search;

/// <summary>Events of a class for a classifier: rows and weights.</summary>
/// <param name="Rows">Standardised, row-major.</param>
/// <param name="Weights">One a row.</param>
internal sealed record SearchEvents(float[] Rows, double[] Weights)
{
    private readonly double[] _cumulative = Cumulative(Weights);

    public int Count => Weights.Length;

    /// <summary>A row drawn with replacement by weight.</summary>
    public int Draw(ref PhiloxStream random)
    {
        var at = Array.BinarySearch(_cumulative, random.NextDouble() * _cumulative[^1]);
        return Math.Min(at < 0 ? ~at : at + 1, Count - 1);
    }

    private static double[] Cumulative(double[] weights)
    {
        var (sums, sum) = (new double[weights.Length], 0.0);
        for (var k = 0; k < weights.Length; k++)
        {
            sums[k] = sum += weights[k];
        }

        return sums;
    }
}

/// <summary>
/// Hyper-parameters of M. Kaech's thesis, table 7.3, except for the length of the training, and GELU in place of a leaky ReLU.
/// </summary>
internal sealed record SearchClassifierOptions
{
    public int HiddenLayers { get; init; } = 4;

    public int HiddenUnits { get; init; } = 64;

    public int BatchSize { get; init; } = 1024;

    public double LearningRate { get; init; } = 1e-3;

    public double WeightDecay { get; init; } = 5e-5;

    public double Gamma { get; init; } = 1.75;

    /// <summary>Steps after which the classifier is judged.</summary>
    public int StepsAnEpoch { get; init; } = 40;

    public int Epochs { get; init; } = 40;
}

/// <summary>
/// A network that tells signal from background: batches of as many events of both, drawn with replacement by weight, focal loss, AdamW; the
/// epoch whose judgement is best is kept. One thread.
/// </summary>
internal sealed class SearchClassifier
{
    // Activations of a part of a batch stay in the L2 cache.
    private const int Part = 128;

    private readonly JudgeNetwork _network;
    private readonly Tape _tape;
    private readonly int _columns;
    private readonly Tensor _x = new(0, 0);

    private SearchClassifier(JudgeNetwork network, int columns) =>
        (_network, _tape, _columns) = (network, new Tape(network.Parameters), columns);

    /// <param name="signal">Training events.</param>
    /// <param name="background">Training events.</param>
    /// <param name="columns">Numbers of a row.</param>
    /// <param name="options">Hyper-parameters.</param>
    /// <param name="seed">Seed of the initial parameters and of all draws.</param>
    /// <param name="judge">The larger, the better.</param>
    public static SearchClassifier Train(
        SearchEvents signal, SearchEvents background, int columns, SearchClassifierOptions options, ulong seed,
        Func<SearchClassifier, double> judge)
    {
        var random = new PhiloxStream(seed, 0);
        var classifier = new SearchClassifier(new JudgeNetwork(columns, options.HiddenLayers, options.HiddenUnits, ref random), columns);
        var parameters = classifier._network.Parameters;
        var optimizer = new AdamW(parameters, new AdamWOptions { WeightDecay = (float)options.WeightDecay });
        var (best, kept) = (double.NegativeInfinity, Array.Empty<float[]>());
        for (var epoch = 0; epoch < options.Epochs; epoch++)
        {
            for (var step = 0; step < options.StepsAnEpoch; step++)
            {
                for (var first = 0; first < options.BatchSize; first += Part)
                {
                    classifier.AddGradient(signal, background, Math.Min(Part, options.BatchSize - first), options, ref random);
                }

                optimizer.Advance();
                foreach (var parameter in parameters.Parameters)
                {
                    optimizer.Update(parameter, classifier._tape[parameter].Gradient!.Span, (float)options.LearningRate);
                }

                classifier._tape.ClearGradients();
            }

            if (judge(classifier) is var value && value > best)
            {
                (best, kept) = (value, [.. parameters.Parameters.Select(p => p.Value.Span.ToArray())]);
            }
        }

        for (var p = 0; p < kept.Length; p++)
        {
            kept[p].CopyTo(parameters.Parameters[p].Value.Span);
        }

        return classifier;
    }

    /// <summary>Scores from 0 to 1 of rows.</summary>
    public double[] Scores(float[] rows)
    {
        var scores = new double[rows.Length / _columns];
        var unused = default(PhiloxStream);
        for (var first = 0; first < scores.Length; first += Part)
        {
            var count = Math.Min(Part, scores.Length - first);
            _x.Reshape(_columns, count);
            for (var k = 0; k < count; k++)
            {
                Put(rows, first + k, k);
            }

            var z = _network.Logits(_tape, _x, 0, ref unused);
            for (var k = 0; k < count; k++)
            {
                scores[first + k] = 1 / (1 + Math.Exp(-z.Value.Span[k]));
            }

            _tape.Reset();
        }

        return scores;
    }

    private void AddGradient(
        SearchEvents signal, SearchEvents background, int count, SearchClassifierOptions options, ref PhiloxStream random)
    {
        _x.Reshape(_columns, count);
        for (var k = 0; k < count; k++)
        {
            var from = k % 2 == 0 ? signal : background;
            Put(from.Rows, from.Draw(ref random), k);
        }

        var z = _network.Logits(_tape, _x, 0, ref random);
        for (var k = 0; k < count; k++)
        {
            z.Gradient!.Span[k] = (float)(FocalLoss.Gradient(z.Value.Span[k], k % 2 == 0, options.Gamma) / options.BatchSize);
        }

        _tape.Backward();
        _tape.Reset();
    }

    private void Put(float[] rows, int row, int column)
    {
        for (var c = 0; c < _columns; c++)
        {
            _x[c, column] = rows[(row * _columns) + c];
        }
    }
}
