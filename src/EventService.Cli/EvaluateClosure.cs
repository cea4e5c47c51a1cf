using System.Globalization;

using EventService.Generation;
using EventService.Generation.Evaluation.Closure;
using EventService.Generation.Evaluation.Html;
using EventService.Generation.Requests;
using EventService.Generation.Training.Recipes;
using EventService.Generation.Training.Tables;

namespace EventService.Cli;

/// <summary>eventservice evaluate --closure: what a family of models knows of a point that it was not trained at, as closure.json and closure.html.</summary>
internal static class EvaluateClosure
{
    /// <summary>What the command line says.</summary>
    public sealed record Settings(FileInfo Data, FileInfo Recipe, IReadOnlyList<string> LeaveOut, int Events, string Folder, ulong Seed, int Resamplings, int Threads);

    public static async Task<int> RunAsync(Settings settings, EvaluationDisplay display, CancellationToken cancellationToken)
    {
        var recipe = Recipe.Parse(await File.ReadAllBytesAsync(settings.Recipe.FullName, cancellationToken));
        if (recipe.Data.Points.Count == 0)
        {
            throw new RequestException(RequestFault.Cannot, "The recipe has no data.points, expected a grid of which points can be left out.");
        }

        Directory.CreateDirectory(settings.Folder);
        var table = await display.CountAsync($"reading {settings.Data.Name}", null, _ => PointTable.Read(recipe, settings.Data.FullName));
        var points = ConditionPoint.Of(table.Sample, recipe);
        var test = new ClosureTest(recipe.Schema, settings.Events, settings.Resamplings, settings.Seed);
        var parameter = recipe.Data.Conditions[0];
        var trends = test.Trends(points, parameter.Unit is "1" or "" ? parameter.Name : $"{parameter.Name} [{parameter.Unit}]");
        List<ClosurePoint> results = [];
        foreach (var place in Chosen(settings, points))
        {
            var leftOut = points[place];
            var generator = await TrainAsync(settings, recipe, table.Without(leftOut.Values), leftOut, cancellationToken);
            var model = generator.Model;
            results.Add(await Task.Run(() => test.Run(leftOut, [.. points.Where(p => p != leftOut)], model, Console.Error.WriteLine, cancellationToken), cancellationToken));

            // After each point: trainings are long.
            var report = new ClosureReport { Created = TimeProvider.System.GetUtcNow(), ServiceVersion = ServiceVersion.Text, Recipe = recipe.Name, DataSha256 = table.Sha256, Points = results, Trends = trends };
            await File.WriteAllTextAsync(Path.Combine(settings.Folder, "closure.json"), report.ToJson() + "\n", cancellationToken);
            await File.WriteAllTextAsync(Path.Combine(settings.Folder, "closure.html"), ClosureHtml.Render(report), cancellationToken);
            display.Closure(report, settings.Folder);
        }

        return 0;
    }

    private static IReadOnlyList<int> Chosen(Settings settings, IReadOnlyList<ConditionPoint> points)
    {
        var inner = ClosureTest.Inner(points);
        var names = string.Join(", ", inner.Select(k => points[k].Name));
        if (inner.Count == 0)
        {
            throw new RequestException(RequestFault.Cannot, "No point of the recipe is between others, expected at least three on a line.");
        }

        return settings.LeaveOut.Count == 0 ? inner : [.. settings.LeaveOut.Select(name => inner.Where(k => points[k].Name == name).Cast<int?>().SingleOrDefault()
            ?? throw new RequestException(RequestFault.BadValue, $"--leave-out is '{name}', expected one of the inner points: {names}."))];
    }

    private static async Task<EventGenerator> TrainAsync(Settings settings, Recipe recipe, PointTable table, ConditionPoint leftOut, CancellationToken cancellationToken)
    {
        var name = Path.Combine(settings.Folder, string.Create(CultureInfo.InvariantCulture, $"without-{leftOut.Name}.safetensors"));
        await Console.Error.WriteLineAsync($"training without {leftOut.Name}: {table.Sample.Count:N0} events");
        var training = new TableTraining(table, recipe, settings.Threads, int.MaxValue);
        await Task.Run(() => training.Trainer.Run(name + ".checkpoint", new TrainingDisplay(Console.Error, TimeProvider.System).Show, cancellationToken), cancellationToken);
        await using (var file = OutputFile.Open(name))
        {
            training.Write(file.Stream, $"eventservice evaluate --closure --leave-out {leftOut.Name}", settings.Data.Name, table.Sha256);
            await file.CompleteAsync();
        }

        File.Delete(name + ".checkpoint");
        return EventGenerator.Open(name);
    }
}
