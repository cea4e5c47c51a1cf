using System.Globalization;
using System.Text.Json.Nodes;

using Microsoft.OpenApi;

using Swashbuckle.AspNetCore.SwaggerGen;

namespace EventService.Server.ApiDocs;

/// <summary>Renders <see cref="OperationDocs"/> as OpenAPI.</summary>
internal sealed class OperationDocsFilter : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        if (context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<OperationDocs>().SingleOrDefault() is not { } docs)
        {
            return;
        }

        operation.Parameters = [.. docs.Parameters.Select(p => new OpenApiParameter
        {
            Name = p.Name,
            In = ParameterLocation.Query,
            Description = p.Description,
            Schema = new OpenApiSchema { Type = JsonSchemaType.String, Enum = p.Values is null ? null : [.. p.Values.Select(v => (JsonNode)v)] },
            Example = p.Example,
        })];
        if (docs.Bodies.Count > 0)
        {
            operation.RequestBody = new OpenApiRequestBody
            {
                Content = docs.Bodies.ToDictionary(b => b.Key, b => (IOpenApiMediaType)new OpenApiMediaType
                {
                    Schema = new OpenApiSchema { Type = b.Value is JsonObject ? JsonSchemaType.Object : JsonSchemaType.String },
                    Example = b.Value.DeepClone(),
                }),
            };
        }

        operation.Responses = new OpenApiResponses
        {
            [docs.Status.ToString(CultureInfo.InvariantCulture)] = new OpenApiResponse
            {
                Description = docs.Answer,
                Content = docs.Answers.ToDictionary(a => a, _ => (IOpenApiMediaType)new OpenApiMediaType()),
                Headers = docs.Headers.ToDictionary(h => h.Key, h => (IOpenApiHeader)new OpenApiHeader
                {
                    Description = h.Value,
                    Schema = new OpenApiSchema { Type = JsonSchemaType.String },
                }),
            },
        };
        foreach (var (status, meaning) in Problems)
        {
            operation.Responses[status.ToString(CultureInfo.InvariantCulture)] = new OpenApiResponse
            {
                Description = meaning,
                Content = new Dictionary<string, IOpenApiMediaType> { ["application/problem+json"] = new OpenApiMediaType() },
            };
        }
    }

    private static IEnumerable<(int Status, string Meaning)> Problems =>
    [
        (400, "A value is not understood; the problem names it and what was expected."),
        (404, "No such process, model, version or alias; the problem lists those there are."),
        (406, "None of the formats in Accept can be written."),
        (413, "The body is longer than the server takes."),
        (415, "The body is of a kind that is not read."),
        (422, "The model cannot do what is asked."),
        (503, "The server is busy or its database is away; Retry-After says when to come again."),
    ];
}
