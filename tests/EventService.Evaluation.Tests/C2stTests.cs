using EventService.Engine.Random;
using EventService.Evaluation;
using EventService.Models.Flows.Networks;
using EventService.Models.Tests;
using EventService.Physics.Events;
using EventService.Physics.Formats;
using EventService.Physics.Observables;

namespace EventService.Evaluation.Tests;

public class C2stTests
{
    private static readonly EventSample MonteCarlo = DarkMachinesReader.ReadAll(Repository.TestData("Evaluation/ttbar-4000.csv.gz"));
    private static readonly EventSample First = EventSubset.Where(MonteCarlo, k => k % 2 == 0);
    private static readonly EventSample Second = EventSubset.Where(MonteCarlo, k => k % 2 == 1);

    private static readonly C2stOptions Small = new()
    {
        Network = new JudgeNetworkOptions { HiddenUnits = 32, HiddenLayers = 2, MaximumEpochs = 8, Patience = 3, BatchSize = 300 },
        Trees = new BoostedTreesOptions { MaximumTrees = 40, Patience = 10, MinimumLeaf = 20 },
    };

    [Fact]
    public void C2st_OfTwoMonteCarloHalves_IsNotRejected()
    {
        var result = C2st.Run(FeatureMatrix.Compute(First), FeatureMatrix.Compute(Second), Small);
        Assert.InRange(result.Roc.Significance, -3, 3);
        Assert.InRange(result.Significance, -40, 3);
        Assert.Equal(0.5, result.Accuracy, 0.05);
        Assert.Equal(1600, result.TestEvents);
    }

    [Fact]
    public void C2st_OfShuffledMetAngles_IsFound()
    {
        var result = C2st.Run(FeatureMatrix.Compute(First), FeatureMatrix.Compute(PlantedDistortion.ShuffleMetAngles(Second, 3)), Small);
        Assert.True(result.Roc.Auc > 0.6, $"AUC {result.Roc.Auc}.");
        Assert.True(result.Significance > 5);
        Assert.True(result.LogLoss < Math.Log(2));
    }

    [Fact]
    public async Task C2st_OnOneThread_IsTheSame()
    {
        var (x, y) = (FeatureMatrix.Compute(First), FeatureMatrix.Compute(PlantedDistortion.ShuffleMetAngles(Second, 3)));
        var options = Small with { Network = Small.Network with { MaximumEpochs = 2 }, Trees = Small.Trees with { MaximumTrees = 5 } };
        var parallel = C2st.Run(x, y, options);
        var serial = await Task.Factory.StartNew(
            () => C2st.Run(x, y, options), CancellationToken.None, TaskCreationOptions.None, new ConcurrentExclusiveSchedulerPair(TaskScheduler.Default, 1).ConcurrentScheduler);
        Assert.Equal(parallel.Roc.Auc, serial.Roc.Auc);
        Assert.Equal(parallel.ValidationLoss, serial.ValidationLoss);
        Assert.Equal(parallel.LogLoss, serial.LogLoss);
    }

    [Fact]
    public void BoostedTrees_LearnAnEdgeInTwoFeatures()
    {
        // Positive where exactly one of two uniform bytes is above its middle; the other eight features are noise.
        var random = new PhiloxStream(1, 0);
        var bins = new byte[10][];
        for (var f = 0; f < bins.Length; f++)
        {
            bins[f] = new byte[4000];
            foreach (ref var b in bins[f].AsSpan())
            {
                b = (byte)random.NextBelow(256);
            }
        }

        var labels = Enumerable.Range(0, 4000).Select(k => bins[3][k] >= 128 ^ bins[7][k] >= 128).ToArray();
        int[] Rows(int remainder) => [.. Enumerable.Range(0, 4000).Where(k => k % 4 == remainder)];
        var trees = BoostedTrees.Train(bins, labels, [.. Rows(0), .. Rows(1)], Rows(2), new BoostedTreesOptions { FeatureShare = 1 }, ref random, CancellationToken.None);
        var roc = RocCurve.Of(trees.Logits(bins, Rows(3)), Array.ConvertAll(Rows(3), k => labels[k]));
        Assert.True(roc.Auc > 0.97, $"AUC {roc.Auc}.");
    }

    [Fact]
    public void Stacking_OfATellingAndAnEmptyScore_WeighsThemByWhatTheyTell()
    {
        var random = new PhiloxStream(2, 0);
        var labels = Enumerable.Range(0, 5000).Select(_ => random.NextDouble() < 0.5).ToArray();

        // Logits of a normal shift by 1: the best weight is 1, that of the opposite 0; errors of a fit to 5000 events are about 0.03.
        var telling = Array.ConvertAll(labels, label => RandomDraws.Normal(ref random) + (label ? 0.5 : -0.5));
        var weights = Stacking.Fit([telling, Array.ConvertAll(telling, z => -z + RandomDraws.Normal(ref random))], labels);
        Assert.Equal(1, weights[0], 0.1);
        Assert.Equal(0, weights[1], 0.1);
        Assert.Equal(0, weights[2], 0.1);
    }

    [Fact]
    public void Standardiser_MakesFeaturesNormalAndKeepsOrder()
    {
        var x = FeatureMatrix.Compute(MonteCarlo);
        int[] rows = [.. Enumerable.Range(0, x.Rows)];
        var z = Standardiser.Fit(x, rows, x, rows).Apply(x);
        var column = x.Names.ToList().IndexOf("log_HT");
        var values = rows.Select(k => (double)z[k * x.Columns + column]).Order().ToArray();
        Assert.Equal(0, values[values.Length / 2], 0.02);
        Assert.Equal(1.2816, values[values.Length * 9 / 10], 0.02);    // normal quantile of 0.9
        Assert.Equal(-2.3263, values[values.Length / 100], 0.05);      // of 0.01
        Assert.DoesNotContain(z, float.IsNaN);
        var missing = x.Names.ToList().IndexOf("g1_log_pt");
        Assert.All(rows.Where(k => float.IsNaN(x.Row(k)[missing])), k => Assert.Equal(0, z[k * x.Columns + missing]));
    }
}
