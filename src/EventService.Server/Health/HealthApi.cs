using EventService.Registry;
using EventService.Server.Problems;

namespace EventService.Server.Health;

/// <summary>What a cluster asks: is the process alive, may it get requests.</summary>
internal static class HealthApi
{
    /// <summary>Probes give up after a second or a few; a database that does not answer by then is away for them.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    public static void MapHealth(this WebApplication app)
    {
        var health = app.MapGroup("/health").WithTags("Health");
        health.MapGet("/live", () => new HealthResponse("live", null, null, null))
            .WithSummary("The process runs.");
        health.MapGet("/ready", async (ModelRegistry registry, RegistryWatch watch, GeneratorCache generators, IHostApplicationLifetime lifetime, CancellationToken cancellationToken) =>
            {
                if (lifetime.ApplicationStopping.IsCancellationRequested)
                {
                    throw new ProblemException(StatusCodes.Status503ServiceUnavailable, "The server is shutting down; ask another.");
                }

                var loaded = generators.Loaded;
                if (await CountAsync(registry, watch, cancellationToken) is { } models)
                {
                    return new HealthResponse("ready", models, loaded, "available");
                }

                return loaded > 0
                    ? new HealthResponse("ready", null, loaded, "degraded: its database does not answer. Loaded models generate, all else waits.")
                    : throw new ProblemException(StatusCodes.Status503ServiceUnavailable, "The registry's database does not answer, and no model is loaded yet. Try again shortly.", TimeSpan.FromSeconds(5));
            })
            .WithSummary("Requests are welcome: the registry answers, or it is degraded and loaded models generate; 503 otherwise.")
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    /// <summary>Number of models; null while the database is away.</summary>
    private static async Task<int?> CountAsync(ModelRegistry registry, RegistryWatch watch, CancellationToken cancellationToken)
    {
        if (watch.IsAway)
        {
            return null;
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(s_patience);
        try
        {
            return await registry.CountAsync(patience.Token);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && (e is OperationCanceledException || DatabaseFailure.Is(e)))
        {
            return null;
        }
    }
}

/// <param name="Status">"live" or "ready".</param>
/// <param name="Models">Number of registered models; only for "ready", and while the registry answers.</param>
/// <param name="Loaded">Number of models in memory; only for "ready".</param>
/// <param name="Registry">"available", or "degraded" and why; only for "ready".</param>
internal sealed record HealthResponse(string Status, int? Models, int? Loaded, string? Registry);
