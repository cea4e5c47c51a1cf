namespace EventService.Registry.Tables;

/// <summary>A version was retired or taken back. Rows are added, never changed. Table <c>version_event</c>.</summary>
public sealed class VersionEvent
{
    public long Id { get; init; }

    public required long VersionId { get; init; }

    /// <summary>The state from then on: <see cref="ModelVersion.Active"/> or <see cref="ModelVersion.Retired"/>.</summary>
    public required string State { get; init; }

    public required string Actor { get; init; }

    public required string Reason { get; init; }

    public required DateTime At { get; init; }
}
