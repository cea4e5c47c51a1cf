using EventService.Evaluation.Closure;
using EventService.Evaluation.Html;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.Sampling;
using EventService.Training.Recipes;
using EventService.Training.TableFlows;
using EventService.Training.Tables;

namespace EventService.Cli;

/// <summary>
/// eventservice evaluate --closure: what a family of models knows of a point that it was not trained at, as closure.json and closure.html.
/// </summary>
internal static class EvaluateClosure
{
    private const string Checkpoint = ".checkpoint";

    /// <summary>Settings from the command line.</summary>
    public sealed record Settings(
        FileInfo Data, FileInfo Recipe, IReadOnlyList<string> LeaveOut, int Events, string Folder, ulong Seed, int Resamplings,
        int Threads);

    public static async Task<int> RunAsync(Settings settings, EvaluationDisplay display, CancellationToken cancellationToken)
    {
        var text = await File.ReadAllBytesAsync(settings.Recipe.FullName, cancellationToken);
        return await (ObjectFlowRecipe.IsOne(text)
            ? RunAsync(settings, ObjectFlowRecipe.Parse(text), display, cancellationToken)
            : RunAsync(settings, Recipe.Parse(text), display, cancellationToken));
    }

    private static async Task<int> RunAsync(
        Settings settings, ObjectFlowRecipe recipe, EvaluationDisplay display, CancellationToken cancellationToken)
    {
        var table = await display.CountAsync($"reading {settings.Data.Name}", null, _ => PointTable.Read(recipe, settings.Data.FullName));
        var axis = Axis(recipe.Data.Conditions[0].Name, recipe.Data.Conditions[0].Unit);
        var data = ConditionData.Of(recipe, table);
        return await RunAsync(settings, recipe.Name, axis, data, display, async (leftOut, command, output) =>
        {
            var left = table.Without(leftOut.Values);
            var training = TrainObjects.Prepare(left, recipe, settings.Threads, int.MaxValue);
            var network = await TrainObjects.TrainAsync(training, left.Sample, output + Checkpoint, resume: false, cancellationToken);
            await TrainObjects.WriteAsync(
                training, network, recipe.Calibration, recipe.AcceptanceEvents,
                TrainObjects.IdentityOf(recipe, command, settings.Data.Name, table.Sha256), output);
        }, cancellationToken);
    }

    private static async Task<int> RunAsync(
        Settings settings, Recipe recipe, EvaluationDisplay display, CancellationToken cancellationToken)
    {
        if (recipe.Data.Points.Count == 0)
        {
            throw new RequestException(
                RequestFault.Cannot, "The recipe has no data.points, expected a grid of which points can be left out.");
        }

        var table = await display.CountAsync($"reading {settings.Data.Name}", null, _ => PointTable.Read(recipe, settings.Data.FullName));
        var axis = Axis(recipe.Data.Conditions[0].Name, recipe.Data.Conditions[0].Unit);
        var data = ConditionData.Of(recipe, table);
        return await RunAsync(settings, recipe.Name, axis, data, display, async (leftOut, command, output) =>
        {
            var training = new TableTraining(table.Without(leftOut.Values), recipe, settings.Threads, int.MaxValue);
            await Task.Run(
                () =>
                    training.Trainer.Run(
                        output + Checkpoint, new TrainingDisplay(Console.Error, TimeProvider.System).Show, cancellationToken),
                cancellationToken);
            await using var file = OutputFile.Open(output);
            training.Write(file.Stream, command, settings.Data.Name, table.Sha256);
            await file.CompleteAsync();
        }, cancellationToken);
    }

    /// <param name="settings">Settings from the command line.</param>
    /// <param name="name">Name of the recipe.</param>
    /// <param name="axis">The parameter that means are shown against, with its unit.</param>
    /// <param name="data">Its events.</param>
    /// <param name="display">Shows the findings.</param>
    /// <param name="train">Writes the model that is trained without a point, given the command for its document and its file.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    private static async Task<int> RunAsync(
        Settings settings, string name, string axis, ConditionData data, EvaluationDisplay display,
        Func<ConditionPoint, string, string, Task> train, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(settings.Folder);
        var points = data.Points;
        var test = new ClosureTest(data.Schema, settings.Events, settings.Resamplings, settings.Seed);
        var trends = test.Trends(points, axis);
        List<ClosurePoint> results = [];
        foreach (var place in Chosen(settings, points))
        {
            var leftOut = points[place];
            var output = Path.Combine(settings.Folder, $"without-{leftOut.Name}.safetensors");
            await Console.Error.WriteLineAsync($"training without {leftOut.Name}");
            await train(leftOut, $"eventservice evaluate --closure --leave-out {leftOut.Name}", output);
            File.Delete(output + Checkpoint);
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
                Recipe = name,
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

    private static string Axis(string name, string unit) => unit is "1" or "" ? name : $"{name} [{unit}]";

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
