namespace EventService.Server.Problems;

/// <summary>A request is answered with this status; the message is the sentence for the client.</summary>
public sealed class ProblemException(int status, string message, TimeSpan? retryAfter = null) : Exception(message)
{
    public int Status => status;

    public TimeSpan? RetryAfter => retryAfter;
}
