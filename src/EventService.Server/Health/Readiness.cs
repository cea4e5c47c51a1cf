using EventService.Registry;
using EventService.Registry.Databases;
using EventService.Registry.Serving;
using EventService.Registry.Versions;
using EventService.Server.Problems;

namespace EventService.Server.Health;

/// <summary>Whether requests are welcome.</summary>
internal sealed class Readiness(ModelRegistry registry, RegistryWatch watch, GeneratorCache generators, IHostApplicationLifetime lifetime)
{
    /// <summary>Probes give up after a second or a few; a database that does not answer by then is away for them.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    /// <exception cref="ProblemException">503: they are not.</exception>
    public async Task<HealthResponse> CheckAsync(CancellationToken cancellationToken)
    {
        if (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw new ProblemException(StatusCodes.Status503ServiceUnavailable, "The server is shutting down; ask another.");
        }

        var loaded = generators.Loaded;
        if (await CountAsync(cancellationToken) is { } models)
        {
            return new HealthResponse("ready", models, loaded, "available");
        }

        return loaded > 0
            ? new HealthResponse("ready", null, loaded, "degraded: its database does not answer. Loaded models generate, all else waits.")
            : throw new ProblemException(StatusCodes.Status503ServiceUnavailable, "The registry's database does not answer, and no model is loaded yet. Try again shortly.", TimeSpan.FromSeconds(5));
    }

    /// <summary>Number of models; null while the database is away.</summary>
    private async Task<int?> CountAsync(CancellationToken cancellationToken)
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
