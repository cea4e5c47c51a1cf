using System.CommandLine;

namespace EventService.Cli.Jobs;

/// <summary>eventservice jobs cancel.</summary>
internal static class CancelJob
{
    private static readonly Argument<long> s_id = JobsCommand.Id();

    public static Command Command(ServerOptions server)
    {
        var command = new Command("cancel", "Cancel a job, or delete the files of one that is finished.") { s_id };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = server.Open(parsed);
            await JobsCommand.WriteAsync(
                server.Output(parsed), await new HttpJobs(client).CancelAsync(parsed.GetValue(s_id), cancellationToken));
        });
        return command;
    }
}
