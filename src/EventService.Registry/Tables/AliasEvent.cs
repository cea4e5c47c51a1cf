namespace EventService.Registry.Tables;

/// <summary>One move of an alias. Rows are added, never changed. Table <c>alias_event</c>.</summary>
public sealed class AliasEvent
{
    public long Id { get; init; }

    public required long ModelId { get; init; }

    public required string Alias { get; init; }

    /// <summary>Null where the alias was new.</summary>
    public required long? FromVersionId { get; init; }

    /// <summary>Null where the alias was removed.</summary>
    public required long? ToVersionId { get; init; }

    public required string Actor { get; init; }

    public required string Reason { get; init; }

    /// <summary>Why <c>production</c> could be moved, as <c>AliasGrounds</c> lists it; null for other aliases and for removals.</summary>
    public string? Grounds { get; init; }

    public required DateTime At { get; init; }
}
