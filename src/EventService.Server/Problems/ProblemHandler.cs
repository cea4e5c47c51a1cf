using System.Globalization;
using System.Text.Json;

using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Physics.Formats;
using EventService.Registry;
using EventService.Registry.Databases;
using EventService.Server.Grpc;
using EventService.Server.Logging;
using EventService.Server.Metrics;

using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;

namespace EventService.Server.Problems;

/// <summary>The one place where errors become problem details (RFC 9457), or a status where the call is one of gRPC.</summary>
internal sealed class ProblemHandler(IProblemDetailsService problems, ErrorMetrics metrics) : IExceptionHandler
{
    private static readonly TimeSpan s_retryLater = TimeSpan.FromSeconds(5);

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        var outcome = RequestOutcome.Of(httpContext);
        if (BrokenConnection.Explains(httpContext, exception))
        {
            outcome.Left();
            httpContext.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            return true;
        }

        if (GrpcStatus.IsExpected(httpContext.Request))
        {
            var (call, pushback) = GrpcStatus.Describe(exception, httpContext.TraceIdentifier);
            var http = GrpcStatus.ToHttp(call.StatusCode);
            metrics.Count(http, exception.GetType().Name);
            outcome.Note(exception, http, call.Detail);
            GrpcStatus.Write(httpContext.Response, call, pushback);
            return true;
        }

        var (status, detail, retryAfter) = Describe(exception);
        metrics.Count(status, exception.GetType().Name);
        outcome.Note(exception, status, detail);
        httpContext.Response.StatusCode = status;
        if (status == StatusCodes.Status401Unauthorized)
        {
            httpContext.Response.Headers.WWWAuthenticate = "Bearer";
        }

        if (retryAfter is { } delay)
        {
            httpContext.Response.Headers.RetryAfter = delay.TotalSeconds.ToString("F0", CultureInfo.InvariantCulture);
        }

        return await problems.TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = httpContext,
            ProblemDetails = new ProblemDetails { Status = status, Detail = detail },
        });
    }

    /// <summary>What an error is for the client, whatever the transport: a status of HTTP, the sentence, when to come again.</summary>
    /// <param name="exception">The error.</param>
    /// <param name="id">What the log calls the request; null where the answer has a place of its own for it.</param>
    internal static (int Status, string Detail, TimeSpan? RetryAfter) Describe(Exception exception, string? id = null) => exception switch
    {
        ProblemException e => (e.Status, e.Message, e.RetryAfter),
        RequestException { Fault: RequestFault.Cannot } e => (StatusCodes.Status422UnprocessableEntity, e.Message, null),
        UnwritableEventException e => (StatusCodes.Status422UnprocessableEntity, e.Message, null),
        AttemptsExhaustedException e => (StatusCodes.Status500InternalServerError, e.Message, null),
        RequestException e => (StatusCodes.Status400BadRequest, e.Message, null),
        DataFormatException e => (StatusCodes.Status400BadRequest, e.Message, null),
        RegistryException { Fault: RegistryFault.NotFound } e => (StatusCodes.Status404NotFound, e.Message, null),
        RegistryException { Fault: RegistryFault.Ambiguous } e => (StatusCodes.Status400BadRequest, e.Message, null),
        RegistryException { Fault: RegistryFault.Conflict } e => (StatusCodes.Status409Conflict, e.Message, null),
        RegistryException { Fault: RegistryFault.Invalid } e => (StatusCodes.Status400BadRequest, e.Message, null),
        RegistryException { Fault: RegistryFault.NotValidated } e => (StatusCodes.Status422UnprocessableEntity, e.Message, null),
        RegistryException { Fault: RegistryFault.TooLarge } e => (StatusCodes.Status413PayloadTooLarge, e.Message, null),
        RegistryException { Fault: RegistryFault.TooMany } e => (StatusCodes.Status429TooManyRequests, e.Message, s_retryLater),
        RegistryException e => (StatusCodes.Status503ServiceUnavailable, e.Message, s_retryLater),
        ModelFormatException e => (StatusCodes.Status503ServiceUnavailable, e.Message, s_retryLater),
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } e =>
            (StatusCodes.Status413PayloadTooLarge, $"{e.Message} Send less in one request, or raise the limit in the server's settings.", null),
        BadHttpRequestException { InnerException: JsonException json } e => (e.StatusCode, $"The body is not the JSON that is expected; /swagger shows it. {json.Message}", null),
        BadHttpRequestException e => (e.StatusCode, e.Message, null),
        // Kestrel's own words for the length of a chunk that no number holds.
        IOException { InnerException: OverflowException } e => (StatusCodes.Status400BadRequest, $"The body cannot be read: {e.Message}", null),
        _ when DatabaseFailure.Is(exception) => (StatusCodes.Status503ServiceUnavailable, "The registry's database does not answer. Try again shortly; the server's log says why.", s_retryLater),
        _ => (
            StatusCodes.Status500InternalServerError,
            $"The server failed; its log has the details under {(id is null ? "the trace identifier given here" : $"request {id}")}.",
            null),
    };
}
