using EventService.Registry;
using EventService.Registry.Keys;

namespace EventService.Server.Settings;

/// <summary>
/// Section "EventService:Jwt": tokens (JWT) of an OpenID provider, such as an institute's, which are taken beside API keys.
/// </summary>
public sealed record JwtSettings
{
    /// <summary>
    /// The provider's issuer, such as https://login.institute.example/realms/physics: its keys are found from there. Empty for none.
    /// </summary>
    public string Authority { get; init; } = "";

    /// <summary>What the claim aud must hold: this service, as the provider calls it.</summary>
    public string Audience { get; init; } = "";

    /// <summary>The claim that names who sends a token; if empty, preferred_username, or sub where there is none.</summary>
    public string NameClaim { get; init; } = "";

    /// <summary>Which claims give which scopes.</summary>
    public IReadOnlyList<ClaimScope> Scopes { get; init; } = [];

    /// <summary>How far the provider's clock and this one may differ.</summary>
    public int ClockSkewSeconds { get; init; } = 60;

    /// <summary>Events a second of each who sends tokens; null for no limit.</summary>
    public long? EventsPerSecond { get; init; }

    /// <summary>Requests under way of each who sends tokens; null for no limit.</summary>
    public int? ConcurrentRequests { get; init; }

    internal bool IsUsed => Authority.Length > 0;

    internal KeyQuota Quota => new(EventsPerSecond, ConcurrentRequests);

    /// <summary>For sentences that name a key first.</summary>
    internal string OrToken => IsUsed ? $", or a token of {Authority}" : "";

    /// <summary>Whether the keys may come in clear text: they do not leave this machine.</summary>
    internal bool IsLoopback => new Uri(Authority).IsLoopback;

    /// <exception cref="InvalidOperationException">A setting is missing, or makes no sense.</exception>
    internal void RequireComplete()
    {
        if (!Uri.TryCreate(Authority, UriKind.Absolute, out var uri)
            || !(uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback)))
        {
            throw new InvalidOperationException(
                $"Jwt:Authority is '{Authority}', expected the https address of an OpenID provider (http only on this machine): "
                + "the keys that tokens are checked with come from there.");
        }

        if (Audience.Length == 0)
        {
            throw new InvalidOperationException(
                "Jwt:Audience is missing, expected the provider's name for this service: "
                + "without it tokens that are meant for others would be taken.");
        }

        if (Scopes.Count == 0)
        {
            throw new InvalidOperationException(
                "Jwt:Scopes is empty: no token would allow anything. "
                + "Expected entries such as { \"Claim\": \"groups\", \"Value\": \"physics\", \"Scope\": \"generate\" }.");
        }

        if (Scopes.FirstOrDefault(s => s.Claim.Length == 0 || s.Value.Length == 0 || !KeyScope.All.Contains(s.Scope)) is { } wrong)
        {
            throw new InvalidOperationException(
                $"Jwt:Scopes has an entry with claim '{wrong.Claim}', value '{wrong.Value}' and scope '{wrong.Scope}', "
                + $"expected all three, the scope one of {string.Join(", ", KeyScope.All)}.");
        }

        if (ClockSkewSeconds is < 0 or > 3600 || EventsPerSecond < 1 || ConcurrentRequests < 1)
        {
            throw new InvalidOperationException(
                $"Jwt:ClockSkewSeconds is {ClockSkewSeconds}, expected 0 to 3600; EventsPerSecond is {EventsPerSecond} "
                + $"and ConcurrentRequests {ConcurrentRequests}, expected 1 or more, or none for no limit.");
        }
    }
}

/// <summary>A value of a claim gives a scope.</summary>
public sealed record ClaimScope
{
    /// <summary>Name of the claim, such as groups; scope and scp are lists separated by spaces.</summary>
    public string Claim { get; init; } = "";

    /// <summary>The value, as the provider writes it; one of several is enough.</summary>
    public string Value { get; init; } = "";

    /// <summary>One of read, generate, publish, admin.</summary>
    public string Scope { get; init; } = "";
}
