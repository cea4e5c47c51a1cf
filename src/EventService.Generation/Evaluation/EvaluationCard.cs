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

    /// <summary>The card of a conditional model: the largest area of all points and of the classifier for all together, and every observable at every point.</summary>
    /// <param name="points">The evaluations by point.</param>
    /// <param name="pooled">The classifier for all together.</param>
    /// <param name="gates">What must be reached.</param>
    public static EvaluationCard Of(IReadOnlyList<PointReport> points, C2stResult pooled, EvaluationGates gates)
    {
        ArgumentNullException.ThrowIfNull(points);
        ArgumentNullException.ThrowIfNull(pooled);
        EvaluationCard[] cards = [.. points.Select(p => Of(p.Report, gates))];
        CardObservable[] observables = [.. cards.SelectMany((card, k) => card.Observables.Select(o => o with { Name = $"{o.Name} at {points[k].Name}" })).OrderByDescending(o => o.Ratio)];
        List<string> failures = [.. cards.SelectMany((card, k) => card.Failures.Select(f => $"{points[k].Name}: {f}"))];
        if (!(pooled.Roc.Auc <= gates.LargestAuc))
        {
            failures.Add($"The AUC of the classifier for all points is {pooled.Roc.Auc:F4} +- {pooled.Roc.Error:F4}, the gate is {gates.LargestAuc:F2}.");
        }

        var worst = cards.MaxBy(card => card.Auc)!;
        var ratios = observables.Select(o => o.Ratio).Order().ToArray();
        return worst with
        {
            Passed = failures.Count == 0,
            Failures = failures,
            MonteCarlo = worst.MonteCarlo with { Events = cards.Sum(card => card.MonteCarlo.Events) },
            Generated = worst.Generated with { Events = cards.Sum(card => card.Generated.Events), Selection = $"at {string.Join("; ", points.Select(p => p.Name))}: {worst.Generated.Selection}" },
            Auc = Math.Max(worst.Auc, pooled.Roc.Auc),
            AucError = worst.Auc >= pooled.Roc.Auc ? worst.AucError : pooled.Roc.Error,
            MedianWassersteinRatio = (ratios[(ratios.Length - 1) / 2] + ratios[ratios.Length / 2]) / 2,
            Observables = observables,
        };
    }

    public string ToJson() => JsonSerializer.Serialize(this, s_options);
}
