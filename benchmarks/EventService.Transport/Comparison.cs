using System.Diagnostics;
using System.Globalization;

namespace EventService.Transport;

/// <summary>All readers of all builds, in turns: MB/s, and the processor seconds that a GB costs server and client.</summary>
internal static class Comparison
{
    private sealed record Work(string Build, string Reader, ServerProcess Server, Func<Task<string>> Read)
    {
        public List<double> Rates { get; } = [];

        public List<double> ServerSeconds { get; } = [];

        public List<double> ClientSeconds { get; } = [];
    }

    public static async Task RunAsync(string? against, int rounds)
    {
        var gigabytes = new ReadyEvents().Length / 1e9;
        List<(string Name, string Folder)> builds = [("this", AppContext.BaseDirectory)];
        if (against is not null)
        {
            builds.Add(("other", Path.GetFullPath(against)));
        }

        var script = Path.Combine(AppContext.BaseDirectory, "client.py");
        var works = new List<Work>();
        var servers = new List<ServerProcess>();
        try
        {
            foreach (var (name, folder) in builds)
            {
                var server = await ServerProcess.StartAsync(folder);
                servers.Add(server);
                Task<string> Dotnet(string kind) =>
                    OutputAsync("dotnet", Path.Combine(folder, "EventService.Transport.dll"), "read", server.Address, kind);
                works.Add(new Work(name, ".NET, bytes", server, () => Dotnet(Reader.Bytes)));
                works.Add(new Work(name, ".NET, bytes, bare loop", server, () => Dotnet(Reader.BareBytes)));
                works.Add(new Work(name, "EventService.Client", server, () => Dotnet(Reader.Events)));
                works.Add(new Work(name, "EventService.Client, blocks reused", server, () => Dotnet(Reader.ReusedEvents)));
                works.Add(new Work(name, "python3-grpcio", server, () =>
                    OutputAsync("/usr/bin/python3", script, new Uri(server.Address).Authority, ReadyServer.ServicePath)));
            }

            for (var round = 0; round < rounds; round++)
            {
                foreach (var work in works.OrderBy(w => w.Reader).ThenBy(w => (w.Build == "this") ^ (round % 2 == 0)))
                {
                    var before = work.Server.ProcessorSeconds;
                    var said = (await work.Read()).Split(' ').Select(x => double.Parse(x, CultureInfo.InvariantCulture)).ToArray();
                    work.Rates.Add(said[0]);
                    work.ClientSeconds.Add(said[1]);
                    // Every reader reads all twice and tells of the second time.
                    work.ServerSeconds.Add((work.Server.ProcessorSeconds - before) / (2 * gigabytes));
                    Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
                        $"{work.Reader}, {work.Build}: {said[0]:F0} MB/s, {work.ServerSeconds[^1]:F3} and {said[1]:F3} s a GB"));
                }
            }
        }
        finally
        {
            servers.ForEach(s => s.Dispose());
        }

        Print(works, rounds, gigabytes);
    }

    private static void Print(List<Work> works, int rounds, double gigabytes)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{ReadyEvents.Messages} messages, {gigabytes:F2} GB, {rounds} rounds, {Environment.ProcessorCount} processors. ")
            + "Medians, least and greatest in brackets.\n");
        Console.WriteLine("| reader | build | MB/s | server's processor seconds a GB | client's |\n|---|---|---|---|---|");
        foreach (var work in works.OrderBy(w => w.Reader).ThenByDescending(w => w.Build))
        {
            Console.WriteLine($"| {work.Reader} | {work.Build} | {Spread(work.Rates, "F0")} | "
                + $"{Spread(work.ServerSeconds, "F3")} | {Spread(work.ClientSeconds, "F3")} |");
        }

        foreach (var pair in works.GroupBy(w => w.Reader).Where(g => g.Count() == 2))
        {
            var (ours, other) = (pair.Single(w => w.Build == "this"), pair.Single(w => w.Build == "other"));
            Console.WriteLine($"\n{pair.Key}, this over other, round by round: "
                + $"MB/s {Ratio(w => w.Rates)} (best over best {ours.Rates.Max() / other.Rates.Max():F3}), "
                + $"server's seconds {Ratio(w => w.ServerSeconds)} "
                + $"(least over least {ours.ServerSeconds.Min() / other.ServerSeconds.Min():F3}), "
                + $"client's {Ratio(w => w.ClientSeconds)} (least over least {ours.ClientSeconds.Min() / other.ClientSeconds.Min():F3})");
            string Ratio(Func<Work, List<double>> of) => Spread(of(ours).Zip(of(other), (a, b) => a / b), "F3");
        }
    }

    private static string Spread(IEnumerable<double> values, string format)
    {
        double[] sorted = [.. values.Order()];
        string Text(double value) => value.ToString(format, CultureInfo.InvariantCulture);
        return $"{Text(sorted[sorted.Length / 2])} ({Text(sorted[0])} to {Text(sorted[^1])})";
    }

    private static async Task<string> OutputAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            Environment = { ["DOTNET_gcServer"] = "0" },
        })!;
        var said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? said
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }
}
