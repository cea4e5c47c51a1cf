namespace EventService.Registry.Tables;

/// <summary>Work that outlives the request that asked for it, and the server that began it. Table <c>job</c>.</summary>
public sealed class Job
{
    public long Id { get; init; }

    /// <summary>What is to be done, such as "generate".</summary>
    public required string Kind { get; init; }

    /// <summary>Its parameters and the receipt of what comes out (JSON).</summary>
    public required string Request { get; init; }

    /// <summary>One of the states that <c>JobState</c> lists.</summary>
    public required string State { get; set; }

    /// <summary>Name of the key that it was asked for with; keys that follow upon it share the name.</summary>
    public required string Owner { get; init; }

    /// <summary>Whose quota it counts to; null for a job without a key.</summary>
    public long? ApiKeyId { get; init; }

    /// <summary>What the owner calls the request, so that it can be sent again; null where it has no name.</summary>
    public string? RequestId { get; init; }

    /// <summary>Who works on it, until <see cref="LeaseUntil"/>; after that another worker may take it.</summary>
    public string? Worker { get; set; }

    /// <summary>End of the worker's lease; in a queued job, the time before which nobody begins it.</summary>
    public DateTime? LeaseUntil { get; set; }

    /// <summary>Which folder of jobs holds its files; null before it is first begun.</summary>
    public string? Folder { get; set; }

    /// <summary>How often it was begun since the last part was finished or the job was handed back.</summary>
    public int Attempts { get; set; }

    /// <summary>Events done.</summary>
    public long Done { get; set; }

    /// <summary>How fast the present worker is; 0 while nobody works on it.</summary>
    public double EventsPerSecond { get; set; }

    /// <summary>What came out (JSON).</summary>
    public string? Result { get; set; }

    /// <summary>The sentence that says why it failed, or why it waits.</summary>
    public string? Error { get; set; }

    public required DateTime CreatedAt { get; init; }

    public DateTime? StartedAt { get; set; }

    public DateTime? FinishedAt { get; set; }

    /// <summary>Counts the changes; two workers cannot both take it.</summary>
    public int Revision { get; set; }

    public List<JobPart> Parts { get; init; } = [];
}
