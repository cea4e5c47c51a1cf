using EventService.Models.Documents;

using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace EventService.Server.Metrics;

/// <summary>
/// Metrics as Prometheus text at /metrics; metrics and traces to a collector where OTEL_EXPORTER_OTLP_ENDPOINT names one.
/// </summary>
internal static class MetricsStart
{
    private const string CollectorVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    public static IServiceCollection AddMetricsAndTraces(this IServiceCollection services, IConfiguration configuration)
    {
        var hasCollector = !string.IsNullOrEmpty(configuration[CollectorVariable]);
        services.AddSingleton<ErrorMetrics>().AddHostedService<CacheMetrics>();
        services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(ServiceMeter.Name, serviceVersion: ServiceVersion.Text))
            .WithMetrics(metrics =>
            {
                metrics
                    .AddMeter(ServiceMeter.Name, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime")
                    .AddPrometheusExporter();
                if (hasCollector)
                {
                    metrics.AddOtlpExporter();
                }
            })
            .WithTracing(traces =>
            {
                if (hasCollector)
                {
                    traces.AddSource(ServiceMeter.Name).AddAspNetCoreInstrumentation().AddOtlpExporter();
                }
            });
        return services;
    }

    public static void MapMetrics(this WebApplication app) => app.MapPrometheusScrapingEndpoint();
}
