using EventService.Registry;

using EventService.Server.Problems;

namespace EventService.Server.Health;

/// <summary>What a cluster asks: is the process alive, may it get requests.</summary>
internal static class HealthApi
{
    public static void MapHealth(this WebApplication app)
    {
        var health = app.MapGroup("/health").WithTags("Health");
        health.MapGet("/live", () => new HealthResponse("live", null))
            .WithSummary("The process runs.");
        health.MapGet("/ready", async (ModelRegistry registry, IHostApplicationLifetime lifetime, CancellationToken cancellationToken) =>
            {
                if (lifetime.ApplicationStopping.IsCancellationRequested)
                {
                    throw new ProblemException(StatusCodes.Status503ServiceUnavailable, "The server is shutting down; ask another.");
                }

                return new HealthResponse("ready", (await registry.ListAsync(cancellationToken)).Count);
            })
            .WithSummary("The registry answers and requests are welcome; 503 otherwise.")
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }
}

/// <param name="Status">"live" or "ready".</param>
/// <param name="Models">Number of registered models; only for "ready".</param>
internal sealed record HealthResponse(string Status, int? Models);
