using EventService.Registry.Databases;
using EventService.Registry.Tables;

using Microsoft.EntityFrameworkCore;

namespace EventService.Registry.Jobs;

/// <summary>A job that is asked for.</summary>
/// <param name="Request">What it is to do.</param>
/// <param name="Owner">Whose it is.</param>
/// <param name="ApiKeyId">Whose quota it counts to.</param>
/// <param name="RequestId">What the owner calls the request; null for no name.</param>
public sealed record NewJob(JobRequest Request, string Owner, long? ApiKeyId, string? RequestId);

/// <summary>The jobs in the database, for those who ask for them; <see cref="JobLeases"/> is for those who do them.</summary>
/// <param name="contexts">The database.</param>
/// <param name="time">For when things happened.</param>
/// <param name="activePerOwner">The largest number of unfinished jobs of an owner.</param>
public sealed class JobStore(IDbContextFactory<RegistryContext> contexts, TimeProvider time, int activePerOwner = int.MaxValue)
{
    /// <summary>The one kind of jobs that there is: a range of events, in files.</summary>
    private const string Generate = "generate";

    /// <summary>The job of this owner with this request id; null if there is none.</summary>
    /// <exception cref="RegistryException">There is one that asks for something else.</exception>
    public async Task<StoredJob?> FindAsync(NewJob asked, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(asked);
        if (asked.RequestId is null)
        {
            return null;
        }

        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var there = await Stored(context.Jobs.Where(j => j.Owner == asked.Owner && j.RequestId == asked.RequestId)).SingleOrDefaultAsync(cancellationToken);
        return there is null || JobRequest.FromJson(there.Job.Request).AsksTheSame(asked.Request)
            ? there
            : throw new RegistryException(RegistryFault.Conflict,
                $"Request id '{asked.RequestId}' is that of job {there.Job.Id}, which asks for something else. Give a new request another id.");
    }

    /// <summary>Enters a job. One request id gives one job, however often and however many at once send it.</summary>
    /// <returns>The job, and whether it is new.</returns>
    /// <exception cref="RegistryException">The request id is that of a job that asks for something else.</exception>
    public async Task<(StoredJob Job, bool IsNew)> SubmitAsync(NewJob asked, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(asked);
        if (await FindAsync(asked, cancellationToken) is { } known)
        {
            return (known, false);
        }

        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        if (await context.Jobs.CountAsync(j => j.Owner == asked.Owner && (j.State == JobState.Queued || j.State == JobState.Running), cancellationToken) >= activePerOwner)
        {
            throw new RegistryException(RegistryFault.TooMany, $"'{asked.Owner}' has {activePerOwner} jobs that are not finished, as many as this server allows. Cancel one, or wait until one is done.");
        }

        var job = new Job
        {
            Kind = Generate,
            Request = asked.Request.ToJson(),
            State = JobState.Queued,
            Owner = asked.Owner,
            ApiKeyId = asked.ApiKeyId,
            RequestId = asked.RequestId,
            CreatedAt = time.GetUtcNow().UtcDateTime,
        };
        context.Jobs.Add(job);
        try
        {
            await context.SaveChangesAsync(cancellationToken);
            return (new StoredJob(job, 0, 0), true);
        }
        catch (DbUpdateException) when (asked.RequestId is not null)
        {
            // Somebody else has entered it meanwhile, or else the database has failed us.
            if (await FindAsync(asked, cancellationToken) is { } meanwhile)
            {
                return (meanwhile, false);
            }

            throw;
        }
    }

    /// <exception cref="RegistryException">There is no such job, or it is another owner's.</exception>
    public async Task<StoredJob> GetAsync(long id, string? owner, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await Stored(context.Jobs.Where(j => j.Id == id && (owner == null || j.Owner == owner))).SingleOrDefaultAsync(cancellationToken)
            ?? throw new RegistryException(RegistryFault.NotFound, $"Job {id} not found{(owner is null ? "" : $" among those of '{owner}'")}. GET /jobs lists them.");
    }

    /// <summary>Jobs, the latest first.</summary>
    public async Task<IReadOnlyList<StoredJob>> ListAsync(JobSearch search, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(search);
        search.Check();
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await Stored(context.Jobs
            .Where(j => (search.Owner == null || j.Owner == search.Owner) && (search.State == null || j.State == search.State) && (search.After == null || j.Id < search.After))
            .OrderByDescending(j => j.Id).Take(search.Limit)).ToListAsync(cancellationToken);
    }

    /// <summary>One finished part; null where it is not finished.</summary>
    public async Task<JobPart?> FindPartAsync(long id, int number, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.JobParts.AsNoTracking().SingleOrDefaultAsync(p => p.JobId == id && p.Number == number, cancellationToken);
    }

    /// <summary>
    /// Cancels a job that is not finished, or gives up the files of one that is. Who works on it notices when it next renews its lease.
    /// </summary>
    public async Task CancelAsync(long id, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow().UtcDateTime;
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        await context.Jobs.Where(j => j.Id == id && (j.State == JobState.Queued || j.State == JobState.Running))
            .ExecuteUpdateAsync(u => u.SetProperty(j => j.State, JobState.Cancelled).SetProperty(j => j.FinishedAt, now).SetProperty(j => j.Revision, j => j.Revision + 1), cancellationToken);
        await context.Jobs.Where(j => j.Id == id && (j.State == JobState.Done || j.State == JobState.Failed))
            .ExecuteUpdateAsync(u => u.SetProperty(j => j.State, JobState.Deleted).SetProperty(j => j.Revision, j => j.Revision + 1), cancellationToken);
        await context.JobParts.Where(p => p.JobId == id).ExecuteDeleteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Jobs that finished before this time and still have files in this folder.</summary>
    public async Task<IReadOnlyList<long>> FinishedBeforeAsync(string folder, DateTime before, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Jobs
            .Where(j => j.Folder == folder && (j.State == JobState.Done || j.State == JobState.Failed) && j.FinishedAt < before)
            .Select(j => j.Id).ToListAsync(cancellationToken);
    }

    /// <summary>Which of these jobs have no business with files any more.</summary>
    public async Task<IReadOnlyList<long>> WithoutFilesAsync(string folder, IReadOnlyList<long> ids, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Jobs
            .Where(j => j.Folder == folder && (j.State == JobState.Cancelled || j.State == JobState.Deleted) && ids.Contains(j.Id))
            .Select(j => j.Id).ToListAsync(cancellationToken);
    }

    private static IQueryable<StoredJob> Stored(IQueryable<Job> jobs) =>
        jobs.AsNoTracking().Select(j => new StoredJob(j, j.Parts.Count, j.Parts.Sum(p => p.Bytes)));
}
