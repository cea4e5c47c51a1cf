using System.Net;

using EventService.Server.Callers;
using EventService.Server.Keys;
using EventService.Server.Problems;

using Serilog;

namespace EventService.Server.Logging;

/// <summary>One line for every request: what was asked, how it ended, who asked from where. Messages 2000-2099.</summary>
internal static class RequestLog
{
    /// <summary>Outermost, so that the status and the time are those the client sees.</summary>
    public static void UseRequestLog(this WebApplication app) =>
        app.UseSerilogRequestLogging(options =>
        {
            options.Logger = app.Services.GetRequiredService<Serilog.ILogger>();
            options.MessageTemplate = "{RequestMethod:l} {RequestPath:l} {Outcome:l}; {Elapsed:0.0} ms, "
                + "{Caller:l} at {RemoteAddress:l}, request {RequestId:l}";
            options.IncludeQueryInRequestPath = true;
            options.GetLevel = (http, _, _) => RequestOutcome.Of(http).Level(http);
            options.EnrichDiagnosticContext = Describe;
        });

    private static void Describe(IDiagnosticContext line, HttpContext http)
    {
        var outcome = RequestOutcome.Of(http);
        line.Set("EventId", new { Id = outcome.MessageId(http) }, destructureObjects: true);
        line.Set("Outcome", outcome.Describe(http));
        line.Set("Caller", http.Caller().Name);
        line.Set("RemoteAddress", Plain(http.Connection.RemoteIpAddress)?.ToString());
        line.Set("RequestId", http.TraceIdentifier);
        if (outcome.Fault is { } fault)
        {
            line.SetException(fault);
        }
    }

    private static IPAddress? Plain(IPAddress? address) => address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
}
