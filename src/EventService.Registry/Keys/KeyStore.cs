using System.Security.Cryptography;
using System.Text;

using EventService.Registry.Databases;
using EventService.Registry.Tables;

using Microsoft.EntityFrameworkCore;

namespace EventService.Registry.Keys;

/// <summary>The API keys in the database. Only digests are kept: who reads the database cannot use what is in it.</summary>
public sealed class KeyStore(IDbContextFactory<RegistryContext> contexts, TimeProvider time)
{
    /// <summary>What every key begins with, so that a leaked one is found by searching for it.</summary>
    public const string Prefix = "esk_";

    // As many bits as the digest has: it can be neither guessed nor, from the digest, found, and so needs no slow hash.
    private const int SecretBytes = 32;

    /// <summary>Digest of a key, as it is stored.</summary>
    public static string Digest(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    /// <summary>"valid", "expired" or "revoked".</summary>
    public string StateOf(ApiKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var now = time.GetUtcNow().UtcDateTime;
        return key.RevokedAt <= now ? "revoked" : key.ExpiresAt <= now ? "expired" : "valid";
    }

    /// <summary>All keys, in the order in which they were made.</summary>
    public async Task<IReadOnlyList<ApiKey>> ListAsync(CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.ApiKeys.AsNoTracking().OrderBy(k => k.Id).ToListAsync(cancellationToken);
    }

    /// <summary>The key with this digest; null if there is none.</summary>
    public async Task<ApiKey?> FindAsync(string digest, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.ApiKeys.AsNoTracking().SingleOrDefaultAsync(k => k.Hash == digest, cancellationToken);
    }

    /// <summary>Makes a key.</summary>
    /// <exception cref="RegistryException">The name is in use or not allowed, a scope is not known, or a limit makes no sense.</exception>
    public async Task<(string Key, ApiKey Row)> CreateAsync(CreateKeyRequest request, string actor, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        RegistryName.RequireActor("name of the key", request.Name);
        var scopes = KeyScope.Parse(request.Scopes);
        if (scopes.Count == 0)
        {
            throw new RegistryException(RegistryFault.Invalid, $"The key would allow nothing, expected scopes among {string.Join(", ", KeyScope.All)}.");
        }

        if (request.EventsPerSecond < 1 || request.ConcurrentRequests < 1)
        {
            throw new RegistryException(RegistryFault.Invalid, "A quota below 1 lets nothing through, expected 1 or more, or none for no limit.");
        }

        var now = time.GetUtcNow();
        if (request.ExpiresAt <= now)
        {
            throw new RegistryException(RegistryFault.Invalid, $"The key would expire at {request.ExpiresAt:O}, expected a time that is to come.");
        }

        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var sameName = await context.ApiKeys.AsNoTracking().Where(k => k.Name == request.Name).ToListAsync(cancellationToken);
        if (sameName.Find(k => StateOf(k) == "valid") is { } taken)
        {
            throw new RegistryException(RegistryFault.Conflict, $"The name '{request.Name}' is that of key {taken.Id}, and the history tells people apart by it. Rotate that key, revoke it, or take another name.");
        }

        return await AddAsync(context, request.Name, string.Join(' ', scopes), request.EventsPerSecond, request.ConcurrentRequests, request.ExpiresAt?.UtcDateTime, actor, cancellationToken);
    }

    /// <summary>Makes a successor; one transaction ends the old key, at once or after the overlap.</summary>
    /// <exception cref="RegistryException">There is no such key, or it has ended already.</exception>
    public async Task<(string Key, ApiKey Row)> RotateAsync(long id, TimeSpan overlap, string actor, CancellationToken cancellationToken = default)
    {
        if (overlap < TimeSpan.Zero)
        {
            throw new RegistryException(RegistryFault.Invalid, $"The overlap is {overlap.TotalSeconds} seconds, expected 0 or more.");
        }

        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        var old = await KeyAsync(context, id, cancellationToken);
        if (StateOf(old) != "valid")
        {
            throw new RegistryException(RegistryFault.Conflict, $"Key {id} of '{old.Name}' is {StateOf(old)}. Make a new one.");
        }

        // The one row that two rotations would both change: the second waits here and finds it ended.
        var now = time.GetUtcNow().UtcDateTime;
        var ended = overlap == TimeSpan.Zero
            ? await context.ApiKeys.Where(k => k.Id == id && k.RevokedAt == null && k.ExpiresAt == old.ExpiresAt).ExecuteUpdateAsync(u => u.SetProperty(k => k.RevokedAt, now), cancellationToken)
            : await context.ApiKeys.Where(k => k.Id == id && k.RevokedAt == null && k.ExpiresAt == old.ExpiresAt)
                .ExecuteUpdateAsync(u => u.SetProperty(k => k.ExpiresAt, old.ExpiresAt < now + overlap ? old.ExpiresAt : now + overlap), cancellationToken);
        if (ended == 0)
        {
            throw new RegistryException(RegistryFault.Conflict, $"Key {id} of '{old.Name}' was rotated or revoked by somebody else just now. Look at the keys again.");
        }

        var issued = await AddAsync(context, old.Name, old.Scopes, old.EventsPerSecond, old.ConcurrentRequests, old.ExpiresAt, actor, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return issued;
    }

    /// <summary>Ends a key.</summary>
    /// <exception cref="RegistryException">There is no such key.</exception>
    public async Task<ApiKey> RevokeAsync(long id, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow().UtcDateTime;
        await context.ApiKeys.Where(k => k.Id == id && k.RevokedAt == null).ExecuteUpdateAsync(u => u.SetProperty(k => k.RevokedAt, now), cancellationToken);
        return await KeyAsync(context, id, cancellationToken);
    }

    private async Task<(string Key, ApiKey Row)> AddAsync(
        RegistryContext context, string name, string scopes, long? eventsPerSecond, int? concurrentRequests, DateTime? expiresAt, string actor, CancellationToken cancellationToken)
    {
        var key = Prefix + System.Buffers.Text.Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));
        var row = new ApiKey
        {
            Name = name,
            Hash = Digest(key),
            Scopes = scopes,
            EventsPerSecond = eventsPerSecond,
            ConcurrentRequests = concurrentRequests,
            CreatedBy = actor,
            CreatedAt = time.GetUtcNow().UtcDateTime,
            ExpiresAt = expiresAt,
        };
        context.ApiKeys.Add(row);
        await context.SaveChangesAsync(cancellationToken);
        return (key, row);
    }

    private static async Task<ApiKey> KeyAsync(RegistryContext context, long id, CancellationToken cancellationToken)
    {
        if (await context.ApiKeys.AsNoTracking().SingleOrDefaultAsync(k => k.Id == id, cancellationToken) is { } key)
        {
            return key;
        }

        var ids = await context.ApiKeys.OrderBy(k => k.Id).Select(k => k.Id).ToListAsync(cancellationToken);
        throw new RegistryException(RegistryFault.NotFound, $"There is no key {id}. Keys: {(ids.Count == 0 ? "none" : string.Join(", ", ids))}.");
    }
}
