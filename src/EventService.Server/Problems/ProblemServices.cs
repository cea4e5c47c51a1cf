using System.Text.Json.Serialization;

using EventService.Server.Logging;

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

    /// <summary>
    /// Errors that come from routing and have no text of their own get a body too. An error in the middle of an answer breaks it off.
    /// </summary>
    public static void UseProblems(this WebApplication app)
    {
        app.UseExceptionHandler(new ExceptionHandlerOptions { SuppressDiagnosticsCallback = _ => true });
        app.UseStatusCodePages();
        app.Use(async (context, next) =>
        {
            try
            {
                await next(context);
            }
            catch (Exception e) when (context.Response.HasStarted)
            {
                BreakOff(context, e);
            }
        });
    }

    /// <summary>The status is out: all that is left is that the client sees the answer break before its end.</summary>
    private static void BreakOff(HttpContext context, Exception exception)
    {
        var outcome = RequestOutcome.Of(context);
        if (BrokenConnection.Explains(context, exception))
        {
            outcome.Left();
        }
        else
        {
            var (status, sentence, _) = ProblemHandler.Describe(exception);
            outcome.Note(exception, status, sentence);
            outcome.CutOff();
        }

        context.Abort();
    }
}
