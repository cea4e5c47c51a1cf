using System.CommandLine;
using System.Globalization;

using EventService.Registry;
using EventService.Registry.Jobs;

namespace EventService.Cli.Jobs;

/// <summary>eventservice jobs wait: a progress bar on a terminal, else a line now and then. Interrupting it leaves the job alone.</summary>
internal static class WaitForJob
{
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_line = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    private static readonly Argument<long> s_id = JobsCommand.Id();

    public static Command Command(ServerOptions server, TimeProvider time)
    {
        var command = new Command("wait", "Wait until a job is finished; the exit status is 0 if it is done.") { s_id };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = server.Open(parsed);
            return await RunAsync(
                new HttpJobs(client), parsed.GetValue(s_id), server.Output(parsed), parsed.InvocationConfiguration.Error, time,
                cancellationToken);
        });
        return command;
    }

    /// <returns>The exit status.</returns>
    public static async Task<int> RunAsync(
        HttpJobs jobs, long id, ResultWriter output, TextWriter error, TimeProvider time, CancellationToken cancellationToken)
    {
        var job = await jobs.GetAsync(id, cancellationToken);
        if (JobState.IsActive(job.State))
        {
            await Terminal.ProgressAsync(
                $"job {id}, {job.Receipt.Process}",
                job.N,
                async progress => job = await PollAsync(jobs, job, progress, error, time, cancellationToken));
        }

        await JobsCommand.WriteAsync(output, job);
        return job.State == JobState.Done ? 0 : 1;
    }

    private static async Task<JobResponse> PollAsync(
        HttpJobs jobs, JobResponse job, Action<long> progress, TextWriter error, TimeProvider time, CancellationToken cancellationToken)
    {
        var (lastLine, lastAnswer) = ((long?)null, time.GetTimestamp());
        while (JobState.IsActive(job.State))
        {
            progress(job.Done);
            if (Console.IsErrorRedirected && (lastLine is not { } line || time.GetElapsedTime(line) >= s_line))
            {
                lastLine = time.GetTimestamp();
                await error.WriteLineAsync(Line(job));
            }

            await Task.Delay(s_look, time, cancellationToken);
            try
            {
                job = await jobs.GetAsync(job.Id, cancellationToken);
                lastAnswer = time.GetTimestamp();
            }
            catch (RegistryException e) when (e.Fault == RegistryFault.Unusable && time.GetElapsedTime(lastAnswer) < s_patience)
            {
                // The server is being restarted; the job goes on afterwards.
            }
        }

        progress(job.Done);
        return job;
    }

    private static string Line(JobResponse job) => string.Create(CultureInfo.InvariantCulture,
        $"job {job.Id} {job.State}: {job.Done} of {job.N} events, "
            + $"{job.EventsPerSecond ?? 0:F0}/s{(job.SecondsLeft is { } left ? $", left {JobsCommand.Left(left)}" : "")}"
            + $"{(job.Error is { } e ? $". {e}" : "")}");
}
