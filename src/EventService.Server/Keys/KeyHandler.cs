using System.Security.Claims;
using System.Text.Encodings.Web;

using EventService.Registry.Keys;
using EventService.Server.Callers;
using EventService.Server.Problems;
using EventService.Server.Settings;

using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace EventService.Server.Keys;

/// <summary>
/// The scheme of API keys: "Authorization: Bearer esk_...". A header of another form, an unknown key and one that has ended fail with the
/// sentence for the client.
/// </summary>
internal sealed class KeyHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, UrlEncoder encoder, KeyCache cache, KeyStore keys, ServerSettings settings)
    // Without a log of its own: the line of the request says all of it.
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, NullLoggerFactory.Instance, encoder)
{
    public const string Name = "Key";

    /// <exception cref="Registry.RegistryException">The database is away, and the key is not known without it.</exception>
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Request.Headers.Authorization.Count == 0)
        {
            return AuthenticateResult.NoResult();
        }

        if (BearerHeader.Read(Request) is not { } given || !BearerHeader.IsKey(given))
        {
            return Refused(
                $"The Authorization header holds no key of this service, expected 'Bearer {KeyStore.Prefix}...'{settings.Jwt.OrToken}.");
        }

        if (await cache.FindAsync(given, Context.RequestAborted) is not { } key)
        {
            return Refused("The key is not known here. Was it copied whole? 'eventservice keys list' shows those there are.");
        }

        var state = keys.StateOf(key);
        if (state != "valid")
        {
            return Refused($"Key {key.Id} of '{key.Name}' is {state}. Ask an administrator for a new one.");
        }

        var caller = new Caller(key.Name, key.Id, KeyScope.Parse(key.Scopes), new KeyQuota(key.EventsPerSecond, key.ConcurrentRequests));
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new CallerIdentity(caller, Name)), Name));
    }

    private static AuthenticateResult Refused(string sentence) =>
        AuthenticateResult.Fail(new ProblemException(StatusCodes.Status401Unauthorized, sentence));
}
