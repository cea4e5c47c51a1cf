using System.Security.Cryptography;

using EventService.Generation.Requests;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Physics.Formats;
using EventService.Training.FlowEvents;
using EventService.Training.Recipes;

namespace EventService.Cli;

/// <summary>
/// eventservice train --recipe, where the recipe has a composition: from whole events to a model of flows that
/// are trained one after the other.
/// </summary>
internal static class TrainEvents
{
    public static async Task<int> RunAsync(TrainTable.Request request, CancellationToken cancellation)
    {
        var recipe = EventsRecipe.Parse(await File.ReadAllBytesAsync(request.Recipe.FullName, cancellation));
        await Console.Error.WriteLineAsync($"reading {request.Data.Name} ...");
        var sample = DarkMachinesReader.ReadAll(request.Data.FullName);
        FlowEventsTraining training;
        try
        {
            training = new FlowEventsTraining(sample, recipe, request.Threads, request.CheckpointSteps);
            if (!request.Resume && training.Names.Select(Checkpoint).FirstOrDefault(File.Exists) is { } existing)
            {
                throw new IOException($"Checkpoint '{existing}' exists. Continue it with --resume, or delete it to start again.");
            }

            foreach (var name in training.Names)
            {
                await Task.Run(() => training.Train(name, Checkpoint(name), (rows, parameters, trainer) => Console.Error.WriteLine(
                    $"{name}: {rows:N0} rows, {parameters:N0} parameters, {trainer.TotalSteps:N0} steps, from epoch {trainer.Epoch + 1}"),
                    new TrainingDisplay(Console.Error, TimeProvider.System).Show, cancellation), cancellation);
            }
        }
        catch (ArgumentException e)
        {
            throw new RequestException(RequestFault.BadValue, e.Message);
        }

        await using var data = request.Data.OpenRead();
        var sha256 = Convert.ToHexStringLower(await SHA256.HashDataAsync(data, cancellation));
        var command = $"eventservice train {request.Data.Name} --recipe {request.Recipe.Name} --output {Path.GetFileName(request.Output)}";
        await using var file = OutputFile.Open(request.Output);
        ModelDocument? document = null;
        await Terminal.ProgressAsync("measuring the acceptance", recipe.AcceptanceEvents, progress => Task.Run(() =>
            document = training.Write(file.Stream, command, request.Data.Name, sha256, progress)));
        await file.CompleteAsync();
        await Console.Error.WriteLineAsync(
            $"{request.Output}: validation loss {document!.Training.ValidationLoss:F4} nat an event, "
                + $"acceptance {document.Acceptance:F4} +- {document.AcceptanceError:F4}");
        return 0;

        string Checkpoint(string name) => $"{request.Checkpoint}.{name}";
    }
}
