namespace EventService.Training.Runs;

/// <summary>A part of a run that is trained on its own, with a checkpoint of its own.</summary>
/// <param name="title">What is trained, as in "4,000 events of ttbar, 1,200 parameters".</param>
/// <param name="trainer">Trains it; resumed or not, it has yet to be run.</param>
/// <param name="completed">Called once the trainer has run to the end.</param>
public sealed class TrainingStage(string title, Trainer trainer, Action? completed = null)
{
    /// <summary>What is trained, as in "4,000 events of ttbar, 1,200 parameters".</summary>
    public string Title => title;

    /// <summary>Trains it.</summary>
    public Trainer Trainer => trainer;

    /// <summary>Trains to the end, writing checkpoints.</summary>
    /// <param name="checkpoint">File for checkpoints; null for none.</param>
    /// <param name="progress">Called after each step and each epoch.</param>
    /// <param name="cancellation">Stops after the current step; a checkpoint is written.</param>
    public void Run(string? checkpoint, Action<TrainingProgress> progress, CancellationToken cancellation)
    {
        trainer.Run(checkpoint, progress, cancellation);
        completed?.Invoke();
    }
}
