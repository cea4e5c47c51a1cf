using System.Diagnostics;

using EventService.Engine.Random;
using EventService.Models.Flows.Networks;
using EventService.Models.Sampling;
using EventService.Physics.Observables;

namespace EventService.Evaluation;

/// <summary>Settings of the classifier two-sample test.</summary>
public sealed record C2stOptions
{
    public JudgeNetworkOptions Network { get; init; } = new();
    public BoostedTreesOptions Trees { get; init; } = new();

    /// <summary>Shares of the events for training and validation; the rest is the test set on which all figures are taken.</summary>
    public double TrainingShare { get; init; } = 0.5;
    public double ValidationShare { get; init; } = 0.1;

    /// <summary>The seed of the split, the initial parameters, the order of batches, dropout and the features of the trees.</summary>
    public ulong Seed { get; init; } = 1;
}

/// <summary>One of the classifiers that judge together, alone on the test events.</summary>
/// <param name="Name">"network" or "trees".</param>
/// <param name="Auc">Area under its ROC curve.</param>
/// <param name="Error">DeLong's standard error.</param>
/// <param name="Weight">Its weight in the combined logit.</param>
/// <param name="Seconds">Training time.</param>
public sealed record JudgeMember(string Name, double Auc, double Error, double Weight, double Seconds);

/// <summary>Outcome of the classifier two-sample test; every figure is of the test events.</summary>
/// <param name="Roc">Curve and area of the score, Monte Carlo being positive.</param>
/// <param name="Accuracy">Share of right answers at score 1/2.</param>
/// <param name="AccuracyError">Binomial standard error of the accuracy.</param>
/// <param name="LogLoss">Mean cross-entropy [nat]; ln 2 where the classifier learnt nothing.</param>
/// <param name="ScoreChiSquared">Homogeneity of the score distributions in bins that are fine in both tails.</param>
/// <param name="ScoreHistogram">Scores of Monte Carlo and generated events.</param>
/// <param name="Members">The classifiers one by one.</param>
/// <param name="TrainingEvents">The training events of both classes.</param>
/// <param name="TestEvents">The test events of both classes.</param>
/// <param name="ValidationLoss">The validation loss of the network by epoch, the state before training first.</param>
/// <param name="Seconds">Wall time.</param>
public sealed record C2stResult(
    RocCurve Roc,
    double Accuracy,
    double AccuracyError,
    double LogLoss,
    ChiSquared.Result ScoreChiSquared,
    HistogramPair ScoreHistogram,
    IReadOnlyList<JudgeMember> Members,
    int TrainingEvents,
    int TestEvents,
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
/// A classifier is trained to tell Monte Carlo from generated events; on events that it has not seen, an area under the ROC curve of
/// 1/2 means that it cannot. Deviations: the statistic is the area (and the score distribution) rather than the accuracy; the classifier is
/// a network (<see cref="JudgeNetwork"/>) and boosted trees (<see cref="BoostedTrees"/>), their logits combined by <see cref="Stacking"/>
/// on the validation events, since a network finds differences spread over many features and trees find edges; both stop early on
/// validation loss. Test events are exchangeable under the null, so the errors hold whatever was learnt.
/// </summary>
/// <remarks>Results depend on the seed but not on the number of threads.</remarks>
public static class C2st
{
    /// <param name="monteCarlo">Features of Monte Carlo events.</param>
    /// <param name="generated">The same features of generated events.</param>
    /// <param name="options">Settings.</param>
    /// <param name="progress">Told what is done and the fraction of it, early stopping aside.</param>
    /// <param name="cancellation">Stops the training.</param>
    public static C2stResult Run(
        FeatureMatrix monteCarlo, FeatureMatrix generated, C2stOptions options, IProgress<(string Stage, double Fraction)>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var clock = Stopwatch.StartNew();
        var random = new PhiloxStream(options.Seed, 0);
        var first = Split.Draw(monteCarlo.Rows, options, ref random);
        var second = Split.Draw(generated.Rows, options, ref random);

        // Rows run through the Monte Carlo events, then the generated ones.
        int[] Join(int[] ofMonteCarlo, int[] ofGenerated) => [.. ofMonteCarlo, .. ofGenerated.Select(k => monteCarlo.Rows + k)];
        var labels = new bool[monteCarlo.Rows + generated.Rows];
        labels.AsSpan(0, monteCarlo.Rows).Fill(true);
        var (training, validation, test) = (Join(first.Training, second.Training), Join(first.Validation, second.Validation), Join(first.Test, second.Test));

        progress?.Report(("trees", 0));
        var bins = FeatureBins.Of(monteCarlo, first.Training, generated, second.Training);
        var trees = BoostedTrees.Train(bins, labels, training, validation, options.Trees, ref random, cancellation);
        var treeSeconds = clock.Elapsed.TotalSeconds;

        var standardiser = Standardiser.Fit(monteCarlo, first.Training, generated, second.Training);
        float[] x = [.. standardiser.Apply(monteCarlo), .. standardiser.Apply(generated)];
        var trainer = new JudgeTrainer(x, labels, options.Network, ref random);
        var losses = trainer.Train(training, validation, fraction => progress?.Report(("network", fraction)), cancellation);
        var networkSeconds = clock.Elapsed.TotalSeconds - treeSeconds;

        var weights = Stacking.Fit([trainer.Logits(validation), trees.Logits(bins, validation)], Array.ConvertAll(validation, k => labels[k]));
        double[][] ofMembers = [trainer.Logits(test), trees.Logits(bins, test)];
        var testLabels = Array.ConvertAll(test, k => labels[k]);
        var members = new JudgeMember[2];
        for (var i = 0; i < members.Length; i++)
        {
            var roc = RocCurve.Of(ofMembers[i], testLabels);
            members[i] = new JudgeMember(i == 0 ? "network" : "trees", roc.Auc, roc.Error, weights[i], i == 0 ? networkSeconds : treeSeconds);
        }

        return Judge(Stacking.Apply(weights, ofMembers), testLabels, members, training.Length, losses, clock);
    }

    private static C2stResult Judge(double[] logits, bool[] isMonteCarlo, JudgeMember[] members, int trainingEvents, double[] losses, Stopwatch clock)
    {
        var scores = Array.ConvertAll(logits, z => 1 / (1 + Math.Exp(-z)));
        var right = 0;
        for (var k = 0; k < logits.Length; k++)
        {
            right += logits[k] > 0 == isMonteCarlo[k] ? 1 : 0;
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
            CrossEntropy.Mean(logits, [.. Enumerable.Range(0, logits.Length)], isMonteCarlo),
            TailTest(mc, generated),
            HistogramPair.FromSorted(mc, generated, 0, 1, false, 50),
            members,
            trainingEvents,
            logits.Length,
            losses,
            clock.Elapsed.TotalSeconds);
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
}
