using System.Diagnostics;

using Serilog;
using Serilog.Extensions.Logging;
using Serilog.Formatting.Json;
using Serilog.Settings.Configuration;

namespace EventService.Server.Logging;

/// <summary>Serilog as configured in section "EventService:Serilog", and one line for every request. Messages 2000-2099.</summary>
internal static partial class RequestLog
{
    public static void AddStructuredLogs(this WebApplicationBuilder builder, ServerSettings settings)
    {
        var configuration = new LoggerConfiguration()
            .ReadFrom.Configuration(builder.Configuration, new ConfigurationReaderOptions { SectionName = $"{ServerSettings.Section}:Serilog" })
            .Enrich.FromLogContext();
        if (settings.LogFile is { Length: > 0 } file)
        {
            configuration.WriteTo.File(new JsonFormatter(renderMessage: true), file, rollingInterval: RollingInterval.Day);
        }

        builder.Logging.ClearProviders().AddProvider(new SerilogLoggerProvider(configuration.CreateLogger(), dispose: true));
    }

    /// <summary>Outermost, so that the status and the time are those the client sees.</summary>
    public static void UseRequestLog(this WebApplication app)
    {
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(RequestLog).FullName!);
        app.Use(async (context, next) =>
        {
            var start = Stopwatch.GetTimestamp();
            var completed = false;
            try
            {
                await next(context);
                completed = !context.RequestAborted.IsCancellationRequested;
            }
            finally
            {
                var milliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                var (request, response) = (context.Request, context.Response);
                if (completed)
                {
                    Answered(logger, request.Method, request.Path, request.QueryString.Value ?? "", response.StatusCode, milliseconds, context.TraceIdentifier);
                }
                else
                {
                    Broken(logger, request.Method, request.Path, request.QueryString.Value ?? "", response.StatusCode, milliseconds, context.TraceIdentifier);
                }
            }
        });
    }

    [LoggerMessage(2000, LogLevel.Information, "{Method} {Path}{Query} answered {Status} in {Milliseconds:F1} ms, request {TraceId}")]
    private static partial void Answered(Microsoft.Extensions.Logging.ILogger logger, string method, string path, string query, int status, double milliseconds, string traceId);

    [LoggerMessage(2001, LogLevel.Warning, "{Method} {Path}{Query} broke off with {Status} after {Milliseconds:F1} ms, request {TraceId}")]
    private static partial void Broken(Microsoft.Extensions.Logging.ILogger logger, string method, string path, string query, int status, double milliseconds, string traceId);
}
