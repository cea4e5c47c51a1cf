using EventService.Registry.Keys;

namespace EventService.Server.Keys;

/// <summary>Keys: services, the check of every request, and the scopes that endpoints name.</summary>
internal static class KeysStart
{
    public static IServiceCollection AddKeys(this IServiceCollection services, ServerSettings settings) =>
        services
            .AddSingleton<KeyStore>()
            .AddSingleton(services => new KeyCache(
                services.GetRequiredService<KeyStore>(), services.GetRequiredService<TimeProvider>(), TimeSpan.FromSeconds(settings.KeySecondsWithoutDatabase)))
            .AddSingleton<KeyCheck>()
            .AddHostedService<KeyRefreshService>();

    /// <summary>Every request to an endpoint is somebody's from here on.</summary>
    public static void UseKeys(this WebApplication app)
    {
        var check = app.Services.GetRequiredService<KeyCheck>();
        app.Use(async (context, next) =>
        {
            if (context.GetEndpoint()?.Metadata.GetMetadata<NeededScope>() is { } needed)
            {
                context.Features.Set(await check.IdentifyAsync(context, needed.Scope));
            }

            await next(context);
        });
    }

    /// <summary>Who calls this must have that scope.</summary>
    public static TBuilder Takes<TBuilder>(this TBuilder builder, string scope)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new NeededScope(scope));
}
