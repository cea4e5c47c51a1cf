using EventService.Models.ObjectFlow.Azimuths;

namespace EventService.Training.ObjectFlow;

/// <summary>
/// How the tables of a trained model's azimuths are brought to agreement with the data: see <see cref="AzimuthCorrelations"/>.
/// </summary>
public sealed record CalibrationOptions
{
    /// <summary>Rounds of drawing and moving; 0 leaves the tables as they were fitted before the training.</summary>
    public int Rounds { get; init; } = 12;

    /// <summary>Events drawn in each round.</summary>
    public int Events { get; init; } = 256 * 1024;
}
