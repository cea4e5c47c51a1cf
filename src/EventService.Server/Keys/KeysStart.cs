using EventService.Registry.Keys;
using EventService.Server.Callers;
using EventService.Server.Settings;
using EventService.Server.Tokens;

using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;

namespace EventService.Server.Keys;

/// <summary>Who may do what: the schemes that tell who sends a request, and a policy for each scope that endpoints name.</summary>
internal static class KeysStart
{
    /// <summary>The scheme that hands each request to the one its header is for.</summary>
    public const string Scheme = "Caller";

    public static IServiceCollection AddKeys(this IServiceCollection services, ServerSettings settings)
    {
        // Unknown scopes are reported at the start, not in the first answer.
        _ = settings.ScopesOfAnonymous;
        var schemes = services
            .AddSingleton<KeyStore>()
            .AddSingleton(services => new KeyCache(
                services.GetRequiredService<KeyStore>(),
                services.GetRequiredService<TimeProvider>(),
                TimeSpan.FromSeconds(settings.KeySecondsWithoutDatabase)))
            .AddHostedService<KeyRefreshService>()
            .AddSingleton<IAuthorizationHandler, ScopeCheck>()
            .AddSingleton<IAuthorizationMiddlewareResultHandler, AccessRefusal>()
            .AddAuthorization(options =>
            {
                foreach (var scope in KeyScope.All)
                {
                    options.AddPolicy(
                        scope, policy => policy.AddAuthenticationSchemes(Scheme).AddRequirements(new ScopeRequirement(scope)));
                }
            })

            // No scheme is the default: what takes no scope, such as the health checks, asks nobody who sends it, and needs no
            // database for that.
            .AddAuthentication()
            .AddScheme<AuthenticationSchemeOptions, KeyHandler>(KeyHandler.Name, configureOptions: null)
            .AddPolicyScheme(Scheme, displayName: null, options => options.ForwardDefaultSelector = context =>
                settings.Jwt.IsUsed && BearerHeader.Read(context.Request) is { } given && !BearerHeader.IsKey(given)
                    ? JwtBearerDefaults.AuthenticationScheme
                    : KeyHandler.Name);
        if (settings.Jwt.IsUsed)
        {
            schemes.AddTokens(settings.Jwt);
        }

        // AddAuthentication also prepares keys for cookies, which are not used here: it would write them into the home folder at every
        // start.
        foreach (var service in services.Where(s => s.ImplementationType?.Name == "DataProtectionHostedService").ToList())
        {
            services.Remove(service);
        }

        return services;
    }

    /// <summary>Every request to an endpoint that takes a scope is somebody's from here on, before any of its body is read.</summary>
    public static void UseKeys(this WebApplication app) => app.UseAuthorization();

    /// <summary>Who calls this must have that scope, and those of the group that it is in.</summary>
    public static TBuilder Takes<TBuilder>(this TBuilder builder, string scope)
        where TBuilder : IEndpointConventionBuilder => builder.RequireAuthorization(scope);
}
