namespace EventService.Server.Workers;

/// <summary>Log messages about the workers: 2300-2399.</summary>
internal static partial class WorkersLog
{
    [LoggerMessage(2300, LogLevel.Information, "Shutting down with {Requests} requests under way: not ready at once, nobody let in after {DrainSeconds} s, requests broken off {ShutdownSeconds} s later")]
    public static partial void Draining(ILogger logger, int requests, int drainSeconds, int shutdownSeconds);

    [LoggerMessage(2301, LogLevel.Warning, "{Requests} requests did not end in time and are broken off")]
    public static partial void BrokenOff(ILogger logger, int requests);
}
