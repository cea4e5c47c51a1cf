using System.Diagnostics.Metrics;

namespace EventService.Server.Metrics;

/// <summary>Requests that failed, by reason.</summary>
internal sealed class ErrorMetrics
{
    private readonly Counter<long> _errors;

    public ErrorMetrics(IMeterFactory meters)
    {
        _errors = meters.Create(ServiceMeter.Name).CreateCounter<long>("eventservice.errors", "{request}", "Requests answered by an error.");
    }

    /// <param name="status">The status, as HTTP numbers it.</param>
    /// <param name="reason">Name of the kind of error; never a text of the client.</param>
    public void Count(int status, string reason) =>
        _errors.Add(1, new KeyValuePair<string, object?>("status", status), new KeyValuePair<string, object?>("reason", reason));
}
