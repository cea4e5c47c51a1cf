using System.CommandLine;

using EventService.Registry.Jobs;

namespace EventService.Cli.Jobs;

/// <summary>eventservice jobs: large productions of a server.</summary>
public static class JobsCommand
{
    /// <param name="time">Clock for the lines that 'wait' writes without a terminal.</param>
    public static Command Command(TimeProvider time)
    {
        var server = new ServerOptions();
        var command = new Command("jobs", "Ask a server for large productions, watch them, download their files.");
        foreach (var verb in new[]
        {
            SubmitJob.Command(server, time), ListJobs.Command(server), ShowJob.Command(server), WaitForJob.Command(server, time),
            CancelJob.Command(server), DownloadJob.Command(server),
        })
        {
            server.AddTo(verb);
            command.Subcommands.Add(verb);
        }

        return command;
    }

    internal static Argument<long> Id() => new("id") { Description = "Number of the job." };

    internal static Task WriteAsync(ResultWriter output, JobResponse job) => output.WriteAsync(job, () => output.ListAsync(
        ("job", job.Id),
        ("state", job.State),
        ("error", job.Error),
        ("owner", job.Owner),
        ("request id", job.RequestId),
        ("model", $"{job.Receipt.Model} version {job.Receipt.Version} ({job.Receipt.Process})"),
        ("sha256", job.Receipt.Sha256),
        ("seed", job.Receipt.Seed),
        ("first", job.Receipt.First),
        ("n", job.N),
        ("format", job.Receipt.Format),
        ("done", Progress(job)),
        ("events/s", job.EventsPerSecond is { } rate ? $"{rate:F0}" : null),
        ("left", job.SecondsLeft is { } left ? Left(left) : null),
        ("parts", $"{job.PartsDone} of {job.Parts}, {job.Bytes} bytes"),
        ("created", job.CreatedAt),
        ("started", job.StartedAt),
        ("finished", job.FinishedAt),
        ("deleted after", job.DeletedAfter)));

    internal static string Progress(JobResponse job) => FormattableString.Invariant($"{job.Done} ({100.0 * job.Done / job.N:F1} %)");

    internal static string Left(double seconds) =>
        TimeSpan.FromSeconds(Math.Min(Math.Ceiling(seconds), TimeSpan.MaxValue.TotalSeconds / 2)) is var left && left.TotalDays >= 1
            ? FormattableString.Invariant($"{left.Days} d {left:hh\\:mm\\:ss}")
            : FormattableString.Invariant($"{left:hh\\:mm\\:ss}");
}
