using System.Globalization;

using EventService.Server.Problems;

using Google.Protobuf;

using Grpc.Core;

using Microsoft.AspNetCore.Http.Features;

namespace EventService.Server.Problems;

/// <summary>How a call ends that fails: the same sentences as over REST, as a status of gRPC.</summary>
internal static class GrpcStatus
{
    private const string ContentType = "application/grpc";

    /// <summary>Whether an answer must be one of gRPC. Over HTTP/1.1, which has no such thing, problems stay what they are.</summary>
    public static bool IsExpected(HttpRequest request) =>
        HttpProtocol.IsHttp2(request.Protocol)
        && request.ContentType is { } type
        && type.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase)
        && (type.Length == ContentType.Length || type[ContentType.Length] is ';' or '+');

    /// <summary>What went wrong, as gRPC says it, and when to come again.</summary>
    /// <param name="exception">The error.</param>
    /// <param name="request">The request's id, by which the log has the details of a failure.</param>
    public static (Status Status, TimeSpan? RetryAfter) Describe(Exception exception, string request)
    {
        switch (exception)
        {
            case InvalidProtocolBufferException e:
                return (new Status(StatusCode.Internal, $"A message is not the protobuf that is expected: {e.Message}"), null);
            case InvalidDataException e:
                return (new Status(StatusCode.Internal, $"A message cannot be read: {e.Message}"), null);
            // The library's words for a length beyond int32.
            case IOException { InnerException: null } e when e.Message.StartsWith("Message too large", StringComparison.Ordinal):
                return (new Status(StatusCode.ResourceExhausted, $"{e.Message} bytes. Send smaller blocks. Is this gRPC?"), null);
            default:
                var (http, detail, retryAfter) = ProblemHandler.Describe(exception, request);
                return (new Status(Of(http), detail), retryAfter);
        }
    }

    public static ProblemException TooLong(int largestMessage) => new(StatusCodes.Status413PayloadTooLarge,
        $"A message is too long, expected at most {largestMessage} bytes. "
        + "Send smaller blocks, or raise GrpcMessageBytes in the server's settings.");

    /// <summary>Ends an answer: behind its messages if there are any, else in its headers.</summary>
    public static void Write(HttpResponse response, Status status, TimeSpan? retryAfter = null)
    {
        if (!response.HasStarted)
        {
            (response.StatusCode, response.ContentType) = (StatusCodes.Status200OK, ContentType);
        }

        var ending = response.HasStarted
            ? response.HttpContext.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers
            : response.Headers;
        if (ending.IsReadOnly)
        {
            return;
        }

        ending["grpc-status"] = ((int)status.StatusCode).ToString(CultureInfo.InvariantCulture);
        ending["grpc-message"] = StatusMessage.Encode(status.Detail);
        if (retryAfter is { } delay)
        {
            ending["grpc-retry-pushback-ms"] = delay.TotalMilliseconds.ToString("F0", CultureInfo.InvariantCulture);
        }
    }

    /// <summary>A status as HTTP numbers it, for those who count errors whatever the transport.</summary>
    public static int ToHttp(StatusCode status) => status switch
    {
        StatusCode.Unauthenticated => StatusCodes.Status401Unauthorized,
        StatusCode.PermissionDenied => StatusCodes.Status403Forbidden,
        StatusCode.NotFound or StatusCode.Unimplemented => StatusCodes.Status404NotFound,
        StatusCode.Aborted => StatusCodes.Status409Conflict,
        StatusCode.ResourceExhausted => StatusCodes.Status429TooManyRequests,
        StatusCode.FailedPrecondition => StatusCodes.Status422UnprocessableEntity,
        StatusCode.Cancelled => StatusCodes.Status499ClientClosedRequest,
        StatusCode.Unavailable => StatusCodes.Status503ServiceUnavailable,
        StatusCode.DeadlineExceeded => StatusCodes.Status504GatewayTimeout,
        StatusCode.InvalidArgument => StatusCodes.Status400BadRequest,
        _ => StatusCodes.Status500InternalServerError,
    };

    private static StatusCode Of(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => StatusCode.Unauthenticated,
        StatusCodes.Status403Forbidden => StatusCode.PermissionDenied,
        StatusCodes.Status404NotFound => StatusCode.NotFound,
        StatusCodes.Status409Conflict => StatusCode.Aborted,
        StatusCodes.Status413PayloadTooLarge or StatusCodes.Status429TooManyRequests => StatusCode.ResourceExhausted,
        StatusCodes.Status422UnprocessableEntity => StatusCode.FailedPrecondition,
        StatusCodes.Status499ClientClosedRequest => StatusCode.Cancelled,
        StatusCodes.Status503ServiceUnavailable => StatusCode.Unavailable,
        >= 400 and < 500 => StatusCode.InvalidArgument,
        _ => StatusCode.Internal,
    };
}
