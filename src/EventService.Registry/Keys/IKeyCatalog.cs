namespace EventService.Registry.Keys;

/// <summary>The keys of a registry, for who may manage them: in a database (<see cref="KeyCatalog"/>) or over HTTP.</summary>
public interface IKeyCatalog
{
    /// <summary>All keys, valid or not, without the keys themselves.</summary>
    Task<IReadOnlyList<KeyResponse>> ListAsync(CancellationToken cancellationToken = default);

    /// <summary>Makes a key. What is returned is the only time that it is shown.</summary>
    Task<IssuedKeyResponse> CreateAsync(CreateKeyRequest request, CancellationToken cancellationToken = default);

    /// <summary>Makes a successor with the same name, scopes and quota; the old key ends at once, or later by request.</summary>
    Task<IssuedKeyResponse> RotateAsync(long id, RotateKeyRequest request, CancellationToken cancellationToken = default);

    /// <summary>Ends a key; one that has ended stays as it is.</summary>
    Task<KeyResponse> RevokeAsync(long id, CancellationToken cancellationToken = default);
}

/// <summary>A key is to be made.</summary>
/// <param name="Name">Whose it is; histories show it.</param>
/// <param name="Scopes">Any of read, generate, publish, admin, separated by spaces or commas.</param>
/// <param name="EventsPerSecond">Null for no limit.</param>
/// <param name="ConcurrentRequests">Null for no limit.</param>
/// <param name="ExpiresAt">Null for never.</param>
public sealed record CreateKeyRequest(string Name, string Scopes = "read generate", long? EventsPerSecond = null, int? ConcurrentRequests = null, DateTimeOffset? ExpiresAt = null);

/// <summary>A key is to be replaced.</summary>
/// <param name="OverlapSeconds">How long the old one still works.</param>
public sealed record RotateKeyRequest(int OverlapSeconds = 0);

/// <summary>A key as it may be shown: without the key.</summary>
/// <param name="Id">What names it here.</param>
/// <param name="Name">Whose it is.</param>
/// <param name="Scopes">What it allows.</param>
/// <param name="State">"valid", "expired" or "revoked".</param>
/// <param name="EventsPerSecond">Null for no limit.</param>
/// <param name="ConcurrentRequests">Null for no limit.</param>
/// <param name="CreatedBy">Who made it.</param>
/// <param name="CreatedAt">When.</param>
/// <param name="ExpiresAt">Null for never.</param>
/// <param name="RevokedAt">Null if it was not.</param>
public sealed record KeyResponse(
    long Id, string Name, IReadOnlyList<string> Scopes, string State, long? EventsPerSecond, int? ConcurrentRequests,
    string CreatedBy, DateTime CreatedAt, DateTime? ExpiresAt, DateTime? RevokedAt);

/// <summary>A new key.</summary>
/// <param name="Key">The key itself; the registry keeps only its digest.</param>
/// <param name="Details">What it may do.</param>
public sealed record IssuedKeyResponse(string Key, KeyResponse Details);
