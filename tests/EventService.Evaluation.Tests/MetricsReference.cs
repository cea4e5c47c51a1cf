using System.Text.Json;
using EventService.Evaluation;
using EventService.Models.Tests;

namespace EventService.Evaluation.Tests;

/// <summary>Inputs and expected values of make_metrics_reference.py: scipy and scikit-learn.</summary>
internal sealed record MetricsReference
{
    public required double[] X { get; init; }
    public required double[] Y { get; init; }
    public required double[] Wx { get; init; }
    public required double[] Wy { get; init; }
    public required double Wasserstein { get; init; }
    public required double WassersteinWeighted { get; init; }
    public required double[] CountsX { get; init; }
    public required double[] CountsY { get; init; }
    public required double WassersteinCounts { get; init; }
    public required double[] P { get; init; }
    public required double[] Q { get; init; }
    public required double KullbackLeibler { get; init; }
    public required double JensenShannonDistance { get; init; }
    public required double Chi2 { get; init; }
    public required double Chi2PValue { get; init; }
    public required int Chi2Dof { get; init; }
    public required double[][] Chi2Survival { get; init; }
    public required double[][] NormalSurvival { get; init; }
    public required double[][] LogGamma { get; init; }
    public required int[] Labels { get; init; }
    public required double[] Scores { get; init; }
    public required double Auc { get; init; }
    public required double DelongError { get; init; }
    public required double LogLoss { get; init; }
    public required double Accuracy { get; init; }

    public static MetricsReference Load() =>
        JsonSerializer.Deserialize<MetricsReference>(File.ReadAllText(Repository.TestData("Evaluation/metrics_reference.json")), JsonSerializerOptions.Web)!;
}
