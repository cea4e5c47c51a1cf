namespace EventService.Registry.Tables;

/// <summary>An evaluation report of a version. Table <c>validation_card</c>.</summary>
public sealed class ValidationCard
{
    public long Id { get; init; }

    public long VersionId { get; init; }

    /// <summary>The report (JSON).</summary>
    public required string Content { get; init; }

    /// <summary>Whether the report passes its gates.</summary>
    public required bool Passed { get; init; }

    public required string CreatedBy { get; init; }

    public required DateTime CreatedAt { get; init; }
}
