namespace EventService.Registry.Tables;

/// <summary>Who may do what, and how much of it. Table <c>api_key</c>.</summary>
public sealed class ApiKey
{
    public long Id { get; init; }

    /// <summary>Whose key it is; a key and its successor share the name.</summary>
    public required string Name { get; init; }

    /// <summary>Digest of the key, which itself is shown once and kept nowhere.</summary>
    public required string Hash { get; init; }

    /// <summary>Separated by spaces: read, generate, publish, admin.</summary>
    public required string Scopes { get; set; }

    /// <summary>Null for no limit.</summary>
    public long? EventsPerSecond { get; set; }

    /// <summary>Null for no limit.</summary>
    public int? ConcurrentRequests { get; set; }

    public required string CreatedBy { get; init; }

    public required DateTime CreatedAt { get; init; }

    /// <summary>Null for never.</summary>
    public DateTime? ExpiresAt { get; set; }

    /// <summary>Null while it is valid.</summary>
    public DateTime? RevokedAt { get; set; }
}
