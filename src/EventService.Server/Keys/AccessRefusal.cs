using EventService.Registry.Keys;
using EventService.Server.Callers;
using EventService.Server.Problems;
using EventService.Server.Settings;

using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;

namespace EventService.Server.Keys;

/// <summary>What is refused is said as every other problem is, whatever the transport.</summary>
internal sealed class AccessRefusal(ServerSettings settings) : IAuthorizationMiddlewareResultHandler
{
    /// <exception cref="ProblemException">
    /// 401: nothing where a scope is needed, or what is not valid; 403: a key or token that does not allow this; 503: a token that
    /// cannot be checked now.
    /// </exception>
    public async Task HandleAsync(
        RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        if (authorizeResult.Succeeded)
        {
            await next(context);
            return;
        }

        if ((await context.AuthenticateAsync(KeysStart.Scheme)).Failure is { } failure)
        {
            throw failure as ProblemException ?? new ProblemException(StatusCodes.Status401Unauthorized, failure.Message);
        }

        var caller = context.Caller();
        var needed = policy.Requirements.OfType<ScopeRequirement>().First(r => !KeyScope.Allow(caller.Scopes, r.Scope)).Scope;
        throw caller switch
        {
            { KeyId: { } id } => new ProblemException(StatusCodes.Status403Forbidden,
                $"Key {id} of '{caller.Name}' allows {Listed(caller.Scopes)}, this takes '{needed}'. "
                + "Ask an administrator for a key that has that scope."),
            { Account: not null } => new ProblemException(StatusCodes.Status403Forbidden,
                $"The token of '{caller.Name}' allows {Listed(caller.Scopes)}, this takes '{needed}'. "
                + "Ask an administrator which claim gives that scope."),
            _ => new ProblemException(StatusCodes.Status401Unauthorized,
                $"No key is given, and without one this server allows {Listed(caller.Scopes)}; this takes '{needed}'. "
                + $"Send 'Authorization: Bearer {KeyStore.Prefix}...' with a key that has that scope{settings.Jwt.OrToken}."),
        };
    }

    private static string Listed(IReadOnlyList<string> scopes) =>
        scopes.Count == 0 ? "nothing" : string.Join(", ", scopes.Select(s => $"'{s}'"));
}
