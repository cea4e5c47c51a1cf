using EventService.Generation.Pipeline;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Physics.Formats;
using EventService.Registry;
using EventService.Registry.Databases;
using EventService.Registry.Jobs;
using EventService.Registry.Keys;
using EventService.Registry.Serving;
using EventService.Registry.Tables;
using EventService.Registry.Versions;
using EventService.Server.Callers;
using EventService.Server.Keys;
using EventService.Server.Problems;
using EventService.Server.Workers;

namespace EventService.Server.Jobs;

/// <summary>What a run of a job needs of the server.</summary>
internal sealed record JobTools(
    JobLeases Leases, JobStore Store, JobFolder Folder, VersionLookup Versions, GeneratorCache Generators,
    WorkerPool Pool, KeyQuota TokenQuota, TimeProvider Time, ILogger Logger);

/// <summary>
/// One job while this server holds it. Finished parts are kept, whoever made them, once their bytes have been read and are what was
/// recorded; the others are made one after another. The last step is the manifest.
/// </summary>
internal sealed class JobRun(JobLease lease, JobTools tools)
{
    private static readonly TimeSpan s_renewal = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_waitForDisk = TimeSpan.FromMinutes(1);

    private readonly long _id = lease.Job.Id;
    private readonly JobRequest _request = JobRequest.FromJson(lease.Job.Request);
    private long _done = lease.Job.Done;
    private (long Time, long Done)? _start;

    /// <summary>Works until the job is finished, waits for something, is somebody else's, or the server stops.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var held = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var renewing = RenewAsync(held);
        try
        {
            await WorkAsync(held.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // What there is of the present part is given up: a stop shall not wait for it.
            await TryAsync(() => tools.Leases.ReleaseAsync(lease, _done, TimeSpan.Zero, error: null, CancellationToken.None));
            JobsLog.HandedBack(tools.Logger, _id);
        }
        catch (Exception e) when (e is LeaseLostException || (e is OperationCanceledException && held.IsCancellationRequested))
        {
            await TryAsync(LeaveAsync);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var reason = $"The folder of jobs cannot be written: {e.Message} It is tried again every minute.";
            JobsLog.Waits(tools.Logger, _id, reason);
            await TryAsync(() => tools.Leases.ReleaseAsync(lease, _done, s_waitForDisk, reason, CancellationToken.None));
        }
        catch (Exception e) when (e is AttemptsExhaustedException or UnwritableEventException or RequestException or RegistryException or ModelFormatException)
        {
            JobsLog.Failed(tools.Logger, _id, e.Message);
            await TryAsync(() => tools.Leases.FinishAsync(lease, JobState.Failed, _done, e.Message, CancellationToken.None));
        }
#pragma warning disable CA1031 // whatever it is, it is the end of this job and not of the server
        catch (Exception e)
#pragma warning restore CA1031
        {
            JobsLog.BrokeOff(tools.Logger, _id, e);
            await TryAsync(() => tools.Leases.FinishAsync(lease, JobState.Failed, _done, $"The server failed; its log has the details under job {_id}.", CancellationToken.None));
        }
        finally
        {
            await held.CancelAsync();
            await renewing;
        }
    }

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        if (lease.Job.Attempts > JobLeases.LargestAttempts)
        {
            throw new RequestException(RequestFault.Cannot, $"The job was begun {JobLeases.LargestAttempts} times and its server died each time before a part was finished. Ask for smaller parts with eventsPerPart, or look into the servers' logs.");
        }

        var generator = await OpenModelAsync(cancellationToken);
        var request = GenerateRequest.Parse(new Dictionary<string, string>(_request.Parameters) { ["seed"] = _request.Receipt.Seed }, generator, "");
        var parts = await KeptPartsAsync(cancellationToken);
        _done = parts.Keys.Sum(_request.CountOf);
        _start = (tools.Time.GetTimestamp(), _done);
        JobsLog.Begun(tools.Logger, _id, lease.Worker, _request.Receipt.N, _request.Receipt.Model, _request.Receipt.Seed, parts.Count, _request.Parts);
        for (var number = 0; number < _request.Parts; number++)
        {
            if (!parts.ContainsKey(number))
            {
                parts[number] = await MakePartAsync(generator, request, number, cancellationToken);
            }
        }

        var manifest = new JobManifest(_id, _request.Receipt,
            [.. parts.Values.OrderBy(p => p.Number).Select(p => new ManifestPart(_request.FileOf(p.Number), _request.FirstOf(p.Number), _request.CountOf(p.Number), p.Bytes, p.Sha256))]);
        await using (var file = new DurableFile(tools.Folder.PathOf(_id, JobManifest.FileName)))
        {
            await file.WriteAsync(System.Text.Encoding.UTF8.GetBytes(manifest.ToJson()), cancellationToken);
            await file.CompleteAsync();
        }

