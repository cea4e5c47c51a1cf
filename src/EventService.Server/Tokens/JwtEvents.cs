using System.Security.Claims;

using EventService.Server.Callers;
using EventService.Server.Keys;
using EventService.Server.Problems;
using EventService.Server.Settings;

using Microsoft.AspNetCore.Authentication.JwtBearer;

namespace EventService.Server.Tokens;

/// <summary>Makes a caller of a token that is valid, and a sentence for the client of one that is not.</summary>
internal sealed class JwtEvents(ServerSettings settings, ProviderKeys keys, TimeProvider time) : JwtBearerEvents
{
    public override async Task MessageReceived(MessageReceivedContext context)
    {
        try
        {
            await keys.RequireAsync(context.Options.ConfigurationManager!, context.HttpContext.RequestAborted);
        }
        catch (ProblemException e)
        {
            context.Fail(e);
        }
    }

    public override Task TokenValidated(TokenValidatedContext context)
    {
        try
        {
            var caller = TokenCaller.Of(context.Principal!.Claims, context.SecurityToken.Issuer, settings.Jwt);
            context.Principal = new ClaimsPrincipal(new CallerIdentity(caller, context.Scheme.Name));
        }
        catch (ProblemException e)
        {
            context.Fail(e);
        }

        return Task.CompletedTask;
    }

    public override Task AuthenticationFailed(AuthenticationFailedContext context)
    {
        var sentence = TokenRefusal.Sentence(context.Exception, BearerHeader.Read(context.Request), settings.Jwt, time.GetUtcNow());
        context.Fail(new ProblemException(StatusCodes.Status401Unauthorized, sentence));
        return Task.CompletedTask;
    }
}
