using System.Net.Http.Headers;

using EventService.FunctionalTests.Databases;

namespace EventService.FunctionalTests.Tokens;

/// <summary>A service that takes the tokens of a provider: a scope gives 'read', groups give 'generate' and 'publish'.</summary>
internal sealed class TokenService(string authority, TestRegistry? registry = null, params (string Name, string Value)[] settings)
    : RunningService(workers: 2, registry: registry, settings:
    [
        ("AnonymousScopes", "none"), ("Jwt:Authority", authority), ("Jwt:Audience", "eventservice"), ("Jwt:ClockSkewSeconds", "0"),
        .. Map(0, "scope", "events.read", "read"), .. Map(1, "groups", "physics", "generate"), .. Map(2, "groups", "analysis", "publish"),
        .. Map(3, "scope", "events.generate", "generate"),
        .. settings,
    ])
{
    public HttpClient ClientOf(string token)
    {
        var client = CreateClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    private static (string, string)[] Map(int number, string claim, string value, string scope) =>
        [($"Jwt:Scopes:{number}:Claim", claim), ($"Jwt:Scopes:{number}:Value", value), ($"Jwt:Scopes:{number}:Scope", scope)];
}
