using System.Security.Claims;

using EventService.Registry;
using EventService.Registry.Keys;
using EventService.Server.Settings;

namespace EventService.Server.Callers;

/// <summary>Who sends a request: what quotas are counted by, and whom histories name.</summary>
/// <param name="Name">Name of the key; ISSUER#NAME of somebody with a token, which no key can be named; or "anonymous".</param>
/// <param name="KeyId">Null for a request without a key.</param>
/// <param name="Scopes">What is allowed.</param>
/// <param name="Quota">How much of it.</param>
internal sealed record Caller(string Name, long? KeyId, IReadOnlyList<string> Scopes, KeyQuota Quota)
{
    public static Caller Anonymous(IReadOnlyList<string> scopes) => new(RegistryName.Anonymous, null, scopes, KeyQuota.None);

    /// <summary>
    /// What quotas and turns are counted by: two keys of one name have two accounts. Null for all who come without anything.
    /// </summary>
    public string? Account { get; } = KeyId is { } id ? $"key {id}" : Name == RegistryName.Anonymous ? null : Name;

    /// <summary>As sentences begin.</summary>
    public string Title => KeyId is null ? $"'{Name}'" : $"Key '{Name}'";
}

/// <summary>A caller as ASP.NET Core knows identities.</summary>
/// <param name="caller">Who it is.</param>
/// <param name="scheme">How that was found out.</param>
internal sealed class CallerIdentity(Caller caller, string scheme) : ClaimsIdentity([new Claim(DefaultNameClaimType, caller.Name)], scheme)
{
    public Caller Caller => caller;
}

internal static class CallerOfRequest
{
    /// <summary>Who sends this request; before authorisation has run, and where an endpoint takes no scope, nobody in particular.</summary>
    public static Caller Caller(this HttpContext context) => context.User.Identity is CallerIdentity identity
        ? identity.Caller
        : Callers.Caller.Anonymous(context.RequestServices.GetRequiredService<ServerSettings>().ScopesOfAnonymous);
}
