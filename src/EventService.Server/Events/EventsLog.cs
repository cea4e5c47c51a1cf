namespace EventService.Server.Events;

/// <summary>Log messages about events: 2200-2299.</summary>
internal static partial class EventsLog
{
    [LoggerMessage(2200, LogLevel.Error, "Stream of model {Model}, seed {Seed} broke off and the connection was closed, request {TraceId}")]
    public static partial void StreamBroken(ILogger logger, string model, string seed, string traceId, Exception exception);
}
