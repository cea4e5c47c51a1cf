using EventService.Registry.Tables;

namespace EventService.Registry.Keys;

/// <summary>The keys in a database, as one person manages them.</summary>
public sealed class KeyCatalog(KeyStore keys, string actor) : IKeyCatalog
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<KeyResponse>> ListAsync(CancellationToken cancellationToken = default) =>
        [.. (await keys.ListAsync(cancellationToken)).Select(Response)];

    /// <inheritdoc/>
    public async Task<IssuedKeyResponse> CreateAsync(CreateKeyRequest request, CancellationToken cancellationToken = default)
    {
        var (key, row) = await keys.CreateAsync(request, actor, cancellationToken);
        return new IssuedKeyResponse(key, Response(row));
    }

    /// <inheritdoc/>
    public async Task<IssuedKeyResponse> RotateAsync(long id, RotateKeyRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var (key, row) = await keys.RotateAsync(id, TimeSpan.FromSeconds(request.OverlapSeconds), actor, cancellationToken);
        return new IssuedKeyResponse(key, Response(row));
    }

    /// <inheritdoc/>
    public async Task<KeyResponse> RevokeAsync(long id, CancellationToken cancellationToken = default) =>
        Response(await keys.RevokeAsync(id, cancellationToken));

    private KeyResponse Response(ApiKey key) => new(
        key.Id, key.Name, KeyScope.Parse(key.Scopes), keys.StateOf(key), key.EventsPerSecond, key.ConcurrentRequests,
        key.CreatedBy, key.CreatedAt, key.ExpiresAt, key.RevokedAt);
}
