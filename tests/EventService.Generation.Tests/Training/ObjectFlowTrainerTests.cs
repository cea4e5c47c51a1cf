using EventService.Engine.Random;
using EventService.Generation.Architectures;
using EventService.Generation.Preprocessing;
using EventService.Generation.Tests.Architectures;
using EventService.Generation.Training;
using EventService.Physics.Events;

namespace EventService.Generation.Tests.Training;

public class ObjectFlowTrainerTests
{
    private static readonly TrainingOptions s_options = new()
    {
        Seed = 4,
        Epochs = 3,
        BatchSize = 256,
        ShardSize = 64,
        LearningRate = 5e-3,
        WarmUpSteps = 5,
        AverageDecay = 0.9,
        CheckpointSteps = 2,
        Threads = 2,
    };

    private static readonly Lazy<EventSample> s_sample = new(() => EventSubset.At(SmallFlow.Data, Enumerable.Range(0, 2000)));
    private static readonly Lazy<(float[] Parameters, List<TrainingProgress> Progress)> s_whole = new(() => Train(s_options, null));

    [Fact]
    public void Run_OnTopPairs_LowersBothLosses()
    {
        var ends = s_whole.Value.Progress.Where(p => p.EpochEnd).ToList();
        Assert.Equal(3, ends.Count);
        Assert.True(ends[2].TrainingLoss < ends[0].TrainingLoss - 0.5, $"{ends[0].TrainingLoss} to {ends[2].TrainingLoss}");
        Assert.True(ends[2].ValidationLoss < ends[0].ValidationLoss - 0.2, $"{ends[0].ValidationLoss} to {ends[2].ValidationLoss}");
        Assert.Equal(ends.Min(p => p.ValidationLoss), ends[2].BestValidationLoss);
    }

    [Fact]
    public void Run_OnOneThread_GivesTheBitsOfTwo() =>
        Assert.Equal(s_whole.Value.Parameters, Train(s_options with { Threads = 1 }, null).Parameters);

    [Fact]
    public void Run_WithAnotherSeed_GivesOtherParameters() =>
        Assert.NotEqual(s_whole.Value.Parameters, Train(s_options with { Seed = 5, Epochs = 1 }, null).Parameters);

    [Fact]
    public void Resume_AfterRandomInterruptions_GivesTheBitsOfTheWholeRun()
    {
        var random = new PhiloxStream(31, 0);
        var checkpoint = Checkpoint();
        try
        {
            // Each piece is cut after some steps more; the cut writes a checkpoint wherever it falls, or none (a crash).
            var crash = false;
            for (var stop = 0L; ;)
            {
                stop += 1 + (long)(6 * random.NextDouble());
                var trainer = Trainer(s_options);
                if (File.Exists(checkpoint))
                {
                    trainer.Resume(checkpoint);
                }

                crash = !crash;
                try
                {
                    var network = trainer.Run(checkpoint, p => StopAt(p, stop, crash), s_stop.Token);
                    Assert.Equal(s_whole.Value.Parameters, Parameters(network));
                    break;
                }
                catch (OperationCanceledException)
                {
                    s_stop = new CancellationTokenSource();
                }
                catch (TimeoutException)
                {
                    // The crash.
                }
            }
        }
        finally
        {
            File.Delete(checkpoint);
        }
    }

    [Fact]
    public void Resume_OfAFinishedRun_GivesItsResultAtOnce()
    {
        var checkpoint = Checkpoint();
        try
        {
            Train(s_options with { Epochs = 1 }, checkpoint);
            var expected = Train(s_options with { Epochs = 1 }, null).Parameters;
            var trainer = Trainer(s_options with { Epochs = 1 });
            trainer.Resume(checkpoint);
            Assert.Equal(expected, Parameters(trainer.Run(null, _ => Assert.Fail("no step is left"), default)));
        }
        finally
        {
            File.Delete(checkpoint);
        }
    }

    [Fact]
    public void Resume_FromACheckpointOfOtherOptions_IsRefusedWithBoth()
    {
        var checkpoint = Checkpoint();
        try
        {
            Train(s_options with { Epochs = 1 }, checkpoint);
            foreach (var other in new[] { s_options, s_options with { Epochs = 1, Seed = 9 }, s_options with { Epochs = 1, LearningRate = 1e-3 } })
            {
                var e = Assert.Throws<ModelFormatException>(() => Trainer(other).Resume(checkpoint));
                Assert.Contains("belongs to another run", e.Message, StringComparison.Ordinal);
                Assert.Contains("Give the same options and data, or start without --resume.", e.Message, StringComparison.Ordinal);
            }

            // Threads and checkpoint times are nobody's business but the machine's.
            Trainer(s_options with { Epochs = 1, Threads = 1, CheckpointSteps = 77 }).Resume(checkpoint);
        }
        finally
        {
            File.Delete(checkpoint);
        }
    }

    [Fact]
    public void ObjectFlowTrainer_BatchesThatDoNotFit_AreRefused()
    {
        Assert.Throws<ArgumentException>(() => Trainer(s_options with { BatchSize = 4096 }));
        Assert.Throws<ArgumentException>(() => Trainer(s_options with { ShardSize = 100 }));
    }

    private static CancellationTokenSource s_stop = new();

    private static void StopAt(TrainingProgress progress, long stop, bool crash)
    {
        if (progress.Step < stop)
        {
            return;
        }

        if (crash)
        {
            throw new TimeoutException();
        }

        s_stop.Cancel();
    }

    private static string Checkpoint() => Path.Combine(Path.GetTempPath(), $"eventservice-{Guid.NewGuid():N}.checkpoint");

    private static ObjectFlowTrainer Trainer(TrainingOptions options)
    {
        var training = DataSplit.Rows(s_sample.Value.Count, DataSplit.IsTraining);
        var validation = DataSplit.Rows(s_sample.Value.Count, DataSplit.IsValidation);
        return new ObjectFlowTrainer(s_sample.Value, training, validation, _ => [], EventCoordinates.Fit(s_sample.Value, training), SmallFlow.Sizes, options);
    }

    private static (float[] Parameters, List<TrainingProgress> Progress) Train(TrainingOptions options, string? checkpoint)
    {
        List<TrainingProgress> progress = [];
        var network = Trainer(options).Run(checkpoint, progress.Add, default);
        return (Parameters(network), progress);
    }

    private static float[] Parameters(ObjectFlowNetwork network) => [.. network.Parameters.Parameters.SelectMany(p => p.Value.Span.ToArray())];
}
