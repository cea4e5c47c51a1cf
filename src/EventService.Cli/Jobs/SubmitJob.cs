using System.CommandLine;

using EventService.Models.Contracts;
using EventService.Physics.Formats;

namespace EventService.Cli.Jobs;

/// <summary>eventservice jobs submit.</summary>
internal static class SubmitJob
{
    // Under the names of HTTP; the server checks them.
    private static readonly (string Name, Option<string?> Option)[] s_values =
    [
        ("process", new("--process") { Description = "Physics process, such as ttbar." }),
        ("model", new("--model") { Description = "Name of a model, where the process has several." }),
        ("version", new("--version-number") { Description = "Number of the version; the one in production if not given." }),
        ("alias", new("--alias") { Description = "Alias of the version." }),
        ("n", new("--n", "-n") { Description = "Number of events: 1e9, 500M." }),
        ("seed", new("--seed") { Description = "Whole number from 0 to 2^64 - 1; random if not given, and reported." }),
        ("first", new("--first") { Description = "Index of the first event in the stream of this seed." }),
        ("format", new("--format") { Description = string.Join(", ", EventFormats.Names) + "." }),
        ("columns", new("--columns") { Description = "Columns, separated by commas, such as MET_pt,Jet,nElectron." }),
        ("cut", new("--cut") { Description = "Comparisons that all must hold: MET_pt>100,nJet>=4. n counts the events before the cut." }),
        ("lumi", new("--lumi") { Description = "Integrated luminosity in 1/fb that the receipt normalises to." }),
        ("eventsPerPart", new("--events-per-part") { Description = "Events of each file." }),
        ("requestId", new("--request-id") { Description = "A name of your own: sent again with the same name, it is the same job." }),
    ];

    private static readonly Option<string[]> s_condition = new("--condition")
    {
        Description =
            "Condition of the model, such as mGluino=1700, several points, mGluino=1500,1600, or a prior, mGluino=uniform(1000,2200). "
                + "May be given several times.",
    };
    private static readonly Option<bool> s_logDensity = new("--log-density") { Description = "Add the log-density of each event." };
    private static readonly Option<bool> s_wait = new("--wait") { Description = "Wait until it is finished." };

    public static Command Command(ServerOptions server, TimeProvider time)
    {
        var command = new Command("submit", "Ask for a large production, into files of the server.") { s_condition, s_logDensity, s_wait };
        foreach (var (_, option) in s_values)
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = server.Open(parsed);
            var jobs = new HttpJobs(client);
            var job = await jobs.SubmitAsync(Values(parsed), cancellationToken);
            var output = server.Output(parsed);
            if (parsed.GetValue(s_wait))
            {
                return await WaitForJob.RunAsync(jobs, job.Id, output, parsed.InvocationConfiguration.Error, time, cancellationToken);
            }

            await JobsCommand.WriteAsync(output, job);
            return 0;
        });
        return command;
    }

    private static Dictionary<string, string> Values(ParseResult parsed)
    {
        var values = s_values.Where(v => parsed.GetValue(v.Option) is not null).ToDictionary(v => v.Name, v => parsed.GetValue(v.Option)!);
        if (parsed.GetValue(s_logDensity))
        {
            values["logDensity"] = "true";
        }

        foreach (var text in parsed.GetValue(s_condition) ?? [])
        {
            var parts = text.Split('=', 2);
            if (parts.Length != 2 || !values.TryAdd(parts[0], parts[1]))
            {
                throw new RequestException(RequestFault.BadValue, $"--condition is '{text}', expected NAME=VALUE with each name once.");
            }
        }

        return values;
    }
}
