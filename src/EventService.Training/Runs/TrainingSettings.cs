using EventService.Models;

namespace EventService.Training.Runs;

/// <summary>What a training is told besides recipe and data.</summary>
/// <param name="Threads">Threads; no influence on the result.</param>
/// <param name="CheckpointSteps">Steps between checkpoints.</param>
/// <param name="Teacher">A model to train from, where the family can; null to begin anew.</param>
public sealed record TrainingSettings(int Threads, int CheckpointSteps, EventGenerator? Teacher = null);
