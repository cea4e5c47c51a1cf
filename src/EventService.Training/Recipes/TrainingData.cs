using EventService.Physics.Events;

namespace EventService.Training.Recipes;

/// <summary>What a recipe takes from its file or folder.</summary>
/// <param name="sample">All events.</param>
/// <param name="sha256">Digest of the file, or of the list of files as sha256sum prints it.</param>
public class TrainingData(EventSample sample, string sha256)
{
    /// <summary>All events.</summary>
    public EventSample Sample => sample;

    /// <summary>Digest of the file, or of the list of files as sha256sum prints it.</summary>
    public string Sha256 => sha256;
}
