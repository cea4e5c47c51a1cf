using EventService.Server.Settings;

using Grpc.AspNetCore.Server;

namespace EventService.Server.Problems;

/// <summary>
/// Writes problems as JSON whatever the client accepts: one that asked for npy still gets to know why there is none
/// (the framework's own writer stays silent then).
/// </summary>
internal sealed class ProblemWriter : IProblemDetailsWriter
{
    public bool CanWrite(ProblemDetailsContext context) => true;

    public async ValueTask WriteAsync(ProblemDetailsContext context)
    {
        var http = context.HttpContext;
        var problem = context.ProblemDetails;
        problem.Status ??= http.Response.StatusCode;
        problem.Title ??= Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(problem.Status.Value);
        problem.Detail ??= Explain(http, problem.Status.Value);
        problem.Instance ??= http.Request.Path;
        problem.Extensions.TryAdd("traceId", http.TraceIdentifier);
        await http.Response.WriteAsJsonAsync(problem, options: null, contentType: "application/problem+json");
    }

    private static string? Explain(HttpContext context, int status) => status switch
    {
        StatusCodes.Status404NotFound => $"There is nothing at {context.Request.Path}. Operations are listed at /swagger.",
        StatusCodes.Status405MethodNotAllowed => $"{context.Request.Path} does not take {context.Request.Method}, expected {context.Response.Headers.Allow}.",
        StatusCodes.Status415UnsupportedMediaType when IsGrpc(context) =>
            $"Content-Type is '{context.Request.ContentType}', expected 'application/grpc': {context.Request.Path} takes calls of gRPC. "
            + "REST is at /swagger.",
        StatusCodes.Status426UpgradeRequired =>
            $"The call came over {context.Request.Protocol}, expected HTTP/2. "
            + context.RequestServices.GetRequiredService<ServerSettings>().GrpcHint,
        StatusCodes.Status415UnsupportedMediaType => $"The body is '{context.Request.ContentType}', expected JSON. With curl, add -H 'Content-Type: application/json'.",
        _ => null,
    };

    private static bool IsGrpc(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is not null;
}
