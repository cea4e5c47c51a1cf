using Microsoft.OpenApi;

namespace EventService.Server.ApiDocs;

/// <summary>The OpenAPI document and the page that shows it, at /swagger.</summary>
internal static class ApiDocsPage
{
    public static IServiceCollection AddApiDocs(this IServiceCollection services) =>
        services.AddEndpointsApiExplorer().AddSwaggerGen(options =>
        {
            options.SwaggerDoc("v1", new OpenApiInfo
            {
                Title = "Event service",
                Version = "v1",
                Description = "Collider events on demand from trained generative models. Units: GeV and radians.",
            });
            options.OperationFilter<OperationDocsFilter>();
        });

    public static void MapApiDocs(this WebApplication app)
    {
        app.UseSwagger();
        app.UseSwaggerUI(options =>
        {
            options.SwaggerEndpoint("v1/swagger.json", "Event service v1");
            options.DocumentTitle = "Event service";
        });
        app.MapGet("/", () => Results.Redirect("/swagger")).ExcludeFromDescription();
    }
}
