using System.Collections.Concurrent;

using EventService.Registry.Databases;
using EventService.Registry.Jobs;
using EventService.Server.Settings;

namespace EventService.Server.Jobs;

/// <summary>Takes jobs and works on them, as many at a time as the settings say, and deletes the files of those that are over.</summary>
internal sealed class JobRunner(JobTools tools, ServerSettings settings) : BackgroundService, IHostedLifecycleService
{
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_sweep = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<long, bool> _running = [];
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Hands the jobs back before the server waits for its requests: nobody waits for a job.</summary>
    public Task StoppingAsync(CancellationToken cancellationToken) => _stopping.CancelAsync();

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Dispose()
    {
        _stopping.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, _stopping.Token);
        await Task.WhenAll(Enumerable.Range(0, settings.ConcurrentJobs).Select(_ => WorkAsync(stop.Token)).Append(SweepAsync(stop.Token)));
    }

    /// <summary>One job after another.</summary>
    private async Task WorkAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            var worked = false;
            await TryAsync(async () => worked = await TakeAsync(stopping), stopping);
            if (!worked)
            {
                await Task.Delay(s_look, tools.Time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<bool> TakeAsync(CancellationToken stopping)
    {
        if (await tools.Leases.TakeAsync(tools.Folder.Name, Environment.MachineName, [.. _running.Keys], stopping) is not { } lease)
        {
            return false;
        }

        _running[lease.Job.Id] = true;
        try
        {
            await new JobRun(lease, tools).RunAsync(stopping);
        }
        finally
        {
            _running.TryRemove(lease.Job.Id, out _);
        }

        return true;
    }

    private async Task SweepAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            await TryAsync(() => new JobSweep(tools.Store, tools.Folder, tools.Time, settings.KeepJobs, tools.Logger).RunAsync(_running.Keys, stopping), stopping);
            await Task.Delay(s_sweep, tools.Time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task TryAsync(Func<Task> work, CancellationToken stopping)
    {
        try
        {
            await work();
        }
        catch (Exception e) when (DatabaseFailure.Is(e) || (e is OperationCanceledException && stopping.IsCancellationRequested))
        {
            // The watch of the registry tells the log.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            JobsLog.FolderUnusable(tools.Logger, e.Message);
            await Task.Delay(s_sweep, tools.Time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
#pragma warning disable CA1031 // whatever it is, it is no reason to stop the server
        catch (Exception e)
#pragma warning restore CA1031
        {
            JobsLog.RunnerFailed(tools.Logger, e);
        }
    }
}
