namespace EventService.Registry.Keys;

/// <summary>How much one caller may ask for, over all of a key's requests on one server.</summary>
/// <param name="EventsPerSecond">Null for no limit.</param>
/// <param name="ConcurrentRequests">Null for no limit.</param>
public sealed record KeyQuota(long? EventsPerSecond, int? ConcurrentRequests)
{
    public static KeyQuota None { get; } = new(null, null);
}
