using System.CommandLine;

using EventService.Registry.Jobs;

namespace EventService.Cli.Jobs;

/// <summary>eventservice jobs list.</summary>
internal static class ListJobs
{
    private static readonly Option<string?> s_state = new("--state")
    {
        Description = $"Only jobs in this state: {string.Join(", ", JobState.All)}.",
    };
    private static readonly Option<string?> s_owner = new("--owner") { Description = "Only jobs of this owner; for administrators." };
    private static readonly Option<long?> s_after = new("--after") { Description = "Older than this one." };
    private static readonly Option<int> s_limit = new("--limit")
    {
        Description = "Largest number of jobs to list.",
        DefaultValueFactory = _ => JobSearch.DefaultLimit,
    };

    public static Command Command(ServerOptions server)
    {
        var command = new Command("list", "Jobs, the latest first.") { s_state, s_owner, s_after, s_limit };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = server.Open(parsed);
            var search = new JobSearch(
                parsed.GetValue(s_owner), parsed.GetValue(s_state), parsed.GetValue(s_after), parsed.GetValue(s_limit));
            var jobs = await new HttpJobs(client).ListAsync(search, cancellationToken);
            var output = server.Output(parsed);
            await output.WriteAsync(jobs, async () =>
            {
                await output.TableAsync(
                    ["JOB", "STATE", "OWNER", "PROCESS", "N", "DONE", "LEFT", "CREATED", "ERROR"],
                    jobs.Select(j => new object?[]
                    {
                        j.Id, j.State, j.Owner, j.Receipt.Process, j.N, JobsCommand.Progress(j),
                        j.SecondsLeft is { } left ? JobsCommand.Left(left) : null, j.CreatedAt, j.Error,
                    }));
                if (jobs.Count == search.Limit)
                {
                    await output.LineAsync($"There may be more: --after {jobs[^1].Id}");
                }
            });
        });
        return command;
    }
}
