using EventService.Generation.Requests;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.ObjectFlow;
using EventService.Models.Sampling;
using EventService.Physics.Events;
using EventService.Training;
using EventService.Training.ObjectFlow;
using EventService.Training.Recipes;
using EventService.Training.Tables;

namespace EventService.Cli;

/// <summary>
/// eventservice train of an object flow: with a recipe from the files of its points, without one (<see cref="Train"/>) from one file.
/// </summary>
internal static class TrainObjects
{
    public static async Task<int> RunAsync(TrainTable.Request request, CancellationToken cancellation)
    {
        if (request.Straighten is not null)
        {
            throw new RequestException(
                RequestFault.BadValue,
                "--straighten is given, and the recipe is of an object flow; only flow matching has paths to straighten.");
        }

        var recipe = ObjectFlowRecipe.Parse(await File.ReadAllBytesAsync(request.Recipe.FullName, cancellation));
        await Console.Error.WriteLineAsync($"reading {request.Data.Name} ...");
        var table = PointTable.Read(recipe, request.Data.FullName);
        var training = Prepare(table, recipe, request.Threads, request.CheckpointSteps);
        var network = await TrainAsync(training, table.Sample, request.Checkpoint, request.Resume, cancellation);
        var command = $"eventservice train {request.Data.Name} --recipe {request.Recipe.Name} --output {Path.GetFileName(request.Output)}";
        await WriteAsync(
            training, network, recipe.Calibration, recipe.AcceptanceEvents, IdentityOf(recipe, command, request.Data.Name, table.Sha256),
            request.Output);
        return 0;
    }

    /// <exception cref="RequestException">There are too few events.</exception>
    public static ObjectFlowTraining Prepare(PointTable table, ObjectFlowRecipe recipe, int threads, int checkpointSteps)
    {
        try
        {
            return new ObjectFlowTraining(table, recipe, threads, checkpointSteps);
        }
        catch (ArgumentException e)
        {
            throw new RequestException(RequestFault.BadValue, e.Message);
        }
    }

    /// <summary>The model of a recipe; cross-sections stand with its points.</summary>
    public static ModelIdentity IdentityOf(ObjectFlowRecipe recipe, string command, string dataFile, string dataSha256) =>
        new(recipe.Name, recipe.Process, recipe.Description, double.NaN, command, dataFile, dataSha256);

    /// <summary>Trains the networks, from the checkpoint or from the beginning.</summary>
    /// <exception cref="IOException">There is a checkpoint of a run that is not to be continued.</exception>
    public static async Task<ObjectFlowNetwork> TrainAsync(
        ObjectFlowTraining training, EventSample sample, string checkpoint, bool resume, CancellationToken cancellation)
    {
        if (resume)
        {
            training.Trainer.Resume(checkpoint);
        }
        else if (File.Exists(checkpoint))
        {
            throw new IOException($"Checkpoint '{checkpoint}' exists. Continue it with --resume, or delete it to start again.");
        }

        await Console.Error.WriteLineAsync(
            $"{sample.Count:N0} events of {sample.ProcessName}, {training.Trainer.TotalSteps:N0} steps, "
                + $"from epoch {training.Trainer.Epoch + 1}");
        return await Task.Run(
            () => training.Trainer.Run(checkpoint, new TrainingDisplay(Console.Error, TimeProvider.System).Show, cancellation),
            cancellation);
    }

    /// <summary>Calibrates the azimuths, measures the acceptance and writes the model file.</summary>
    public static async Task WriteAsync(
        ObjectFlowTraining training, ObjectFlowNetwork network, CalibrationOptions calibration, long acceptanceEvents,
        ModelIdentity identity, string output)
    {
        ModelDocument? document = null;
        await using (var file = OutputFile.Open(output))
        {
            var calibrated = (long)calibration.Rounds * calibration.Events;
            await Terminal.ProgressAsync("calibrating the azimuths", calibrated, progress => Task.Run(() =>
                training.Calibrate(network, calibration, progress)));
            await Terminal.ProgressAsync("measuring the acceptance", acceptanceEvents, progress => Task.Run(() =>
                document = training.Write(network, identity, acceptanceEvents, file.Stream, progress)));
            await file.CompleteAsync();
        }

        await Console.Error.WriteLineAsync(
            $"{output}: validation loss {document!.Training.ValidationLoss:F4} nat (epoch {document.Training.BestEpoch + 1} of "
                + $"{document.Training.Epochs}), "
            + $"acceptance {document.Acceptance:F4} +- {document.AcceptanceError:F4}");
    }
}
