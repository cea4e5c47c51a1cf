namespace EventService.Evaluation;

/// <summary>How the floor was drawn.</summary>
/// <param name="PoolEvents">Monte Carlo events to draw from.</param>
/// <param name="SampleEvents">Events of each of the two samples.</param>
/// <param name="Resamplings">How often two samples were drawn.</param>
public sealed record FloorSummary(int PoolEvents, int SampleEvents, int Resamplings);
