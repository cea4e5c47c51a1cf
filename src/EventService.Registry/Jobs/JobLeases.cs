using EventService.Registry.Databases;
using EventService.Registry.Keys;
using EventService.Registry.Tables;

using Microsoft.EntityFrameworkCore;

namespace EventService.Registry.Jobs;

/// <summary>A job that a worker has taken, for as long as it renews the lease.</summary>
/// <param name="Job">The job as it was taken.</param>
/// <param name="Worker">The holder: another name for each time that a job is taken, so that one that comes too late is told apart.</param>
/// <param name="Quota">The quota of the key that it was asked for with.</param>
public sealed record JobLease(Job Job, string Worker, KeyQuota Quota);

/// <summary>
/// Who works on which job. A job is taken by one worker at a time, by a change of its row that only one can make; the lease is renewed
/// while the work goes on, and one that has run out can be taken by others. Whatever a holder changes, it changes only while nobody else
/// has taken the job.
/// </summary>
/// <param name="contexts">The database.</param>
/// <param name="time">Servers that share a database must agree about the time to within a fraction of the lease.</param>
/// <param name="length">How long a lease lasts without being renewed.</param>
public sealed class JobLeases(IDbContextFactory<RegistryContext> contexts, TimeProvider time, TimeSpan length)
{
    /// <summary>Begun so often without a part being finished or the job being handed back, it is taken to bring its servers down.</summary>
    public const int LargestAttempts = 5;

    /// <summary>Takes the oldest job that waits or whose worker is gone, if its files lie in this folder or nowhere yet.</summary>
    /// <param name="folder">Folder of jobs that the worker sees.</param>
    /// <param name="machine">What the worker is called.</param>
    /// <param name="notThese">Jobs that this server works on.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Null where there is nothing to do.</returns>
    public async Task<JobLease?> TakeAsync(string folder, string machine, IReadOnlyCollection<long> notThese, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        while (true)
        {
            var now = time.GetUtcNow().UtcDateTime;
            var next = await context.Jobs.AsNoTracking()
                .Where(j => (j.State == JobState.Queued || j.State == JobState.Running) && (j.LeaseUntil == null || j.LeaseUntil < now)
                    && (j.Folder == null || j.Folder == folder) && !notThese.Contains(j.Id))
                .OrderBy(j => j.Id).FirstOrDefaultAsync(cancellationToken);
            if (next is null)
            {
                return null;
            }

            var worker = $"{machine}/{Guid.NewGuid():N}";
            var until = now + length;
            var taken = await context.Jobs.Where(j => j.Id == next.Id && j.Revision == next.Revision).ExecuteUpdateAsync(
                u => u.SetProperty(j => j.State, JobState.Running).SetProperty(j => j.Worker, worker).SetProperty(j => j.LeaseUntil, until)
                    .SetProperty(j => j.Folder, folder).SetProperty(j => j.Attempts, j => j.Attempts + 1).SetProperty(j => j.Error, (string?)null)
                    .SetProperty(j => j.StartedAt, j => j.StartedAt ?? now).SetProperty(j => j.EventsPerSecond, 0).SetProperty(j => j.Revision, j => j.Revision + 1),
                cancellationToken);
            if (taken == 0)
            {
                continue; // somebody else was faster
            }

            var job = await context.Jobs.AsNoTracking().SingleAsync(j => j.Id == next.Id, cancellationToken);
            var key = await context.ApiKeys.AsNoTracking().SingleOrDefaultAsync(k => k.Id == job.ApiKeyId, cancellationToken);
            return new JobLease(job, worker, key is null ? KeyQuota.None : new KeyQuota(key.EventsPerSecond, key.ConcurrentRequests));
        }
    }

