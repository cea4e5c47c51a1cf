using EventService.Models.Cards;
using EventService.Models.Documents;
using EventService.Models.Sampling;

namespace EventService.Evaluation;

/// <summary>Judges evaluations by their gates and writes the cards that stand beside model files and in the registry.</summary>
public static class EvaluationCards
{
    /// <summary>The card of one evaluation.</summary>
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

    /// <summary>
    /// The card of a conditional model: the largest area of all points and of the classifier for all together, and every observable at
    /// every point.
    /// </summary>
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
}
