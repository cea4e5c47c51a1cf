using EventService.Server.Keys;

using Microsoft.OpenApi;

using Swashbuckle.AspNetCore.SwaggerGen;

namespace EventService.Server.ApiDocs;

/// <summary>Tells of each operation which scope its key must have.</summary>
internal sealed class KeyDocsFilter : IOperationFilter
{
    /// <summary>Name of the scheme in the document.</summary>
    public const string Scheme = "key";

    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        if (context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<NeededScope>().LastOrDefault() is not { } needed)
        {
            return;
        }

        operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, context.Document)] = [needed.Scope] }];
        operation.Description = $"{operation.Description} Takes scope '{needed.Scope}'.".TrimStart();
        operation.Responses ??= [];
        operation.Responses["401"] = Problem("No key where one is needed, or none that is valid.");
        operation.Responses["403"] = Problem($"The key does not have scope '{needed.Scope}'.");
    }

    private static OpenApiResponse Problem(string meaning) => new()
    {
        Description = meaning,
        Content = new Dictionary<string, IOpenApiMediaType> { ["application/problem+json"] = new OpenApiMediaType() },
    };
}
