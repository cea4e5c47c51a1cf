namespace EventService.Registry.Tables;

/// <summary>Work that outlives the request that asked for it, and the server that began it. Table <c>job</c>.</summary>
public sealed class Job
{
    public long Id { get; init; }

    /// <summary>What is to be done, such as "generate".</summary>
    public required string Kind { get; init; }

    /// <summary>Its parameters (JSON).</summary>
    public required string Request { get; init; }

    /// <summary>queued, running, done, failed or cancelled.</summary>
    public required string State { get; set; }

    /// <summary>Whose quota it counts to; null for a job without a key.</summary>
    public long? ApiKeyId { get; init; }

    /// <summary>Who works on it, until <see cref="LeaseUntil"/>; after that another worker may take it.</summary>
    public string? Worker { get; set; }

    public DateTime? LeaseUntil { get; set; }

    /// <summary>How often it was begun.</summary>
    public int Attempts { get; set; }

    /// <summary>Events done.</summary>
    public long Done { get; set; }

    /// <summary>What came out (JSON).</summary>
    public string? Result { get; set; }

    /// <summary>The sentence that says why it failed.</summary>
    public string? Error { get; set; }

    public required DateTime CreatedAt { get; init; }

    public DateTime? StartedAt { get; set; }

    public DateTime? FinishedAt { get; set; }

    /// <summary>Counts the changes; two workers cannot both take it.</summary>
    public int Revision { get; set; }
}
