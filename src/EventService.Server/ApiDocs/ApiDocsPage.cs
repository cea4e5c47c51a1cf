using EventService.Registry.Keys;
using EventService.Server.Settings;

using Microsoft.OpenApi;

namespace EventService.Server.ApiDocs;

/// <summary>The OpenAPI document and the page that shows it, at /swagger.</summary>
internal static class ApiDocsPage
{
    public static IServiceCollection AddApiDocs(this IServiceCollection services, ServerSettings settings) =>
        services.AddEndpointsApiExplorer().AddSwaggerGen(options =>
        {
            options.SwaggerDoc("v1", new OpenApiInfo
            {
                Title = "Event service",
                Version = "v1",
                Description = "Collider events on demand from trained generative models. Units: GeV and radians.",
            });
            options.AddSecurityDefinition(KeyDocsFilter.Key, new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                BearerFormat = $"{KeyStore.Prefix}...",
                Description = $"An API key of this service: {KeyStore.Prefix}... Make one with 'eventservice keys create'. Its scopes are among {string.Join(", ", KeyScope.All)}; each operation names the one that it takes.",
            });
            if (settings.Jwt.IsUsed)
            {
                options.AddSecurityDefinition(KeyDocsFilter.Token, new OpenApiSecurityScheme
                {
                    Type = SecuritySchemeType.OpenIdConnect,
                    OpenIdConnectUrl = new Uri($"{settings.Jwt.Authority.TrimEnd('/')}/.well-known/openid-configuration"),
                    Description = $"An access token (JWT) of {settings.Jwt.Authority} for the audience '{settings.Jwt.Audience}'; "
                        + "its claims give the scopes.",
                });
            }

            options.OperationFilter<OperationDocsFilter>();
            options.OperationFilter<KeyDocsFilter>();
        });

    public static void MapApiDocs(this WebApplication app)
    {
        app.UseSwagger();
        app.UseSwaggerUI(options =>
        {
            options.SwaggerEndpoint("v1/swagger.json", "Event service v1");
            options.DocumentTitle = "Event service";
        });
    }
}
