using EventService.Registry.Keys;
using EventService.Server.Problems;

namespace EventService.Server.Keys;

/// <summary>Metadata of an endpoint: the scope that it takes.</summary>
internal sealed record NeededScope(string Scope);

/// <summary>Finds out who sends a request and whether they may, before any of its body is read.</summary>
internal sealed class KeyCheck(KeyCache cache, KeyStore keys, ServerSettings settings)
{
    private readonly IReadOnlyList<string> _anonymous = settings.ScopesOfAnonymous;

    /// <exception cref="ProblemException">401: no key where one is needed, or none that is valid; 403: a key that does not allow this.</exception>
    public async ValueTask<Caller> IdentifyAsync(HttpContext context, string? needed)
    {
        var caller = await CallerAsync(context.Request, context.RequestAborted);
        if (needed is null || KeyScope.Allow(caller.Scopes, needed))
        {
            return caller;
        }

        throw caller.KeyId is null
            ? new ProblemException(StatusCodes.Status401Unauthorized,
                $"No key is given, and without one this server allows {Listed(caller.Scopes)}; this takes '{needed}'. Send 'Authorization: Bearer {KeyStore.Prefix}...' with a key that has that scope.")
            : new ProblemException(StatusCodes.Status403Forbidden,
                $"Key {caller.KeyId} of '{caller.Name}' allows {Listed(caller.Scopes)}, this takes '{needed}'. Ask an administrator for a key that has that scope.");
    }

    private async ValueTask<Caller> CallerAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var header = request.Headers.Authorization.ToString();
        if (header.Length == 0)
        {
            return Caller.Anonymous(_anonymous);
        }

        const string scheme = "Bearer ";
        if (!header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) || !header.AsSpan(scheme.Length).Trim().StartsWith(KeyStore.Prefix, StringComparison.Ordinal))
        {
            throw new ProblemException(StatusCodes.Status401Unauthorized, $"The Authorization header holds no key of this service, expected 'Bearer {KeyStore.Prefix}...'.");
        }

        var key = await cache.FindAsync(header[scheme.Length..].Trim(), cancellationToken)
            ?? throw new ProblemException(StatusCodes.Status401Unauthorized, "The key is not known here. Was it copied whole? 'eventservice keys list' shows those there are.");
        var state = keys.StateOf(key);
        return state == "valid"
            ? new Caller(key.Name, key.Id, KeyScope.Parse(key.Scopes), new KeyQuota(key.EventsPerSecond, key.ConcurrentRequests))
            : throw new ProblemException(StatusCodes.Status401Unauthorized, $"Key {key.Id} of '{key.Name}' is {state}. Ask an administrator for a new one.");
    }

    private static string Listed(IReadOnlyList<string> scopes) => scopes.Count == 0 ? "nothing" : string.Join(", ", scopes.Select(s => $"'{s}'"));
}
