using System.Globalization;

using Grpc.Core;

namespace EventService.Client;

/// <summary>What the failure of a call means to those who may try again.</summary>
internal static class Failures
{
    /// <summary>
    /// The failure with a sentence, and UNAVAILABLE wherever the connection broke or something on the way ended the call: the library has
    /// other statuses for some of these, such as CANCELLED for a stream that was reset.
    /// </summary>
    /// <param name="failure">As the library has it.</param>
    /// <param name="cancellationToken">The caller's.</param>
    /// <exception cref="OperationCanceledException">The caller wanted it.</exception>
    public static RpcException Explain(RpcException failure, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var status = failure.Status;
        for (var cause = status.DebugException; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpRequestException
                {
                    HttpRequestError: HttpRequestError.ConnectionError
                        or HttpRequestError.HttpProtocolError
                        or HttpRequestError.VersionNegotiationError,
                })
            {
                return With(
                    StatusCode.Unavailable,
                    $"The server does not answer over HTTP/2: {cause.Message} "
                    + "gRPC in clear text has a port of its own, 8081 if not set otherwise.");
            }

            if (cause is HttpRequestException or IOException)
            {
                return With(StatusCode.Unavailable, $"The connection broke: {cause.Message}");
            }
        }

        return status.StatusCode switch
        {
            StatusCode.DeadlineExceeded when status.Detail.Length == 0 =>
                With(StatusCode.DeadlineExceeded, "The operation's time is over."),
            StatusCode.Cancelled => With(StatusCode.Unavailable, $"The call was ended on the way: {status.Detail}"),
            _ => failure,
        };

        RpcException With(StatusCode code, string sentence) => new(new Status(code, sentence, failure), failure.Trailers);
    }

    /// <summary>When the server says that trying again makes sense; null where it says nothing.</summary>
    public static TimeSpan? RetryAfter(this RpcException failure) =>
        double.TryParse(
            failure.Trailers.GetValue("grpc-retry-pushback-ms"), NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
            ? TimeSpan.FromMilliseconds(milliseconds)
            : null;
}
