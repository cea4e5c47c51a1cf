using EventService.Evaluation;

namespace EventService.Evaluation.Tests;

public class RocCurveTests
{
    private readonly MetricsReference _expected = MetricsReference.Load();

    [Fact]
    public void RocCurve_OfScoresWithTies_AgreesWithScikitLearn()
    {
        var roc = RocCurve.Of(_expected.Scores, Array.ConvertAll(_expected.Labels, label => label == 1));
        Assert.Equal(_expected.Auc, roc.Auc, 1e-13);
        Assert.Equal(_expected.DelongError, roc.Error, 1e-13);
    }

    [Fact]
    public void RocCurve_OfPerfectScores_IsOne()
    {
        var roc = RocCurve.Of([0.1, 0.2, 0.7, 0.9], [false, false, true, true]);
        Assert.Equal(1, roc.Auc);
        Assert.Equal(0, roc.Error, 1e-15);
    }

    [Fact]
    public void RocCurve_OfEqualScores_IsHalf()
    {
        var roc = RocCurve.Of([1, 1, 1, 1, 1], [false, true, false, true, true]);
        Assert.Equal(0.5, roc.Auc);
        Assert.Equal([0.0, 1], roc.FalsePositiveRate);
        Assert.Equal([0.0, 1], roc.TruePositiveRate);
    }

    [Fact]
    public void RocCurve_HanleyMcNeil_HasPublishedValue()
    {
        // Hanley and McNeil 1982, table II: area 0.893, 51 abnormal and 58 normal images: standard error 0.032.
        var roc = new RocCurve(0.893, 0, 0, 51, 58, [], []);
        Assert.Equal(0.032, roc.HanleyMcNeilError, 0.001);
    }

    [Fact]
    public void RocCurve_OfOneClass_SaysWhatIsMissing() =>
        Assert.Contains("0 negatives", Assert.Throws<ArgumentException>(() => RocCurve.Of([1, 2], [true, true])).Message, StringComparison.Ordinal);
}
