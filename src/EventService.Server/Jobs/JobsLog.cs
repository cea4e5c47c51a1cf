namespace EventService.Server.Jobs;

/// <summary>Log messages about jobs: 2400-2499.</summary>
internal static partial class JobsLog
{
    [LoggerMessage(2400, LogLevel.Information, "Job {Job} begun by {Worker}: {Events} events of {Model}, seed {Seed}; {PartsDone} of {Parts} parts are done")]
    public static partial void Begun(ILogger logger, long job, string worker, long events, string model, string seed, int partsDone, int parts);

    [LoggerMessage(2401, LogLevel.Information, "Job {Job} done: {Parts} parts, {Bytes} bytes")]
    public static partial void Done(ILogger logger, long job, int parts, long bytes);

    [LoggerMessage(2402, LogLevel.Warning, "Job {Job} failed: {Reason}")]
    public static partial void Failed(ILogger logger, long job, string reason);

    [LoggerMessage(2403, LogLevel.Error, "Job {Job} broke off")]
    public static partial void BrokeOff(ILogger logger, long job, Exception exception);

    [LoggerMessage(2404, LogLevel.Warning, "Job {Job} waits: {Reason}")]
    public static partial void Waits(ILogger logger, long job, string reason);

    [LoggerMessage(2405, LogLevel.Information, "Job {Job} handed back; it goes on where a server has time")]
    public static partial void HandedBack(ILogger logger, long job);

    [LoggerMessage(2406, LogLevel.Information, "Job {Job} is not ours any more: it is {State}")]
    public static partial void Lost(ILogger logger, long job, string state);

    [LoggerMessage(2407, LogLevel.Warning, "Part {Part} of job {Job} is not what it was when it was finished; it is made again")]
    public static partial void PartDamaged(ILogger logger, long job, int part);

    [LoggerMessage(2408, LogLevel.Information, "Files of job {Job} deleted")]
    public static partial void FilesDeleted(ILogger logger, long job);

    [LoggerMessage(2410, LogLevel.Error, "Taking or tidying up jobs failed; it is tried again")]
    public static partial void RunnerFailed(ILogger logger, Exception exception);

    [LoggerMessage(2409, LogLevel.Error, "The folder of jobs cannot be used; it is tried again in a minute: {Reason}")]
    public static partial void FolderUnusable(ILogger logger, string reason);
}
