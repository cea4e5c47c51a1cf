namespace EventService.Registry.Tables;

/// <summary>A finished file of a job. Table <c>job_part</c>.</summary>
public sealed class JobPart
{
    public required long JobId { get; init; }

    /// <summary>0, 1, 2, ... in the order of the events.</summary>
    public required int Number { get; init; }

    public required long Bytes { get; init; }

    /// <summary>Lower-case hexadecimal.</summary>
    public required string Sha256 { get; init; }
}
