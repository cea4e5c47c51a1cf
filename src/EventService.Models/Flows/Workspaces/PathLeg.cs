namespace EventService.Models.Flows.Workspaces;

/// <summary>
/// A part of a path: which leg of the field, and from which of its times to which, each from 0 to 1; backwards where To is before From.
/// </summary>
internal readonly record struct PathLeg(int Leg, double From, double To)
{
    /// <summary>Steps of this part, given those of a whole leg.</summary>
    public int Steps(int ofALeg) => Math.Max(1, (int)Math.Ceiling((ofALeg * Math.Abs(To - From)) - 1e-9));
}