        await HoldAsync(() => tools.Leases.FinishAsync(lease, JobState.Done, _done, error: null, cancellationToken), cancellationToken);
        JobsLog.Done(tools.Logger, _id, parts.Count, parts.Values.Sum(p => p.Bytes));
    }

    /// <summary>The version that the job was asked for with, whatever is in production by now.</summary>
    private async Task<EventGenerator> OpenModelAsync(CancellationToken cancellationToken)
    {
        var receipt = _request.Receipt;
        var version = await DatabaseAsync(() => tools.Versions.FindAsync(new ModelQuery(Model: receipt.Model, Version: receipt.Version), cancellationToken), cancellationToken);
        return version.Sha256 == receipt.Sha256
            ? await DatabaseAsync(() => tools.Generators.GetAsync(version, cancellationToken), cancellationToken)
            : throw new RegistryException(RegistryFault.Conflict, $"Version {receipt.Version} of model '{receipt.Model}' has the sha256 {version.Sha256}, the job was asked for with {receipt.Sha256}. Ask for it again.");
    }

    /// <summary>The parts whose files are what they were; nothing else stays in the folder.</summary>
    private async Task<Dictionary<int, JobPart>> KeptPartsAsync(CancellationToken cancellationToken)
    {
        var kept = new Dictionary<int, JobPart>();
        foreach (var part in await DatabaseAsync(() => tools.Leases.PartsAsync(lease, cancellationToken), cancellationToken))
        {
            if (await tools.Folder.HoldsAsync(part, _request.FileOf(part.Number), cancellationToken))
            {
                kept.Add(part.Number, part);
                continue;
            }

            JobsLog.PartDamaged(tools.Logger, _id, part.Number);
            await HoldAsync(() => tools.Leases.SetPartAsync(lease, part.Number, part: null, cancellationToken), cancellationToken);
        }

        tools.Folder.Prepare(_id, kept.Keys.Select(_request.FileOf).ToHashSet());
        return kept;
    }

    private async Task<JobPart> MakePartAsync(EventGenerator generator, GenerateRequest request, int number, CancellationToken cancellationToken)
    {
        var before = _done;
        var range = request with { First = _request.FirstOf(number), Count = _request.CountOf(number) };
        await using var file = new DurableFile(tools.Folder.PathOf(_id, _request.FileOf(number)));
        try
        {
            using (var workers = await AdmitAsync(generator, range.Count, cancellationToken))
            {
                await GeneratePipeline.RunAsync(workers, generator, range, (bytes, done, token) =>
                {
                    Volatile.Write(ref _done, before + done);
                    return file.WriteAsync(bytes, token);
                }, cancellationToken);
            }

            var (length, sha256) = await file.CompleteAsync();
            var part = new JobPart { JobId = _id, Number = number, Bytes = length, Sha256 = sha256 };
            await HoldAsync(() => tools.Leases.SetPartAsync(lease, number, part, cancellationToken), cancellationToken);
            return part;
        }
        catch
        {
            // What there is of the part is lost.
            Volatile.Write(ref _done, before);
            throw;
        }
    }

    /// <summary>Waits for its turn where the pool is full or the owner's quota is used up.</summary>
    private async Task<AdmittedRequest> AdmitAsync(EventGenerator generator, long events, CancellationToken cancellationToken)
    {
        // Who came with a token has the quota of the settings; nothing of that is stored.
        var caller = new Caller(lease.Job.Owner, lease.Job.ApiKeyId, [KeyScope.Generate], lease.Quota);
        caller = caller is { KeyId: null, Account: not null } ? caller with { Quota = tools.TokenQuota } : caller;
        while (true)
        {
            try
            {
                return tools.Pool.Admit(new AdmissionRequest(caller, generator, events, IsJob: true));
            }
            catch (ProblemException e) when (e.Status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable)
            {
                await Task.Delay(e.RetryAfter ?? s_renewal, tools.Time, cancellationToken);
            }
        }
    }

    private async Task RenewAsync(CancellationTokenSource held)
    {
        while (true)
        {
            await Task.Delay(s_renewal, tools.Time, held.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (held.IsCancellationRequested)
            {
                return;
            }

            var done = Volatile.Read(ref _done);
            var rate = _start is { } start ? (done - start.Done) / tools.Time.GetElapsedTime(start.Time).TotalSeconds : 0;
            try
            {
                if (!await tools.Leases.RenewAsync(lease, done, rate, held.Token))
                {
                    await held.CancelAsync();
                }
            }
            catch (Exception e) when (e is OperationCanceledException || DatabaseFailure.Is(e))
            {
                // The work goes on. If others can reach the database, they take the job when its lease has run out.
            }
        }
    }

    /// <summary>The job was cancelled, and its files are nobody's; or another server has it, and they are its.</summary>
    private async Task LeaveAsync()
    {
        var (job, _, _) = await tools.Store.GetAsync(_id, owner: null);
        JobsLog.Lost(tools.Logger, _id, job.State);
        if (job.State is JobState.Cancelled or JobState.Deleted)
        {
            tools.Folder.Delete(_id);
        }
    }

    private async Task HoldAsync(Func<Task<bool>> change, CancellationToken cancellationToken)
    {
        if (!await DatabaseAsync(change, cancellationToken))
        {
            throw new LeaseLostException();
        }
    }

    /// <summary>While the database is away, the job waits for it.</summary>
    private async Task<T> DatabaseAsync<T>(Func<Task<T>> ask, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await ask();
            }
            catch (Exception e) when (DatabaseFailure.Is(e) && !cancellationToken.IsCancellationRequested)
            {
                await Task.Delay(s_renewal, tools.Time, cancellationToken);
            }
        }
    }

    /// <summary>A last word to the database; if it is away, the end of the lease says the same.</summary>
    private static async Task TryAsync(Func<Task> say)
    {
        try
        {
            await say();
        }
        catch (Exception e) when (DatabaseFailure.Is(e) || e is IOException)
        {
        }
    }

    private sealed class LeaseLostException : Exception;
}
