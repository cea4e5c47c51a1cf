using System.Security.Cryptography;

using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Training.Recipes;
using EventService.Training.TableFlows;
using EventService.Training.Tables;

namespace EventService.Cli;

/// <summary>eventservice train --recipe: from a table of events and a recipe to a model file.</summary>
internal static class TrainTable
{
    /// <summary>Settings from the command line.</summary>
    public sealed record Request(
        FileInfo Data, FileInfo Recipe, string Output, int Threads, string Checkpoint, int CheckpointSteps, bool Resume,
        FileInfo? Straighten = null)
    {
        public string RefinementCheckpoint => Checkpoint + ".refinement";
    }

    public static async Task<int> RunAsync(Request request, CancellationToken cancellation)
    {
        var recipe = Recipe.Parse(await File.ReadAllBytesAsync(request.Recipe.FullName, cancellation));
        await Console.Error.WriteLineAsync($"reading {request.Data.Name} ...");
        var points = recipe.Data.Points.Count > 0 ? PointTable.Read(recipe, request.Data.FullName) : null;
        var sample = points?.Sample ?? recipe.ReadTable(request.Data.OpenRead(), request.Data.Name);
        TableTraining training;
        try
        {
            var teacher = request.Straighten is null ? null : EventGenerator.Open(request.Straighten.FullName);
            training = points is null
                ? new TableTraining(sample, recipe, request.Threads, request.CheckpointSteps, teacher)
                : new TableTraining(points, recipe, request.Threads, request.CheckpointSteps, teacher);
        }
        catch (ArgumentException e)
        {
            throw new RequestException(RequestFault.BadValue, e.Message);
        }

        if (request.Resume)
        {
            training.Trainer.Resume(request.Checkpoint);
        }
        else
        {
            RequireNone(request.Checkpoint);
            RequireNone(request.RefinementCheckpoint);
        }

        await Console.Error.WriteLineAsync(
            $"{sample.Count:N0} events of {sample.ProcessName}, {recipe.Data.Columns.Count} columns, "
                + $"{training.ParameterCount:N0} parameters, {training.Trainer.TotalSteps:N0} steps, "
                + $"from epoch {training.Trainer.Epoch + 1}");
        await Task.Run(
            () => training.Trainer.Run(request.Checkpoint, new TrainingDisplay(Console.Error, TimeProvider.System).Show, cancellation),
            cancellation);
        if (training.Refinement is { } refinement)
        {
            if (File.Exists(request.RefinementCheckpoint))
            {
                refinement.Trainer.Resume(request.RefinementCheckpoint);
            }

            await Console.Error.WriteLineAsync(
                $"refinement: {refinement.ParameterCount:N0} parameters, {refinement.Trainer.TotalSteps:N0} steps, "
                    + $"from epoch {refinement.Trainer.Epoch + 1}; a loss of {Math.Log(2):F4} nat finds no difference");
            await Task.Run(
                () => refinement.Trainer.Run(
                    request.RefinementCheckpoint, new TrainingDisplay(Console.Error, TimeProvider.System).Show, cancellation),
                cancellation);
        }

        var sha256 = points?.Sha256 ?? await DigestAsync(request.Data, cancellation);
        var command =
            $"eventservice train {request.Data.Name} --recipe {request.Recipe.Name} --output "
                + $"{Path.GetFileName(request.Output)}{(request.Straighten is null ? "" : $" --straighten {request.Straighten.Name}")}";
        await using var file = OutputFile.Open(request.Output);
        var document = await (recipe.Data.Inequalities is null
            ? Task.Run(() => training.Write(file.Stream, command, request.Data.Name, sha256), cancellation)
            : Constrain.MeasureAsync(recipe, progress => training.Write(file.Stream, command, request.Data.Name, sha256, progress)));
        await file.CompleteAsync();
        var refined = recipe.Refinement is null && recipe.Data.Inequalities is null
            ? ""
            : $"; {document.Acceptance:P1} of the draws are kept";
        await Console.Error.WriteLineAsync(
            $"{request.Output}: validation loss {document.Training.ValidationLoss:F4} nat (epoch {document.Training.BestEpoch + 1} of "
                + $"{document.Training.Epochs}){refined}");
        return 0;
    }

    private static void RequireNone(string checkpoint)
    {
        if (File.Exists(checkpoint))
        {
            throw new IOException($"Checkpoint '{checkpoint}' exists. Continue it with --resume, or delete it to start again.");
        }
    }

    private static async Task<string> DigestAsync(FileInfo file, CancellationToken cancellation)
    {
        await using var data = file.OpenRead();
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(data, cancellation));
    }
}
