using EventService.Registry.Keys;
using EventService.Server.Callers;

using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;

namespace EventService.Server.Keys;

/// <summary>The caller must have this scope: by a key, by a token, or because everybody has it.</summary>
internal sealed record ScopeRequirement(string Scope) : IAuthorizationRequirement;

/// <summary>
/// Who sends nothing has the scopes of the setting AnonymousScopes; who sends a key or token that is not valid has none, since it is
/// thought to work.
/// </summary>
internal sealed class ScopeCheck : AuthorizationHandler<ScopeRequirement>
{
    protected override async Task HandleRequirementAsync(AuthorizationHandlerContext context, ScopeRequirement requirement)
    {
        if (context.Resource is HttpContext http
            && KeyScope.Allow(http.Caller().Scopes, requirement.Scope)
            && (await http.AuthenticateAsync(KeysStart.Scheme)).Failure is null)
        {
            context.Succeed(requirement);
        }
    }
}
