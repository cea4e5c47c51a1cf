using EventService.Server.Settings;

using Microsoft.AspNetCore.Authorization;
using Microsoft.OpenApi;

using Swashbuckle.AspNetCore.SwaggerGen;

namespace EventService.Server.ApiDocs;

/// <summary>Tells of each operation which scope its key or token must have.</summary>
internal sealed class KeyDocsFilter(ServerSettings settings) : IOperationFilter
{
    /// <summary>Name of the scheme of keys in the document.</summary>
    public const string Key = "key";

    /// <summary>Name of the scheme of tokens, where there is one.</summary>
    public const string Token = "token";

    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        // The policies are named like the scopes.
        if (context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<IAuthorizeData>().LastOrDefault()?.Policy is not { } scope)
        {
            return;
        }

        string[] schemes = settings.Jwt.IsUsed ? [Key, Token] : [Key];
        operation.Security = [.. schemes.Select(s => new OpenApiSecuritySchemeReference(s, context.Document))
            .Select(s => new OpenApiSecurityRequirement { [s] = [scope] })];
        operation.Description = $"{operation.Description} Takes scope '{scope}'.".TrimStart();
        operation.Responses ??= [];
        operation.Responses["401"] = Problem("No key or token where one is needed, or none that is valid.");
        operation.Responses["403"] = Problem($"The key or token does not have scope '{scope}'.");
    }

    private static OpenApiResponse Problem(string meaning) => new()
    {
        Description = meaning,
        Content = new Dictionary<string, IOpenApiMediaType> { ["application/problem+json"] = new OpenApiMediaType() },
    };
}
