using Microsoft.AspNetCore.Connections;

namespace EventService.Server.Problems;

/// <summary>Errors that say no more than that the client has gone.</summary>
internal static class BrokenConnection
{
    /// <summary>
    /// Whether nobody is there to read an answer. The body of a connection that breaks may fail before
    /// <see cref="HttpContext.RequestAborted"/> is cancelled: both are done by other threads.
    /// </summary>
    public static bool Explains(HttpContext http, Exception exception)
    {
        if (exception is OperationCanceledException && http.RequestAborted.IsCancellationRequested)
        {
            return true;
        }

        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is ConnectionResetException or ConnectionAbortedException)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Whether the body of a request cannot be read since its stream was reset. Kestrel wraps what happened; the complaints of readers
    /// about the bytes wrap nothing.
    /// </summary>
    public static bool IsReset(Exception exception) =>
        exception is IOException { InnerException: not null } and not BadHttpRequestException;
}
