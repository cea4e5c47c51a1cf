namespace EventService.Registry.Jobs;

/// <summary>What a job can be.</summary>
public static class JobState
{
    /// <summary>Waits for a server, or for the cause that its error names to go away.</summary>
    public const string Queued = "queued";

    /// <summary>A server works on it, or did until it died and the lease runs out.</summary>
    public const string Running = "running";

    /// <summary>All parts and the manifest are there.</summary>
    public const string Done = "done";

    /// <summary>It cannot be done; its error says why.</summary>
    public const string Failed = "failed";

    /// <summary>Somebody did not want it any more. It has no files.</summary>
    public const string Cancelled = "cancelled";

    /// <summary>It was done or failed, and its files have been deleted since.</summary>
    public const string Deleted = "deleted";

    public static IReadOnlyList<string> All { get; } = [Queued, Running, Done, Failed, Cancelled, Deleted];

    /// <summary>Whether the job may still produce something.</summary>
    public static bool IsActive(string state) => state is Queued or Running;
}
