namespace EventService.Grpc;

/// <summary>A call ended, or is to be ended, with this status; the message is the sentence for the caller.</summary>
/// <param name="statusCode">How it ended.</param>
/// <param name="message">What was found, expected, and what to do.</param>
/// <param name="retryAfter">When trying again makes sense; null where nobody knows.</param>
/// <param name="inner">What led to it.</param>
public sealed class RpcException(StatusCode statusCode, string message, TimeSpan? retryAfter = null, Exception? inner = null) : Exception(message, inner)
{
    public StatusCode StatusCode => statusCode;

    public TimeSpan? RetryAfter => retryAfter;
}
