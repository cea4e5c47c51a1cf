using System.Diagnostics;
using System.Security.Cryptography;

using EventService.Generation;
using EventService.Generation.Evaluation;
using EventService.Generation.Evaluation.Html;
using EventService.Generation.Requests;
using EventService.Generation.Training;
using EventService.Generation.Training.Recipes;
using EventService.Generation.Training.Tables;
using EventService.Physics.Events;
using EventService.Physics.Observables;

namespace EventService.Cli;

/// <summary>eventservice evaluate of a recipe with conditions: each point on its own, in a folder of its own, and all together in points.json and card.json.</summary>
internal static class EvaluatePoints
{
    /// <summary>What the command line says.</summary>
    public sealed record Settings(FileInfo Data, bool TestSplit, int Events, string Folder, ulong Seed, int Samples, int Resamplings);

    public static async Task<int> RunAsync(Settings settings, EventGenerator generator, Recipe recipe, EvaluationDisplay display, CancellationToken cancellationToken)
    {
        var (points, sha256) = await display.CountAsync($"reading {settings.Data.Name}", null, _ => Read(recipe, settings.Data));
        List<PointReport> reports = [];
        List<(EventSample MonteCarlo, EventSample Generated, IReadOnlyList<double> Values)> pairs = [];
        foreach (var point in points)
        {
            generator.Conditions.Require(point.Values);
            var start = Stopwatch.GetTimestamp();
            var (monteCarlo, generated, floor) = await SamplesAsync(settings, generator, recipe, point, display, cancellationToken);
            var classifier = await ClassifierAsync(point.Name, FeatureMatrix.OfTable(monteCarlo, recipe.Schema), FeatureMatrix.OfTable(generated[0], recipe.Schema), settings, display, cancellationToken);
            var report = new EvaluationReport
            {
                Created = TimeProvider.System.GetUtcNow(),
                ServiceVersion = ServiceVersion.Text,
                MonteCarlo = new SampleSummary(settings.Data.Name, sha256, settings.TestSplit ? "events k with k % 10 = 0, which no training uses" : "spread evenly over the point's events", recipe.Process, monteCarlo.Count),
                Generated = new SampleSummary(generator.Document.Name, generator.Sha256, $"seed {settings.Seed}, from event 0; metrics of the observables are means over {generated.Length} such samples, one after the other", generator.Document.Process, generated[0].Count),
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
            pairs.Add((monteCarlo, generated[0], point.Values));
        }

        var pooled = await ClassifierAsync("all points", Pooled(pairs.Select(p => (p.MonteCarlo, p.Values)), recipe), Pooled(pairs.Select(p => (p.Generated, p.Values)), recipe), settings, display, cancellationToken);
        var overview = new PointsReport { Points = [.. reports.Select(PointsReport.Summary)], PooledAuc = pooled.Roc.Auc, PooledAucError = pooled.Roc.Error, PooledEvents = pairs.Sum(p => p.MonteCarlo.Count) };
        await File.WriteAllTextAsync(Path.Combine(settings.Folder, "points.json"), overview.ToJson() + "\n", cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(settings.Folder, "card.json"), EvaluationCard.Of(reports, pooled, new EvaluationGates()).ToJson() + "\n", cancellationToken);
        display.Points(overview, settings.Folder);
        return 0;
    }

    /// <summary>The points of the data, and the digest of these.</summary>
    internal static (IReadOnlyList<ConditionPoint> Points, string Sha256) Read(Recipe recipe, FileInfo data)
    {
        if (recipe.Data.Points.Count > 0)
        {
            var table = PointTable.Read(recipe, data.FullName);
            return (ConditionPoint.Of(table.Sample, recipe), table.Sha256);
        }

        using var stream = data.OpenRead();
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(stream));
        try
        {
            return (ConditionPoint.Of(recipe.ReadTable(data.OpenRead(), data.Name), recipe), sha256);
        }
        catch (ArgumentException e)
        {
            throw new RequestException(RequestFault.Cannot, e.Message);
        }
    }

    /// <summary>Classifier test of two feature matrices.</summary>
    internal static Task<C2stResult> ClassifierAsync(string name, FeatureMatrix x, FeatureMatrix y, Settings settings, EvaluationDisplay display, CancellationToken cancellationToken) =>
        display.ClassifierAsync($"{name}: classifier", progress => C2st.Run(x, y, new C2stOptions { Seed = settings.Seed }, progress, cancellationToken));

    private static async Task<(EventSample MonteCarlo, EventSample[] Generated, MonteCarloFloor Floor)> SamplesAsync(
        Settings settings, EventGenerator generator, Recipe recipe, ConditionPoint point, EvaluationDisplay display, CancellationToken cancellationToken)
    {
        int[] rows = settings.TestSplit ? point.TestRows : [.. Enumerable.Range(0, point.Sample.Count)];
        var count = Math.Min(settings.Events, Math.Min(rows.Length, point.Sample.Count / 2));
        if (count < 100 || settings.Samples < 1)
        {
            throw new RequestException(RequestFault.BadValue, $"Only {count} events of each kind can be compared at {point.Name}, in {settings.Samples} samples, expected at least 100 and 1. The point has {point.Sample.Count} events, {rows.Length} of them may be used.");
        }

        var monteCarlo = EventSubset.At(point.Sample, Enumerable.Range(0, count).Select(k => rows[(int)((long)k * rows.Length / count)]));
        var drawn = await display.CountAsync($"{point.Name}: generating", (long)settings.Samples * count, progress =>
            GeneratedSample.Draw(generator.Model, new EventStream(settings.Seed, point.Values), checked(settings.Samples * count), progress, cancellationToken));
        EventSample[] generated = [.. Enumerable.Range(0, settings.Samples).Select(k => EventSubset.At(drawn, Enumerable.Range(k * count, count)))];
        var floor = await display.ShareAsync($"{point.Name}: floor", progress =>
            MonteCarloFloor.Draw(point.Sample, count, count, TableObservables.Of(recipe.Schema), settings.Resamplings, settings.Seed, progress, cancellationToken));
        return (monteCarlo, generated, floor);
    }

    /// <summary>Features of the events of several points, their conditions among them.</summary>
    private static FeatureMatrix Pooled(IEnumerable<(EventSample Sample, IReadOnlyList<double> Values)> points, Recipe recipe)
    {
        var schema = recipe.Schema with { Scalars = [.. recipe.Schema.Scalars, .. recipe.Data.Conditions.Select(c => new ColumnSchema(c.Name, c.Unit, c.Description))] };
        var all = new EventSample(schema.Scalars.Count);
        foreach (var (sample, values) in points)
        {
            for (var k = 0; k < sample.Count; k++)
            {
                all.AddRow(all.Count, [.. sample.Row(k), .. values]);
            }
        }

        return FeatureMatrix.OfTable(all, schema);
    }
}
