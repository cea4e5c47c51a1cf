using EventService.Evaluation.Closure;
using EventService.Evaluation.Html;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.Sampling;
using EventService.Training;
using EventService.Training.Catalog;
using EventService.Training.Runs;
using EventService.Training.Tables;

namespace EventService.Cli;

/// <summary>
/// eventservice evaluate --closure: what a family of models knows of a point that it was not trained at, as closure.json and closure.html.
/// </summary>
internal static class EvaluateClosure
{
    /// <summary>What the command line says.</summary>
    public sealed record Settings(FileInfo Data, FileInfo Recipe, IReadOnlyList<string> LeaveOut, int Events, string Folder, ulong Seed, int Resamplings, int Threads);

    public static async Task<int> RunAsync(Settings settings, EvaluationDisplay display, CancellationToken cancellationToken)
    {
        var recipe = TrainableFamilies.Parse(await File.ReadAllBytesAsync(settings.Recipe.FullName, cancellationToken));
        if (!recipe.HasPoints)
        {
            throw new RequestException(
                RequestFault.Cannot, "The recipe has no data.points, expected a grid of which points can be left out.");
        }

        var table = (PointTable)await display.CountAsync($"reading {settings.Data.Name}", null, _ => recipe.Read(settings.Data.FullName));
        var data = ConditionData.Of(recipe, table);
        Directory.CreateDirectory(settings.Folder);
        var points = data.Points;
        var test = new ClosureTest(data.Schema, settings.Events, settings.Resamplings, settings.Seed);
        var trends = test.Trends(points, Axis(recipe.Parameters[0]));
        List<ClosurePoint> results = [];
        foreach (var place in Chosen(settings, points))
        {
            var leftOut = points[place];
            var output = Path.Combine(settings.Folder, $"without-{leftOut.Name}.safetensors");
            await Console.Error.WriteLineAsync($"training without {leftOut.Name}");
            var run = TrainingLoop.Prepare(() => TrainableFamilies.Prepare(
                recipe, table.Without(leftOut.Values), new TrainingSettings(settings.Threads, int.MaxValue)));
            await TrainingLoop.TrainAsync(run, checkpoint: null, resume: false, cancellationToken);
            var command = $"eventservice evaluate --closure --leave-out {leftOut.Name}";
            await TrainingLoop.WriteAsync(run, new ModelOrigin(command, settings.Data.Name, table.Sha256), output);
            var model = EventGenerator.Open(output).Model;
            results.Add(
                await Task.Run(
                    () => test.Run(leftOut, [.. points.Where(p => p != leftOut)], model, Console.Error.WriteLine, cancellationToken),
                    cancellationToken));

            // After each point: trainings are long.
            var report = new ClosureReport
            {
                Created = TimeProvider.System.GetUtcNow(),
                ServiceVersion = ServiceVersion.Text,
                Recipe = recipe.Name,
                DataSha256 = data.Sha256,
                Points = results,
                Trends = trends,
            };
            await File.WriteAllTextAsync(Path.Combine(settings.Folder, "closure.json"), report.ToJson() + "\n", cancellationToken);
            await File.WriteAllTextAsync(Path.Combine(settings.Folder, "closure.html"), ClosureHtml.Render(report), cancellationToken);
            display.Closure(report, settings.Folder);
        }

        return 0;
    }

    /// <summary>The parameter that means are shown against, with its unit.</summary>
    private static string Axis((string Name, string Unit) parameter) =>
        parameter.Unit is "1" or "" ? parameter.Name : $"{parameter.Name} [{parameter.Unit}]";

    private static IReadOnlyList<int> Chosen(Settings settings, IReadOnlyList<ConditionPoint> points)
    {
        var inner = ClosureTest.Inner(points);
        var names = string.Join(", ", inner.Select(k => points[k].Name));
        if (inner.Count == 0)
        {
            throw new RequestException(RequestFault.Cannot, "No point of the recipe is between others, expected at least three on a line.");
        }

        return settings.LeaveOut.Count == 0
            ? inner
            : [.. settings.LeaveOut.Select(name => inner.Where(k => points[k].Name == name).Cast<int?>().SingleOrDefault()
            ?? throw new RequestException(RequestFault.BadValue, $"--leave-out is '{name}', expected one of the inner points: {names}."))];
    }
}
