using EventService.Server.Settings;

namespace EventService.Server.Workers;

/// <summary>
/// The end of a server: first it says that it is not ready, then it lets nobody in, then requests under way have their time, then they are
/// broken off, each in a way that its client cannot take for an end.
/// </summary>
internal sealed class Draining(WorkerPool pool, ServerSettings settings, TimeProvider time, ILogger<Draining> logger) : IHostedLifecycleService
{
    /// <summary>Between the end of the requests and the end of the connections.</summary>
    public static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(50);

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        WorkersLog.Draining(logger, pool.WaitedFor, settings.DrainSeconds, settings.ShutdownSeconds);
        await Task.Delay(TimeSpan.FromSeconds(settings.DrainSeconds), time, CancellationToken.None);
        pool.Drain();
        var deadline = time.GetTimestamp() + (settings.ShutdownSeconds * time.TimestampFrequency);
        while (pool.WaitedFor > 0 && time.GetTimestamp() < deadline)
        {
            await Task.Delay(s_poll, time, CancellationToken.None);
        }

        if (pool.WaitedFor is > 0 and var left)
        {
            WorkersLog.BrokenOff(logger, left);
        }

        pool.Stop();
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
