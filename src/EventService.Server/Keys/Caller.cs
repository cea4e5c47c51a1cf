using EventService.Registry;
using EventService.Registry.Keys;

using Microsoft.AspNetCore.Http.Features;

namespace EventService.Server.Keys;

/// <summary>Who sends a request: what quotas are counted by, and whom histories name.</summary>
/// <param name="Name">Name of the key, or "anonymous".</param>
/// <param name="KeyId">Null for a request without a key.</param>
/// <param name="Scopes">What is allowed.</param>
/// <param name="Quota">How much of it.</param>
internal sealed record Caller(string Name, long? KeyId, IReadOnlyList<string> Scopes, KeyQuota Quota)
{
    public static Caller Anonymous(IReadOnlyList<string> scopes) => new(RegistryName.Anonymous, null, scopes, KeyQuota.None);
}

internal static class CallerFeature
{
    /// <summary>Who sends this request, once <see cref="KeyCheck"/> has seen it.</summary>
    public static Caller Caller(this HttpContext context) => context.Features.GetRequiredFeature<Caller>();
}
