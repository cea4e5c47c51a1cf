using EventService.Engine.Autodiff;
using EventService.Engine.Optimizers;
using EventService.Engine.Random;
using EventService.Engine.Serialization;
using EventService.Engine.Tensors;
using EventService.Models.Contracts;
using EventService.Numerics.Functions;

namespace EventService.Training.Tests;

/// <summary>
/// The trainer with a second kind of user: two groups of parameters that work against each other, and a metric of which more is better.
/// </summary>
public sealed class TrainerTests : IDisposable
{
    private const double Shift = 3;

    private readonly string _folder = Directory.CreateTempSubdirectory("eventservice-trainer-").FullName;

    private static readonly TrainingOptions s_options = new()
    {
        Seed = 5,
        Epochs = 12,
        BatchSize = 64,
        ShardSize = 16,
        Patience = 12,
        CheckpointSteps = 1000,
        Threads = 2,
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Run_OfTwoAdversaries_BringsTheGeneratorToTheData()
    {
        var (task, trainer, progress) = Train(s_options);

        // The critic tells the mean of the data from that of the generator until they agree; the metric is minus their distance.
        Assert.Equal(Shift, trainer.Best[0][0], 0.5);
        Assert.Equal(progress.Where(p => p.EpochEnd).Max(p => p.Validation), trainer.BestValidation);
        Assert.Equal(-Math.Abs(Shift - trainer.Best[0][0]), trainer.BestValidation, 1e-12);
        Assert.Equal(["generator", "critic"], progress[0].Losses.Select(l => l.Group));
        Assert.All(progress, p => Assert.Equal("closeness", p.Metric.Name));

        // Three turns of the critic for one of the generator, in the order of the groups, with a batch each.
        var steps = progress.Count;
        Assert.Equal([0, 1, 1, 1, 0, 1, 1, 1], task.Turns.Take(8));
        Assert.Equal(steps, task.Turns.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(29)]
    public void Resume_InTheMiddle_GivesTheBitsOfTheWholeRun(int stopAt)
    {
        var (whole, finished, _) = Train(s_options);
        var checkpoint = Path.Combine(_folder, "checkpoint");
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => New(s_options).Trainer.Run(checkpoint, p =>
        {
            if (p.Step == stopAt)
            {
                stop.Cancel();
            }
        }, stop.Token));

        var (task, trainer) = New(s_options with { Threads = 1 });
        trainer.Resume(checkpoint);
        trainer.Run(null, _ => { }, default);

        Assert.Equal(finished.Best, trainer.Best);
        Assert.Equal(whole.Parameters.Parameters.Select(p => p.Value.Span.ToArray()), task.Parameters.Parameters.Select(p => p.Value.Span.ToArray()));
        Assert.Equal((finished.BestEpoch, finished.BestValidation, finished.BestTrainingLoss), (trainer.BestEpoch, trainer.BestValidation, trainer.BestTrainingLoss));
        Assert.Equal(whole.Turns.Skip(stopAt), task.Turns);
    }

    [Fact]
    public void Save_OfTwoGroups_KeepsTheMomentsOfEachOptimiserAndItsSums()
    {
        var checkpoint = Path.Combine(_folder, "checkpoint");
        Train(s_options with { Epochs = 1 }, checkpoint);
        var file = SafeTensorsFile.Read(checkpoint);
        Assert.Equal(
            ["average/critic.weight", "average/generator.shift", "b/critic.weight", "best/critic.weight", "best/generator.shift", "m/generator.shift", "parameter/critic.weight", "parameter/generator.shift", "v/generator.shift"],
            file.Tensors.Select(t => t.Name).Order(StringComparer.Ordinal));
        string[] expected = ["step", "bestEpoch", "generator/epochSum", "critic/epochSum", "critic/epochEvents", "critic/bestTrainingLoss"];
        Assert.Empty(expected.Except(file.Metadata.Keys));
        Assert.DoesNotContain("epochSum", file.Metadata.Keys);
    }

    [Fact]
    public void Run_WithAMetricOfWhichMoreIsBetter_StopsWhenItFalls()
    {
        // 1, 3, 2, 2, 2, ...: after the second epoch two more without a better one.
        double[] values = [1, 3, 2, 2, 2, 2];
        var (task, trainer) = New(s_options with { Epochs = 6, Patience = 2 });
        task.Value = epoch => values[epoch];
        List<double> best = [];
        trainer.Run(null, p => best.AddRange(p.EpochEnd ? [p.BestValidation] : []), default);
        Assert.Equal([1.0, 3, 3, 3], best);
        Assert.Equal((1, 3.0), (trainer.BestEpoch, trainer.BestValidation));
    }

    [Fact]
    public void Resume_OfAnotherRun_IsRefused()
    {
        var checkpoint = Path.Combine(_folder, "checkpoint");
        Train(s_options with { Epochs = 1 }, checkpoint);
        var e = Assert.Throws<ModelFormatException>(() => New(s_options).Trainer.Resume(checkpoint));
        Assert.Contains("belongs to another run: epochs (found 1, expected 12)", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 1, 1, 1, "The groups have 1 parameters, expected all 2")]
    [InlineData(0, 2, 1, 2, "expected some from 2 on: each is in one group")]
    [InlineData(0, 1, 1, 2, "has 0 turns, expected at least 1", 0)]
    public void Trainer_OfGroupsThatDoNotShareTheParameters_IsRefused(int first, int end, int second, int secondEnd, string message, int turns = 1)
    {
        var task = new Adversaries();
        var e = Assert.Throws<ArgumentException>(() => new Trainer(task, Adversaries.Rows, s_options, _ =>
        [
            new ParameterGroup("a", first, end, new Sgd(task.Parameters, new SgdOptions()), new CosineDecay(0.1, 10)),
            .. secondEnd > second ? [new ParameterGroup("b", second, secondEnd, new Sgd(task.Parameters, new SgdOptions()), new CosineDecay(0.1, 10)) { Turns = turns }] : Array.Empty<ParameterGroup>(),
        ], () => []));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    private static (Adversaries Task, Trainer Trainer, List<TrainingProgress> Progress) Train(TrainingOptions options, string? checkpoint = null)
    {
        var (task, trainer) = New(options);
        List<TrainingProgress> progress = [];
        trainer.Run(checkpoint, progress.Add, default);
        return (task, trainer, progress);
    }

    private static (Adversaries Task, Trainer Trainer) New(TrainingOptions options)
    {
        var task = new Adversaries();
        return (task, new Trainer(task, Adversaries.Rows, options, steps =>
        [
            new ParameterGroup("generator", 0, 1, new AdamW(task.Parameters, new AdamWOptions { WeightDecay = 0 }), new CosineDecay(0.3, steps)) { AverageDecay = 0.5 },
            new ParameterGroup("critic", 1, 2, new Sgd(task.Parameters, new SgdOptions { Momentum = 0.5f }), new CosineDecay(0.3, steps)) { Turns = 3, GradientClip = 1 },
        ], () => new Dictionary<string, string> { [RunFingerprint.Prefix + "epochs"] = $"{options.Epochs}" }));
    }

    /// <summary>
    /// Wasserstein generative adversaries of two numbers: data x = 3 + normal noise, generator g = s + noise, critic w x. The critic makes
    /// w (g - x) + w^2 / 2 small, which is w = x - g in the mean; the generator makes -w g small.
    /// </summary>
    private sealed class Adversaries : ITrainingTask
    {
        private readonly Parameter _shift;
        private readonly Parameter _weight;
        private int _epoch;

        public Adversaries()
        {
            _shift = Parameters.Add("generator.shift", 1, 1);
            _weight = Parameters.Add("critic.weight", 1, 1);
            Average.Add("generator.shift", 1, 1);
            Average.Add("critic.weight", 1, 1);
        }

        public static int[] Rows { get; } = [.. Enumerable.Range(0, 512)];

        public ParameterSet Parameters { get; } = new();

        public ParameterSet Average { get; } = new();

        public ValidationMetric Metric { get; } = new("closeness", HigherIsBetter: true);

        /// <summary>The group of each step.</summary>
        public List<int> Turns { get; } = [];

        /// <summary>Another metric, by epoch.</summary>
        public Func<int, double>? Value { get; set; }

        public ITrainingShard CreateShard() => new Shard(this);

        public void Absorb(int group, IReadOnlyList<ITrainingShard> shards) => Turns.Add(group);

        public IReadOnlyList<ValidationPart> Validate() =>
            [new ValidationPart(Value?.Invoke(_epoch++) ?? -Math.Abs(Shift - Average.Parameters[0].Value.Span[0]), 0, 2)];

        private static double Noise(ulong key, long number) => NormalQuantile.Of(new PhiloxStream(key, (ulong)number).NextDouble());

        private sealed class Shard(Adversaries task) : ITrainingShard
        {
            public Tape Tape { get; } = new(task.Parameters);

            public double AddGradient(in TrainingTurn turn, ReadOnlySpan<int> rows)
            {
                double s = task._shift.Value.Span[0], w = task._weight.Value.Span[0], sum = 0, gradient = 0;
                foreach (var row in rows)
                {
                    var (x, g) = (Shift + Noise(1, row), s + Noise(2, (turn.Use * 1000) + row));
                    sum += turn.Group == 1 ? (w * (g - x)) + (w * w / 2) : -w * g;
                    gradient += turn.Group == 1 ? g - x + w : -w;
                }

                Tape[turn.Group == 1 ? task._weight : task._shift].Gradient!.Span[0] += (float)(gradient / turn.Normalisation);

                // What a pass through both networks would leave on the other's parameters: it must not be used.
                Tape[turn.Group == 1 ? task._shift : task._weight].Gradient!.Span[0] += 1e6f;
                return sum;
            }
        }
    }
}
