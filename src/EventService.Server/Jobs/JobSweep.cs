using EventService.Registry.Jobs;

namespace EventService.Server.Jobs;

/// <summary>Deletes the files of jobs that finished long ago, and those that a cancelled job has left.</summary>
internal sealed class JobSweep(JobStore jobs, JobFolder folder, TimeProvider time, TimeSpan keep, ILogger logger)
{
    /// <param name="running">Jobs that this server works on: they tidy up themselves.</param>
    /// <param name="cancellationToken">Ends it between two jobs.</param>
    public async Task RunAsync(IEnumerable<long> running, CancellationToken cancellationToken)
    {
        foreach (var id in await jobs.FinishedBeforeAsync(folder.Name, time.GetUtcNow().UtcDateTime - keep, cancellationToken))
        {
            await jobs.CancelAsync(id, cancellationToken);
        }

        foreach (var id in await jobs.WithoutFilesAsync(folder.Name, [.. folder.Jobs().Except(running)], cancellationToken))
        {
            folder.Delete(id);
            JobsLog.FilesDeleted(logger, id);
        }
    }
}
