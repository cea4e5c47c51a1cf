using System.Runtime.CompilerServices;
using EventService.Engine.Random;
using EventService.Models.Contracts;
using EventService.Models.ObjectFlow;
using EventService.Models.Sampling;
using EventService.Models.Tests.ObjectFlow;
using EventService.Physics.Events;
using EventService.Training;
using EventService.Training.ObjectFlow;

namespace EventService.Training.Tests.ObjectFlow;

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
        Assert.True(ends[2].Validation < ends[0].Validation - 0.2, $"{ends[0].Validation} to {ends[2].Validation}");
        Assert.Equal(ends.Min(p => p.Validation), ends[2].BestValidation);
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
                Assert.Contains("belongs to another run: ", e.Message, StringComparison.Ordinal);
                Assert.Contains(other.Seed == 9 ? ": seed (found 4, expected 9)." : other.Epochs == 3 ? ": epochs (found 1, expected 3)." : ": learningRate (found 0.005, expected 0.001).", e.Message, StringComparison.Ordinal);
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
    public void Resume_WithOtherData_IsRefusedWithWhatDiffers()
    {
        var checkpoint = Checkpoint();
        var options = s_options with { Epochs = 1 };
        try
        {
            Train(options, checkpoint);

            // One number of one event in the last digit, in each column, with as many events of the same process as before.
            foreach (var column in new[] { "weight", "MET", "MET phi", "type", "energy", "pT", "eta", "phi", "mass" })
            {
                var e = Assert.Throws<ModelFormatException>(() => Trainer(options, Changed(s_sample.Value, 1234, column), s_sample.Value).Resume(checkpoint));
                Assert.Matches(@"belongs to another run: events \(found 2000, sha256 \w{64}, expected 2000, sha256 \w{64}\)\. Give", e.Message);
            }

            // The same events on other maps.
            var maps = Assert.Throws<ModelFormatException>(() => Trainer(options, s_sample.Value, SmallFlow.Data).Resume(checkpoint));
            Assert.Matches(@"belongs to another run: coordinate maps \(found sha256 \w{64}, expected sha256 \w{64}\)\. Give", maps.Message);

            // The same events under another number.
            Trainer(options, Changed(s_sample.Value, 1234, "number"), s_sample.Value).Resume(checkpoint);
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

    // Fitting takes seconds, and no test changes a sample or its maps.
    private static readonly ConditionalWeakTable<EventSample, EventCoordinates> s_maps = [];

    private static ObjectFlowTrainer Trainer(TrainingOptions options) => Trainer(options, s_sample.Value, s_sample.Value);

    private static ObjectFlowTrainer Trainer(TrainingOptions options, EventSample sample, EventSample mapped)
    {
        var training = DataSplit.Rows(sample.Count, DataSplit.IsTraining);
        var validation = DataSplit.Rows(sample.Count, DataSplit.IsValidation);
        var coordinates = s_maps.GetValue(mapped, s => EventCoordinates.Fit(s, DataSplit.Rows(s.Count, DataSplit.IsTraining)));
        return new ObjectFlowTrainer(sample, training, validation, _ => [], coordinates, SmallFlow.Sizes, options);
    }

    /// <summary>A copy of the sample with one number of event <paramref name="at"/>, or of its last object, changed.</summary>
    private static EventSample Changed(EventSample sample, int at, string column)
    {
        var changed = new EventSample { ProcessName = sample.ProcessName };
        for (var e = 0; e < sample.Count; e++)
        {
            double Number(double value, string name) => e == at && name == column ? Math.BitIncrement(value) : value;
            changed.AddEvent(sample.EventNumber[e] + (e == at && column == "number" ? 1 : 0), Number(sample.Weight[e], "weight"), Number(sample.Met[e], "MET"), Number(sample.MetPhi[e], "MET phi"));
            for (var k = sample.Offsets[e]; k < sample.Offsets[e + 1]; k++)
            {
                double OfLast(double value, string name) => k == sample.Offsets[e + 1] - 1 ? Number(value, name) : value;
                var type = e == at && column == "type" && k == sample.Offsets[e + 1] - 1 ? ObjectType.Photon : sample.Type[k];
                changed.AddObject(type, OfLast(sample.Energy[k], "energy"), OfLast(sample.Pt[k], "pT"), OfLast(sample.Eta[k], "eta"), OfLast(sample.Phi[k], "phi"), OfLast(sample.Mass[k], "mass"));
            }
        }

        return changed;
    }

    private static (float[] Parameters, List<TrainingProgress> Progress) Train(TrainingOptions options, string? checkpoint)
    {
        List<TrainingProgress> progress = [];
        var network = Trainer(options).Run(checkpoint, progress.Add, default);
        return (Parameters(network), progress);
    }

    private static float[] Parameters(ObjectFlowNetwork network) => [.. network.Parameters.Parameters.SelectMany(p => p.Value.Span.ToArray())];
}
