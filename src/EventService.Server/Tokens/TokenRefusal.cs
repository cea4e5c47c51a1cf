using EventService.Registry.Keys;
using EventService.Server.Settings;

using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace EventService.Server.Tokens;

/// <summary>What is wrong with a token, without the token.</summary>
internal static class TokenRefusal
{
    /// <param name="exception">What the library says.</param>
    /// <param name="token">The token.</param>
    /// <param name="settings">What was expected.</param>
    /// <param name="now">The time here.</param>
    public static string Sentence(Exception exception, string? token, JwtSettings settings, DateTimeOffset now) => exception switch
    {
        SecurityTokenExpiredException e =>
            $"The token expired at {Time(e.Expires)}, and here it is {Time(now.UtcDateTime)}. Get a new one from {settings.Authority}.",
        SecurityTokenNotYetValidException e =>
            $"The token holds from {Time(e.NotBefore)} on, and here it is {Time(now.UtcDateTime)}. Compare the clocks.",
        SecurityTokenInvalidAudienceException =>
            $"The token is for '{Short(string.Join(' ', new JsonWebToken(token).Audiences))}', expected '{settings.Audience}'. "
            + $"Ask {settings.Authority} for one with that audience.",
        SecurityTokenInvalidIssuerException e =>
            $"The token is one of '{Short(e.InvalidIssuer ?? "")}', expected one of {settings.Authority}.",
        SecurityTokenSignatureKeyNotFoundException =>
            $"The token is signed by a key that {settings.Authority} does not publish. Get a new one from there.",
        SecurityTokenInvalidSignatureException =>
            $"The token is not signed by {settings.Authority}, or was changed after that. Was it copied whole?",
        SecurityTokenNoExpirationException => "The token has no end (claim exp), and such tokens are not taken.",
        SecurityTokenMalformedException or ArgumentException =>
            $"The Authorization header holds neither a key of this service ('Bearer {KeyStore.Prefix}...') nor a token (JWT) "
            + $"of {settings.Authority}. Was it copied whole?",
        _ => $"The token is not valid here. Get a new one from {settings.Authority}.",
    };

    private static string Time(DateTime? utc) => $"{utc:yyyy-MM-dd HH:mm:ss}Z";

    private static string Short(string text) => text.Length == 0 ? "nobody" : text.Length <= 200 ? text : $"{text[..200]}...";
}
