using System.CommandLine;

namespace EventService.Cli.Jobs;

/// <summary>eventservice jobs show.</summary>
internal static class ShowJob
{
    private static readonly Argument<long> s_id = JobsCommand.Id();

    public static Command Command(ServerOptions server)
    {
        var command = new Command("show", "One job: its state, how far it is, when it will be done.") { s_id };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = server.Open(parsed);
            await JobsCommand.WriteAsync(
                server.Output(parsed), await new HttpJobs(client).GetAsync(parsed.GetValue(s_id), cancellationToken));
        });
        return command;
    }
}
