using System.Diagnostics;

namespace EventService.Server.Metrics;

/// <summary>The service's own instruments and traces.</summary>
internal static class ServiceMeter
{
    public const string Name = "EventService";

    /// <summary>Spans of the service itself, within those of ASP.NET Core.</summary>
    public static ActivitySource Traces { get; } = new(Name);
}
