using System.Text.Json.Serialization;

namespace EventService.Server.Problems;

internal static class ProblemServices
{
    public static IServiceCollection AddProblems(this IServiceCollection services) =>
        services
            .AddSingleton<IProblemDetailsWriter, ProblemWriter>()
            .AddProblemDetails()
            .AddExceptionHandler<ProblemHandler>()
            // What cannot be read of a request is said, not only refused.
            .Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true)
            .ConfigureHttpJsonOptions(options =>
            {
                options.SerializerOptions.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
                options.SerializerOptions.RespectNullableAnnotations = true;
                options.SerializerOptions.RespectRequiredConstructorParameters = true;
            });

    /// <summary>Errors that come from routing and have no text of their own get a body too.</summary>
    public static void UseProblems(this WebApplication app)
    {
        app.UseExceptionHandler(new ExceptionHandlerOptions { SuppressDiagnosticsCallback = _ => true });
        app.UseStatusCodePages();
    }
}
