using System.Collections.Frozen;

using EventService.Registry.Databases;
using EventService.Registry.Tables;

namespace EventService.Registry.Keys;

/// <summary>
/// All keys in memory, read anew all the time, so that a request asks the database only for a key never seen. While the database is
/// away, keys that were known then go on working for a set time; of an unknown one nobody can say whether it is valid.
/// </summary>
/// <param name="keys">The database.</param>
/// <param name="time">For the age of what is known.</param>
/// <param name="trustedWhileAway">How long known keys work without the database.</param>
public sealed class KeyCache(KeyStore keys, TimeProvider time, TimeSpan trustedWhileAway)
{
    private readonly Lock _lock = new();
    private volatile Snapshot _known = new(FrozenDictionary<string, ApiKey>.Empty, DateTimeOffset.MinValue);
    private volatile bool _away;

    /// <summary>Reads all keys.</summary>
    /// <exception cref="System.Data.Common.DbException">The database is away, or EF's exception around that; what was known is
    /// kept.</exception>
    public async Task RefreshAsync(CancellationToken cancellationToken = default)
    {
        var at = time.GetUtcNow();
        try
        {
            var all = await keys.ListAsync(cancellationToken);
            lock (_lock)
            {
                // Of two at once, the one that began later has seen more: what was just revoked does not come back.
                if (at >= _known.ReadAt)
                {
                    _known = new Snapshot(all.ToFrozenDictionary(k => k.Hash, StringComparer.Ordinal), at);
                }
            }

            _away = false;
        }
        catch (Exception e) when (DatabaseFailure.Is(e))
        {
            _away = true;
            throw;
        }
    }

    /// <summary>The row of a key, valid or not; null if there is none.</summary>
    /// <exception cref="RegistryException">The database is away, and the key is unknown or has been trusted long enough.</exception>
    public async ValueTask<ApiKey?> FindAsync(string key, CancellationToken cancellationToken = default)
    {
        var digest = KeyStore.Digest(key);
        var known = _known;
        if (known.ByDigest.TryGetValue(digest, out var row))
        {
            return time.GetUtcNow() - known.ReadAt <= trustedWhileAway
                ? row
                : throw new RegistryException(RegistryFault.Unusable,
                    $"The registry's database has been away since {known.ReadAt.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z; keys are trusted without it for {trustedWhileAway}. Try again when it is back.");
        }

        if (_away)
        {
            throw new RegistryException(RegistryFault.Unusable, "The registry's database is away, and this server has not seen the key before. Try again shortly.");
        }

        var found = await keys.FindAsync(digest, cancellationToken);
        if (found is not null)
        {
            await RememberAsync(cancellationToken);
        }

        return found;
    }

    /// <summary>
    /// Reads all keys after one has been met that is newer than what is known: from now on it works without the database too.
    /// </summary>
    private async Task RememberAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RefreshAsync(cancellationToken);
        }
        catch (Exception e) when (DatabaseFailure.Is(e))
        {
            // It was there a moment ago; the caller's key is found all the same.
        }
    }

    private sealed record Snapshot(FrozenDictionary<string, ApiKey> ByDigest, DateTimeOffset ReadAt);
}
