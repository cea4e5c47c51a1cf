using EventService.Models.Documents;

namespace EventService.Training.Runs;

/// <summary>
/// A training from its data to its model file: stages that are trained one after the other, then what has to be measured, then the file.
/// </summary>
public interface ITrainingRun
{
    /// <summary>
    /// Names of the stages, in their order. The checkpoint of a stage is CHECKPOINT.NAME, or CHECKPOINT where the name is empty.
    /// </summary>
    IReadOnlyList<string> Stages { get; }

    /// <summary>Prepares a stage; those before it have run.</summary>
    /// <exception cref="ArgumentException">It does not fit the events; the message is for the user.</exception>
    TrainingStage Begin(string stage);

    /// <summary>Measures what the model's document has to say, and writes the model; all stages have run.</summary>
    /// <param name="stream">Receives the file.</param>
    /// <param name="origin">What the model was made of.</param>
    /// <param name="progress">Told of the measurements.</param>
    ModelDocument Write(Stream stream, ModelOrigin origin, IMeasuringProgress progress);
}
