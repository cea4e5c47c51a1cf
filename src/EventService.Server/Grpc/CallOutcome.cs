using EventService.Server.Logging;
using EventService.Server.Metrics;
using EventService.Server.Problems;
using EventService.Server.Settings;

using Google.Protobuf;

using Grpc.AspNetCore.Server;
using Grpc.Core;

namespace EventService.Server.Grpc;

/// <summary>
/// Looks at every call once it has ended. What failed is counted and noted for the log, and where the library knows no more than UNKNOWN,
/// or refuses in words of its own, the client gets the status and the sentence of <see cref="GrpcStatus"/>. An interceptor would not do: it
/// sees nothing of a request that cannot be read.
/// </summary>
internal sealed class CallOutcome(ServerSettings settings, ErrorMetrics metrics)
{
    public async Task WatchAsync(HttpContext http, RequestDelegate next)
    {
        await next(http);
        if (http.Features.Get<IServerCallContextFeature>()?.ServerCallContext is { Status.StatusCode: not StatusCode.OK } call)
        {
            End(http, call.Status, isOver: call.Deadline <= TimeProvider.System.GetUtcNow().UtcDateTime);
        }
    }

    private void End(HttpContext http, Status status, bool isOver)
    {
        var failure = status.DebugException;
        var hasGone = http.RequestAborted.IsCancellationRequested || HasGone(http, failure);
        if (isOver && (hasGone || failure is null or OperationCanceledException))
        {
            // The library has told the client, and has reset the stream.
            (status, failure) = (new Status(StatusCode.DeadlineExceeded, "The call's deadline has passed."), null);
        }
        else if (hasGone)
        {
            RequestOutcome.Of(http).Left();
            if (!http.Response.HasStarted)
            {
                http.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            }

            return;
        }
        else if (status.StatusCode == StatusCode.Unknown && failure is not null)
        {
            (status, var retryAfter) = GrpcStatus.Describe(failure, http.TraceIdentifier);
            GrpcStatus.Write(http.Response, status, retryAfter);
        }
        else if (status.StatusCode == StatusCode.ResourceExhausted && failure is null)
        {
            // Only the library's limit of a message is an exhausted resource without an exception.
            (status, _) = GrpcStatus.Describe(GrpcStatus.TooLong(settings.GrpcMessageBytes), http.TraceIdentifier);
            GrpcStatus.Write(http.Response, status);
        }

        metrics.Count(GrpcStatus.ToHttp(status.StatusCode), failure?.GetType().Name ?? nameof(RpcException));

        // What the client got wrong in its messages, or the library says without an exception, is no failure of the server.
        var cause = failure is null or InvalidDataException or InvalidProtocolBufferException ? new RpcException(status) : failure;
        RequestOutcome.Of(http).Note(cause, GrpcStatus.ToHttp(status.StatusCode), status.Detail);
    }

    /// <summary>Whether the failure says that nobody is there, of which the request's token may not know yet.</summary>
    private static bool HasGone(HttpContext http, Exception? failure) =>
        failure is not null
        && (BrokenConnection.Explains(http, failure) || (BrokenConnection.IsReset(failure) && !CallManners.Began(http)));
}
