namespace EventService.Server.Problems;

/// <summary>Log messages about failed requests: 2100-2199.</summary>
internal static partial class ProblemLog
{
    [LoggerMessage(2100, LogLevel.Error, "{Method} {Path} failed with {Status}")]
    public static partial void RequestFailed(ILogger logger, string method, string path, int status, Exception exception);
}