    /// <summary>Goes on holding a job, and says how far it is.</summary>
    /// <returns>False where it is not held any more: it was cancelled, or another has taken it.</returns>
    public async Task<bool> RenewAsync(JobLease lease, long done, double eventsPerSecond, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var until = time.GetUtcNow().UtcDateTime + length;
        return await Held(context, lease).ExecuteUpdateAsync(
            u => u.SetProperty(j => j.LeaseUntil, until).SetProperty(j => j.Done, done).SetProperty(j => j.EventsPerSecond, eventsPerSecond).SetProperty(j => j.Revision, j => j.Revision + 1),
            cancellationToken) == 1;
    }

    /// <summary>The parts that are finished, in order.</summary>
    public async Task<IReadOnlyList<JobPart>> PartsAsync(JobLease lease, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(lease);
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.JobParts.AsNoTracking().Where(p => p.JobId == lease.Job.Id).OrderBy(p => p.Number).ToListAsync(cancellationToken);
    }

    /// <summary>Records a finished part, or forgets one whose file is not what it was. Doing it again changes nothing.</summary>
    /// <param name="lease">The job.</param>
    /// <param name="number">Number of the part.</param>
    /// <param name="part">Null to forget it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>False where the job is not held any more; nothing is changed then.</returns>
    public async Task<bool> SetPartAsync(JobLease lease, int number, JobPart? part, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        // The row stays locked until the end: nobody takes the job in between.
        if (await Held(context, lease).ExecuteUpdateAsync(u => u.SetProperty(j => j.Attempts, 0).SetProperty(j => j.Revision, j => j.Revision + 1), cancellationToken) == 0)
        {
            return false;
        }

        await context.JobParts.Where(p => p.JobId == lease.Job.Id && p.Number == number).ExecuteDeleteAsync(cancellationToken);
        if (part is not null)
        {
            context.JobParts.Add(part);
            await context.SaveChangesAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>The job is done or has failed.</summary>
    /// <param name="lease">The job.</param>
    /// <param name="state">What it is from now on.</param>
    /// <param name="done">Events that are done.</param>
    /// <param name="error">Why it failed.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>False where it is not held any more.</returns>
    public async Task<bool> FinishAsync(JobLease lease, string state, long done, string? error, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow().UtcDateTime;
        return await Held(context, lease).ExecuteUpdateAsync(
            u => u.SetProperty(j => j.State, state).SetProperty(j => j.Done, done).SetProperty(j => j.Error, error).SetProperty(j => j.FinishedAt, now)
                .SetProperty(j => j.Worker, (string?)null).SetProperty(j => j.LeaseUntil, (DateTime?)null).SetProperty(j => j.Revision, j => j.Revision + 1),
            cancellationToken) == 1;
    }

    /// <summary>Hands a job back: another worker may take it, at once or after a while.</summary>
    /// <param name="lease">The job.</param>
    /// <param name="done">Events of the finished parts.</param>
    /// <param name="wait">How long nobody shall begin it.</param>
    /// <param name="error">What it waits for; null where it can go on at once.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task ReleaseAsync(JobLease lease, long done, TimeSpan wait, string? error, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        DateTime? notBefore = wait > TimeSpan.Zero ? time.GetUtcNow().UtcDateTime + wait : null;
        await Held(context, lease).ExecuteUpdateAsync(
            u => u.SetProperty(j => j.State, JobState.Queued).SetProperty(j => j.Worker, (string?)null).SetProperty(j => j.LeaseUntil, notBefore)
                .SetProperty(j => j.Attempts, 0).SetProperty(j => j.Done, done).SetProperty(j => j.Error, error).SetProperty(j => j.EventsPerSecond, 0).SetProperty(j => j.Revision, j => j.Revision + 1),
            cancellationToken);
    }

    private static IQueryable<Job> Held(RegistryContext context, JobLease lease)
    {
        ArgumentNullException.ThrowIfNull(lease);
        return context.Jobs.Where(j => j.Id == lease.Job.Id && j.Worker == lease.Worker && j.State == JobState.Running);
    }
}
