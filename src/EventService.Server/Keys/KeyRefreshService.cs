using EventService.Registry.Databases;
using EventService.Registry.Keys;

namespace EventService.Server.Keys;

/// <summary>Reads the keys every second: what another server revokes ends here too.</summary>
internal sealed class KeyRefreshService(KeyCache cache, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_interval, time);
        do
        {
            try
            {
                await cache.RefreshAsync(stoppingToken);
            }
            catch (Exception e) when (DatabaseFailure.Is(e) || stoppingToken.IsCancellationRequested)
            {
                // The watch of the registry tells the log.
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
