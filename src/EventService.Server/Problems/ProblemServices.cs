using Microsoft.AspNetCore.Http.Features;

namespace EventService.Server.Problems;

internal static class ProblemServices
{
    public static IServiceCollection AddProblems(this IServiceCollection services) =>
        services.AddExceptionHandler<ProblemHandler>().AddProblemDetails(options => options.CustomizeProblemDetails = context =>
        {
            var problem = context.ProblemDetails;
            problem.Instance ??= context.HttpContext.Request.Path;
            problem.Detail ??= Explain(context.HttpContext, problem.Status ?? context.HttpContext.Response.StatusCode);
        });

    /// <summary>Errors that come from routing and servers without a text of their own get a body too.</summary>
    public static void UseProblems(this WebApplication app)
    {
        app.UseExceptionHandler(new ExceptionHandlerOptions { SuppressDiagnosticsCallback = _ => true });
        app.UseStatusCodePages();
    }

    private static string? Explain(HttpContext context, int status) => status switch
    {
        StatusCodes.Status404NotFound => $"There is nothing at {context.Request.Path}. Operations are listed at /swagger.",
        StatusCodes.Status405MethodNotAllowed => $"{context.Request.Path} does not take {context.Request.Method}, expected {context.Response.Headers.Allow}.",
        StatusCodes.Status415UnsupportedMediaType => $"The body is '{context.Request.ContentType}', which {context.Request.Path} does not read.",
        _ => null,
    };
}
