using System.Diagnostics;

using EventService.Evaluation;
using EventService.Evaluation.Html;
using EventService.Models;
using EventService.Models.Cards;
using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.Sampling;
using EventService.Physics.Events;
using EventService.Physics.Observables;
using EventService.Training.Tables;

namespace EventService.Cli;

/// <summary>
/// eventservice evaluate of a recipe with conditions: each point on its own, in a folder of its own, and all together
/// in points.json and card.json.
/// </summary>
internal static class EvaluatePoints
{
    /// <summary>Settings from the command line.</summary>
    public sealed record Settings(FileInfo Data, bool TestSplit, int Events, string Folder, ulong Seed, int Samples, int Resamplings);

    public static async Task<int> RunAsync(
        Settings settings, EventGenerator generator, ConditionData data, EvaluationDisplay display, CancellationToken cancellationToken)
    {
        List<PointReport> reports = [];
        List<(
            ConditionPoint Point, EventSample MonteCarlo, EventSample[] Generated, FeatureMatrix MonteCarloFeatures,
            FeatureMatrix GeneratedFeatures)> samples = [];
        foreach (var point in data.Points)
        {
            generator.Conditions.Require(point.Values);
            var start = Stopwatch.GetTimestamp();
            var (monteCarlo, generated, floor) = await SamplesAsync(settings, generator, data.View, point, display, cancellationToken);
            var (x, y) = (data.View.Features(monteCarlo, cancellationToken), data.View.Features(generated[0], cancellationToken));
            var classifier = await ClassifierAsync(point.Name, x, y, settings, display, cancellationToken);
            var report = new EvaluationReport
            {
                Created = TimeProvider.System.GetUtcNow(),
                ServiceVersion = ServiceVersion.Text,
                MonteCarlo = new SampleSummary(
                    settings.Data.Name,
                    data.Sha256,
                    settings.TestSplit ? "events k with k % 10 = 0, which no training uses" : "spread evenly over the point's events",
                    data.Process,
                    monteCarlo.Count),
                Generated = new SampleSummary(
                    generator.Document.Name,
                    generator.Sha256,
                    $"seed {settings.Seed}, from event 0; metrics of the observables are means over {generated.Length} such samples, "
                        + "one after the other",
                    generator.Document.Process,
                    generated[0].Count),
                Model = generator.Document,
                Floor = new FloorSummary(floor.PoolEvents, monteCarlo.Count, floor.Resamplings),
                Observables = ObservableComparison.Compare(monteCarlo, generated, floor, cancellationToken),
                Classifier = [classifier],
                Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds,
            };
            var folder = Directory.CreateDirectory(Path.Combine(settings.Folder, point.Name)).FullName;
            await File.WriteAllTextAsync(Path.Combine(folder, "report.json"), report.ToJson() + "\n", cancellationToken);
            await File.WriteAllTextAsync(Path.Combine(folder, "report.html"), HtmlReport.Render(report), cancellationToken);
            reports.Add(new PointReport(point.Name, point.Values, report));
            samples.Add((point, monteCarlo, generated, x, y));
        }

        var pooled = await ClassifierAsync(
            "all points",
            FeatureMatrix.Stack([.. samples.Select(s => (s.MonteCarloFeatures, s.Point.Values))], data.Conditions),
            FeatureMatrix.Stack([.. samples.Select(s => (s.GeneratedFeatures, s.Point.Values))], data.Conditions),
            settings, display, cancellationToken);
        var overview = new PointsReport
        {
            Points = [.. reports.Select(PointsReport.Summary)],
            PooledAuc = pooled.Roc.Auc,
            PooledAucError = pooled.Roc.Error,
            PooledEvents = samples.Sum(s => s.MonteCarlo.Count),
            Trends = PointsReport.TrendsOf(
                data.View.Observables, [.. samples.Select(s => (s.Point.Name, s.MonteCarlo, (IReadOnlyList<EventSample>)s.Generated))]),
        };
        await File.WriteAllTextAsync(Path.Combine(settings.Folder, "points.json"), overview.ToJson() + "\n", cancellationToken);
        var card = EvaluationCards.Of(reports, pooled, data.View.Gates);
        await File.WriteAllTextAsync(Path.Combine(settings.Folder, "card.json"), card.ToJson() + "\n", cancellationToken);
        display.Points(overview, settings.Folder);
        return 0;
    }

    /// <summary>Classifier test of two feature matrices.</summary>
    internal static Task<C2stResult> ClassifierAsync(
        string name, FeatureMatrix x, FeatureMatrix y, Settings settings, EvaluationDisplay display, CancellationToken cancellationToken) =>
        display.ClassifierAsync(
            $"{name}: classifier", progress => C2st.Run(x, y, new C2stOptions { Seed = settings.Seed }, progress, cancellationToken));

    private static async Task<(EventSample MonteCarlo, EventSample[] Generated, MonteCarloFloor Floor)> SamplesAsync(
        Settings settings, EventGenerator generator, EventView view, ConditionPoint point, EvaluationDisplay display,
        CancellationToken cancellationToken)
    {
        int[] rows = settings.TestSplit ? point.TestRows() : [.. Enumerable.Range(0, point.Sample.Count)];
        var count = Math.Min(settings.Events, Math.Min(rows.Length, point.Sample.Count / 2));
        if (count < 100 || settings.Samples < 1)
        {
            throw new RequestException(
                RequestFault.BadValue,
                $"Only {count} events of each kind can be compared at {point.Name}, in {settings.Samples} samples, "
                    + $"expected at least 100 and 1. The point has {point.Sample.Count} events, {rows.Length} of them may be used.");
        }

        var monteCarlo = EventSubset.At(point.Sample, Enumerable.Range(0, count).Select(k => rows[(int)((long)k * rows.Length / count)]));
        var drawn = await display.CountAsync($"{point.Name}: generating", (long)settings.Samples * count, progress =>
            GeneratedSample.Draw(
                generator.Model, new EventStream(settings.Seed, point.Values), checked(settings.Samples * count), progress,
                cancellationToken));
        EventSample[] generated =
        [
            .. Enumerable.Range(0, settings.Samples).Select(k => EventSubset.At(drawn, Enumerable.Range(k * count, count))),
        ];
        var floor = await display.ShareAsync($"{point.Name}: floor", progress =>
            MonteCarloFloor.Draw(
                point.Sample, count, count, view.Observables, settings.Resamplings, settings.Seed, progress, cancellationToken));
        return (monteCarlo, generated, floor);
    }
}
