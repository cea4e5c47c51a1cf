using System.Globalization;

using EventService.Generation.Requests;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Training;
using EventService.Training.Runs;

namespace EventService.Cli;

/// <summary>Drives a training of any family: its stages with their checkpoints and progress, its measurements, its file.</summary>
internal static class TrainingLoop
{
    /// <summary>Prepares a run, or a part of one.</summary>
    /// <exception cref="RequestException">Recipe and data do not fit each other.</exception>
    public static T Prepare<T>(Func<T> prepare)
    {
        try
        {
            return prepare();
        }
        catch (ArgumentException e)
        {
            throw new RequestException(RequestFault.BadValue, e.Message);
        }
    }

    /// <summary>Trains all stages, from their checkpoints or from the beginning.</summary>
    /// <param name="run">The run.</param>
    /// <param name="checkpoint">Checkpoint of a stage without a name; those of others have their name behind a dot. Null for none.</param>
    /// <param name="resume">Whether to continue; stages that were not begun before begin anew.</param>
    /// <param name="cancellation">Stops after the current step; a checkpoint is written.</param>
    /// <exception cref="IOException">There is a checkpoint of a run that is not to be continued, or none of one that is.</exception>
    public static async Task TrainAsync(ITrainingRun run, string? checkpoint, bool resume, CancellationToken cancellation)
    {
        string? PathOf(string stage) => checkpoint is null || stage.Length == 0 ? checkpoint : $"{checkpoint}.{stage}";
        if (!resume && run.Stages.Select(PathOf).FirstOrDefault(File.Exists) is { } existing)
        {
            throw new IOException($"Checkpoint '{existing}' exists. Continue it with --resume, or delete it to start again.");
        }

        if (resume && PathOf(run.Stages[0]) is { } first && !File.Exists(first))
        {
            throw new FileNotFoundException(
                $"Checkpoint '{first}' not found, so there is nothing to continue. "
                + "Name it with --checkpoint, or leave --resume out to start.",
                first);
        }

        foreach (var name in run.Stages)
        {
            var stage = Prepare(() => run.Begin(name));
            if (File.Exists(PathOf(name)))
            {
                stage.Trainer.Resume(PathOf(name)!);
            }

            await Console.Error.WriteLineAsync($"{stage.Title}, {stage.Trainer.TotalSteps:N0} steps, from epoch {stage.Trainer.Epoch + 1}");
            var display = new TrainingDisplay(Console.Error, TimeProvider.System);
            await Task.Run(() => stage.Run(PathOf(name), display.Show, cancellation), cancellation);
        }
    }

    /// <summary>Measures what is left to be measured, and writes the model file.</summary>
    public static async Task WriteAsync(ITrainingRun run, ModelOrigin origin, string output)
    {
        ModelDocument document;
        await using (var file = OutputFile.Open(output))
        {
            document = await Terminal.MeasureAsync(progress => run.Write(file.Stream, origin, progress));
            await file.CompleteAsync();
        }

        var training = document.Training;
        var line = string.Create(
            CultureInfo.InvariantCulture,
            $"{output}: validation loss {training.ValidationLoss:F4} nat (epoch {training.BestEpoch + 1} of {training.Epochs})");
        await Console.Error.WriteLineAsync(document is { Acceptance: 1, AcceptanceError: 0 }
            ? line
            : string.Create(CultureInfo.InvariantCulture, $"{line}, acceptance {document.Acceptance:F4} +- {document.AcceptanceError:F4}"));
    }
}
