using System.Security.Claims;

using EventService.Registry.Keys;
using EventService.Server.Callers;
using EventService.Server.Keys;
using EventService.Server.Logging;
using EventService.Server.Logging.Escaping;
using EventService.Server.Problems;
using EventService.Server.Settings;

namespace EventService.Server.Tokens;

/// <summary>Who a token speaks for, and what its claims give them.</summary>
internal static class TokenCaller
{
    private const int LongestName = 200;

    /// <param name="claims">The claims of a token that is valid.</param>
    /// <param name="issuer">Who vouches for them.</param>
    /// <param name="settings">What they mean here.</param>
    /// <exception cref="ProblemException">401: the token names nobody.</exception>
    public static Caller Of(IEnumerable<Claim> claims, string issuer, JwtSettings settings)
    {
        var all = claims.ToLookup(c => c.Type, c => c.Value, StringComparer.Ordinal);
        var given = settings.Scopes.Where(s => Values(all, s.Claim).Contains(s.Value)).Select(s => s.Scope).ToHashSet();
        return new Caller($"{issuer}#{NameIn(all, settings)}", null, [.. KeyScope.All.Where(given.Contains)], settings.Quota);
    }

    private static string NameIn(ILookup<string, string> claims, JwtSettings settings)
    {
        string[] wanted = settings.NameClaim.Length > 0 ? [settings.NameClaim] : ["preferred_username", "sub"];
        var name = wanted.SelectMany(claim => claims[claim]).FirstOrDefault(value => value.Length > 0)
            ?? throw Refused($"The token names nobody: it has no claim {string.Join(" or ", wanted.Select(c => $"'{c}'"))}.");
        return name.Length <= LongestName && !ControlCharacters.In(name)
            ? name
            : throw Refused(
                $"The token's name of its bearer has {name.Length} characters, expected at most {LongestName}, all of them visible.");
    }

    private static ProblemException Refused(string sentence) => new(StatusCodes.Status401Unauthorized, sentence);

    /// <summary>scope (RFC 9068) and scp are one text with spaces in it, or a list.</summary>
    private static IEnumerable<string> Values(ILookup<string, string> claims, string claim) =>
        claim is "scope" or "scp" ? claims[claim].SelectMany(v => v.Split(' ', StringSplitOptions.RemoveEmptyEntries)) : claims[claim];
}
