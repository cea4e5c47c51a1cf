using EventService.Server.Settings;

namespace EventService.Server.Workers;

/// <summary>The workers and what ends them.</summary>
internal static class WorkersStart
{
    public static IServiceCollection AddWorkers(this IServiceCollection services, ServerSettings settings) =>
        services
            .AddSingleton<PoolMetrics>()
            .AddSingleton<WorkerPool>()
            .AddHostedService<Draining>()
            .Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(settings.DrainSeconds + settings.ShutdownSeconds + Draining.LastWords.TotalSeconds));
}
