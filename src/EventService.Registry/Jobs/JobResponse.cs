using EventService.Generation.Requests;
using EventService.Registry.Tables;

namespace EventService.Registry.Jobs;

/// <summary>A job as it is now.</summary>
/// <param name="Id">What names it.</param>
/// <param name="State">queued, running, done, failed, cancelled or deleted.</param>
/// <param name="Owner">Name of the key that it was asked for with, ISSUER#NAME of who sent a token, or "anonymous".</param>
/// <param name="RequestId">What the owner calls the request; null where it has no name.</param>
/// <param name="N">Events in all.</param>
/// <param name="Done">Events generated so far.</param>
/// <param name="EventsPerSecond">How fast it goes at present; null while nobody works on it.</param>
/// <param name="SecondsLeft">When it will be done at that rate; null while nobody works on it.</param>
/// <param name="Parts">Files in all.</param>
/// <param name="PartsDone">Files that are finished and can be downloaded.</param>
/// <param name="Bytes">Bytes in them.</param>
/// <param name="EventsPerPart">Events of each part but the last.</param>
/// <param name="Error">Why it failed, or what a queued job waits for; null where all is well.</param>
/// <param name="CreatedAt">When it was asked for.</param>
/// <param name="StartedAt">When it was first begun.</param>
/// <param name="FinishedAt">When it was done, failed or cancelled.</param>
/// <param name="DeletedAfter">When its files will be deleted; null for a job that has none or is not finished.</param>
/// <param name="Receipt">The receipt of the whole output.</param>
public sealed record JobResponse(
    long Id, string State, string Owner, string? RequestId, long N, long Done, double? EventsPerSecond, double? SecondsLeft,
    int Parts, int PartsDone, long Bytes, long EventsPerPart, string? Error,
    DateTime CreatedAt, DateTime? StartedAt, DateTime? FinishedAt, DateTime? DeletedAfter, Receipt Receipt)
{
    /// <param name="stored">The job, with how much of it there is.</param>
    /// <param name="keep">How long the files of a finished job are kept.</param>
    public static JobResponse Of(StoredJob stored, TimeSpan keep)
    {
        ArgumentNullException.ThrowIfNull(stored);
        var (job, partsDone, bytes) = stored;
        var request = JobRequest.FromJson(job.Request);
        double? rate = job.State == JobState.Running && job.EventsPerSecond > 0 ? job.EventsPerSecond : null;
        return new JobResponse(
            job.Id, job.State, job.Owner, job.RequestId, request.Receipt.N, job.Done, rate, (request.Receipt.N - job.Done) / rate,
            request.Parts, partsDone, bytes, request.EventsPerPart, job.Error,
            job.CreatedAt, job.StartedAt, job.FinishedAt,
            job.State is JobState.Done or JobState.Failed ? job.FinishedAt + keep : null,
            request.Receipt);
    }
}

/// <summary>A job in the database, and how much of it there is.</summary>
/// <param name="Job">The job.</param>
/// <param name="PartsDone">Finished parts.</param>
/// <param name="Bytes">Bytes in them.</param>
public sealed record StoredJob(Job Job, int PartsDone, long Bytes);
