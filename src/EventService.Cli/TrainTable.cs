using System.Security.Cryptography;

using EventService.Generation;
using EventService.Generation.Requests;
using EventService.Generation.Training.Recipes;
using EventService.Generation.Training.Tables;

namespace EventService.Cli;

/// <summary>eventservice train --recipe: from a table of events and a recipe to a model file.</summary>
internal static class TrainTable
{
    /// <summary>What the command line says.</summary>
    public sealed record Request(FileInfo Data, FileInfo Recipe, string Output, int Threads, string Checkpoint, int CheckpointSteps, bool Resume, FileInfo? Straighten = null);

    public static async Task<int> RunAsync(Request request, CancellationToken cancellation)
    {
        var recipe = Recipe.Parse(await File.ReadAllBytesAsync(request.Recipe.FullName, cancellation));
        await Console.Error.WriteLineAsync($"reading {request.Data.Name} ...");
        var sample = recipe.ReadTable(request.Data.OpenRead(), request.Data.Name);
        TableTraining training;
        try
        {
            training = new TableTraining(sample, recipe, request.Threads, request.CheckpointSteps, request.Straighten is null ? null : EventGenerator.Open(request.Straighten.FullName));
        }
        catch (ArgumentException e)
        {
            throw new RequestException(RequestFault.BadValue, e.Message);
        }

        if (request.Resume)
        {
            training.Trainer.Resume(request.Checkpoint);
        }
        else if (File.Exists(request.Checkpoint))
        {
            throw new IOException($"Checkpoint '{request.Checkpoint}' exists. Continue it with --resume, or delete it to start again.");
        }

        await Console.Error.WriteLineAsync(
            $"{sample.Count:N0} events of {sample.ProcessName}, {recipe.Data.Columns.Count} columns, {training.ParameterCount:N0} parameters, {training.Trainer.TotalSteps:N0} steps, from epoch {training.Trainer.Epoch + 1}");
        await Task.Run(() => training.Trainer.Run(request.Checkpoint, new TrainingDisplay(Console.Error, TimeProvider.System).Show, cancellation), cancellation);
        await using var data = request.Data.OpenRead();
        var sha256 = Convert.ToHexStringLower(await SHA256.HashDataAsync(data, cancellation));
        var command = $"eventservice train {request.Data.Name} --recipe {request.Recipe.Name} --output {Path.GetFileName(request.Output)}{(request.Straighten is null ? "" : $" --straighten {request.Straighten.Name}")}";
        await using var file = OutputFile.Open(request.Output);
        var document = training.Write(file.Stream, command, request.Data.Name, sha256);
        await file.CompleteAsync();
        await Console.Error.WriteLineAsync($"{request.Output}: validation loss {document.Training.ValidationLoss:F4} nat (epoch {document.Training.BestEpoch + 1} of {document.Training.Epochs})");
        return 0;
    }
}
