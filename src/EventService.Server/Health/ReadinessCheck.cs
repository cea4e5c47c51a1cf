using EventService.Server.Problems;

using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EventService.Server.Health;

/// <summary><see cref="Readiness"/> as a health check of ASP.NET Core, from which grpc.health.v1 has it.</summary>
internal sealed class ReadinessCheck(Readiness readiness) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            var ready = await readiness.CheckAsync(cancellationToken);
            return ready.Models is null ? HealthCheckResult.Degraded(ready.Registry) : HealthCheckResult.Healthy();
        }
        catch (ProblemException e)
        {
            return HealthCheckResult.Unhealthy(e.Message);
        }
    }
}
