using Grpc.AspNetCore.HealthChecks;

using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EventService.Server.Health;

/// <summary>What a cluster asks: is the process alive, may it get requests.</summary>
internal static class HealthApi
{
    /// <summary>How soon watchers of grpc.health.v1 are told of a change.</summary>
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    /// <summary>The services that are asked for by name; all share one state.</summary>
    private static readonly string[] s_services =
        [Contracts.V1.Events.Descriptor.FullName, Contracts.V1.Models.Descriptor.FullName, "grpc.health.v1.Health"];

    public static IServiceCollection AddHealth(this IServiceCollection services)
    {
        services.AddSingleton<Readiness>();
        services
            .AddGrpcHealthChecks(options => Array.ForEach(s_services, service => options.Services.Map(service, _ => true)))
            .AddCheck<ReadinessCheck>("ready");
        return services.Configure<HealthCheckPublisherOptions>(options => (options.Delay, options.Period) = (TimeSpan.Zero, s_interval));
    }

    public static void MapHealth(this WebApplication app)
    {
        var health = app.MapGroup("/health").WithTags("Health");
        health.MapGet("/live", () => new HealthResponse("live", null, null, null))
            .WithSummary("The process runs.");
        health.MapGet("/ready", (Readiness readiness, CancellationToken cancellationToken) => readiness.CheckAsync(cancellationToken))
            .WithSummary("Requests are welcome: the registry answers, or it is degraded and loaded models generate; 503 otherwise.")
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        app.MapGrpcHealthChecksService();
    }
}

/// <param name="Status">"live" or "ready".</param>
/// <param name="Models">Number of registered models; only for "ready", and while the registry answers.</param>
/// <param name="Loaded">Number of models in memory; only for "ready".</param>
/// <param name="Registry">"available", or "degraded" and why; only for "ready".</param>
internal sealed record HealthResponse(string Status, int? Models, int? Loaded, string? Registry);
