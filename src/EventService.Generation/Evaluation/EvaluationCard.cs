using System.Text.Json;
using System.Text.Json.Serialization;

namespace EventService.Generation.Evaluation;

/// <summary>What a model must reach to be served without an override.</summary>
/// <param name="LargestAuc">Of the classifier two-sample test.</param>
/// <param name="LargestWassersteinRatio">Of every observable, over its Monte Carlo floor.</param>
public sealed record EvaluationGates(double LargestAuc = 0.60, double LargestWassersteinRatio = 3);

/// <summary>An observable on a card: W1 in standard deviations of Monte Carlo, its floor, and their ratio.</summary>
public sealed record CardObservable(string Name, double Wasserstein, double Floor, double Ratio);

/// <summary>
/// The short form of an <see cref="EvaluationReport"/> that stands beside a model file as NAME.card.json and in the registry: figures, gates, and
/// whether they are passed.
/// </summary>
public sealed record EvaluationCard
{
    private static readonly JsonSerializerOptions s_options = new(ModelJson.Options) { WriteIndented = true, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    /// <summary>All figures are within the gates.</summary>
    public required bool Passed { get; init; }

    public required EvaluationGates Gates { get; init; }

    /// <summary>Each gate that is not passed, in words.</summary>
    public required IReadOnlyList<string> Failures { get; init; }

    public required DateTimeOffset Created { get; init; }
    public required string ServiceVersion { get; init; }
    public required SampleSummary MonteCarlo { get; init; }
    public required SampleSummary Generated { get; init; }

    public required double Auc { get; init; }
    public required double AucError { get; init; }
    public required double MedianWassersteinRatio { get; init; }

    /// <summary>By falling ratio.</summary>
    public required IReadOnlyList<CardObservable> Observables { get; init; }

    public static EvaluationCard Of(EvaluationReport report, EvaluationGates gates)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(gates);
        List<string> failures = [];
        if (!(report.Auc <= gates.LargestAuc))
        {
            failures.Add($"The classifier's AUC is {report.Auc:F4} +- {report.AucError:F4}, the gate is {gates.LargestAuc:F2}.");
        }

        var observables = report.Observables.Where(o => double.IsFinite(o.Wasserstein.Ratio)).OrderByDescending(o => o.Wasserstein.Ratio).ToArray();
        failures.AddRange(observables.Where(o => o.Wasserstein.Ratio > gates.LargestWassersteinRatio).Select(o =>
            $"W1 of {o.Name} is {o.Wasserstein.Ratio:F2} times its Monte Carlo floor, the gate is {gates.LargestWassersteinRatio:F1}."));
        return new EvaluationCard
        {
            Passed = failures.Count == 0,
            Gates = gates,
            Failures = failures,
            Created = report.Created,
            ServiceVersion = report.ServiceVersion,
            MonteCarlo = report.MonteCarlo,
            Generated = report.Generated,
            Auc = report.Auc,
            AucError = report.AucError,
            MedianWassersteinRatio = report.MedianWassersteinRatio,
            Observables = [.. observables.Select(o => new CardObservable(o.Name, o.Wasserstein.Value, o.Wasserstein.BaselineMean, o.Wasserstein.Ratio))],
        };
    }

    public string ToJson() => JsonSerializer.Serialize(this, s_options);
}
