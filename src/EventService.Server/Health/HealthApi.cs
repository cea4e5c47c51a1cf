using EventService.Grpc.Health.V1;
using EventService.Server.Grpc;

namespace EventService.Server.Health;

/// <summary>What a cluster asks: is the process alive, may it get requests.</summary>
internal static class HealthApi
{
    public static IServiceCollection AddHealth(this IServiceCollection services) =>
        services
            .AddSingleton<Readiness>()
            .AddSingleton<HealthGrpcService>();

    public static void MapHealth(this WebApplication app)
    {
        var health = app.MapGroup("/health").WithTags("Health");
        health.MapGet("/live", () => new HealthResponse("live", null, null, null))
            .WithSummary("The process runs.");
        health.MapGet("/ready", (Readiness readiness, CancellationToken cancellationToken) => readiness.CheckAsync(cancellationToken))
            .WithSummary("Requests are welcome: the registry answers, or it is degraded and loaded models generate; 503 otherwise.")
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);

        var grpc = app.MapGrpcService<HealthGrpcService>(HealthReflection.Descriptor, "Health");
        grpc.Unary<HealthCheckRequest, HealthCheckResponse>("Check", s => s.Check);
        grpc.ServerStreaming<HealthCheckRequest, HealthCheckResponse>("Watch", s => s.Watch);
    }
}

/// <param name="Status">"live" or "ready".</param>
/// <param name="Models">Number of registered models; only for "ready", and while the registry answers.</param>
/// <param name="Loaded">Number of models in memory; only for "ready".</param>
/// <param name="Registry">"available", or "degraded" and why; only for "ready".</param>
internal sealed record HealthResponse(string Status, int? Models, int? Loaded, string? Registry);
