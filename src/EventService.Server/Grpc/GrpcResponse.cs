using System.Globalization;

using EventService.Grpc;
using EventService.Server.Problems;

namespace EventService.Server.Grpc;

/// <summary>How a call ends: the same sentences as over REST, as a status of gRPC.</summary>
internal static class GrpcResponse
{
    /// <summary>Whether an answer must be one of gRPC. Over HTTP/1.1, which has no such thing, problems stay what they are.</summary>
    public static bool IsExpected(HttpRequest request) => GrpcHeaders.IsGrpc(request.ContentType) && HttpProtocol.IsHttp2(request.Protocol);

    /// <summary>The headers of an answer that goes on.</summary>
    public static void Begin(HttpResponse response, bool compress)
    {
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = GrpcHeaders.ContentType;
        response.Headers[GrpcHeaders.AcceptEncoding] = $"{GrpcHeaders.Identity},{GrpcHeaders.Gzip}";
        if (compress)
        {
            response.Headers[GrpcHeaders.Encoding] = GrpcHeaders.Gzip;
        }
    }

    /// <summary>Ends an answer: behind its messages if there are any, else in its headers.</summary>
    public static void End(HttpResponse response, StatusCode status, string sentence = "", TimeSpan? retryAfter = null)
    {
        if (!response.HasStarted)
        {
            Begin(response, compress: false);
        }

        Put(response, GrpcHeaders.Status, ((int)status).ToString(CultureInfo.InvariantCulture));
        if (sentence.Length > 0)
        {
            Put(response, GrpcHeaders.Message, StatusMessage.Encode(sentence));
        }

        if (retryAfter is { } delay)
        {
            Put(response, GrpcHeaders.RetryPushback, delay.TotalMilliseconds.ToString("F0", CultureInfo.InvariantCulture));
        }
    }

    /// <summary>A header while there is one to come, else a trailer.</summary>
    public static void Put(HttpResponse response, string name, string value)
    {
        if (response.HasStarted)
        {
            response.AppendTrailer(name, value);
        }
        else
        {
            response.Headers[name] = value;
        }
    }

    /// <summary>What went wrong, as gRPC says it.</summary>
    public static (StatusCode Status, string Sentence, TimeSpan? RetryAfter) Describe(Exception exception, string request)
    {
        if (exception is RpcException rpc)
        {
            return (rpc.StatusCode, rpc.Message, rpc.RetryAfter);
        }

        var (status, detail, retryAfter) = ProblemHandler.Describe(exception, request);
        return (Of(status), detail, retryAfter);
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
