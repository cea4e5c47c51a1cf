using System.Collections.Concurrent;
using System.CommandLine;
using System.Diagnostics;

using EventService.Engine.Random;
using EventService.Generation.Requests;

using Spectre.Console;

namespace EventService.Cli.Bench;

/// <summary>
/// eventservice bench serve: many clients at a time, or requests at random times, against a running server; latencies, rates, fairness,
/// memory, and whether each answer is the one that the same request gives alone.
/// </summary>
public static class BenchServe
{
    /// <summary>Columns of text: a log file has no width of its own.</summary>
    private const int ReportWidth = 160;

    private static readonly Option<string> s_server = new("--server")
    {
        Description = "Address of the server.",
        DefaultValueFactory = _ => "http://localhost:8080",
    };
    private static readonly Option<string> s_process = new("--process")
    {
        Description = "Physics process.",
        DefaultValueFactory = _ => "ttbar",
    };
    private static readonly Option<int> s_clients = new("--clients")
    {
        Description = "Clients, each with one request after the other.",
        DefaultValueFactory = _ => 8,
    };
    private static readonly Option<double> s_seconds = new("--seconds")
    {
        Description = "Length of the trial.",
        DefaultValueFactory = _ => 30,
    };
    private static readonly Option<string> s_least = new("--least") { Description = "Smallest n.", DefaultValueFactory = _ => "1" };
    private static readonly Option<string> s_most = new("--most")
    {
        Description = "Largest n; sizes are even on a logarithmic scale, or with --load on a linear one.",
        DefaultValueFactory = _ => "1e6",
    };
    private static readonly Option<double?> s_load = new("--load")
    {
        Description = "Instead of clients: requests at random (Poisson) times that ask for this share of what the server can do.",
    };
    private static readonly Option<bool> s_stream = new("--stream") { Description = "One request for 1e8 events runs beside the others." };
    private static readonly Option<bool> s_verify = new("--verify")
    {
        Description = "Afterwards ask for every answer again, alone, and compare the bytes.",
    };
    private static readonly Option<ulong> s_seed = new("--seed")
    {
        Description = "Seed of the sizes and times of this load.",
        DefaultValueFactory = _ => 1,
    };

    public static Command Command()
    {
        var command = new Command(
            "serve", "Load a running server and report latencies, rates, fairness, memory and whether its answers are right.")
        {
            s_server, s_process, s_clients, s_seconds, s_least, s_most, s_load, s_stream, s_verify, s_seed,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromSeconds(10) };
        using var http = new HttpClient(handler)
        {
            BaseAddress = ServerAddress.Parse(parsed.GetValue(s_server)!),
            Timeout = Timeout.InfiniteTimeSpan,
        };
        var client = new LoadClient(http, parsed.GetValue(s_process)!);
        var sizes = new LoadSizes(
            EventCount.Parse(parsed.GetValue(s_least)!, "--least", 1), EventCount.Parse(parsed.GetValue(s_most)!, "--most", 1));
        var duration = TimeSpan.FromSeconds(parsed.GetValue(s_seconds));
        var perSecond = parsed.GetValue(s_load) is { } load
            ? load * await CapacityAsync(client, cancellationToken) / sizes.LinearMean
            : (double?)null;

        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var memory = new ServerMemory(http);
        var done = new ConcurrentQueue<LoadRequest>();
        var watching = memory.WatchAsync(end.Token);
        end.CancelAfter(duration);
        var start = Stopwatch.GetTimestamp();
        var seed = parsed.GetValue(s_seed);
        var stream = parsed.GetValue(s_stream) ? client.AskAsync(-1, 100_000_000, seed, start, end.Token) : null;
        await (perSecond is { } rate
            ? ArriveAsync(client, sizes, rate, new PhiloxStream(seed, 0), done, end.Token)
            : Task.WhenAll(
                Enumerable.Range(0, parsed.GetValue(s_clients))
                    .Select(c => OneAfterTheOtherAsync(client, c, sizes, new PhiloxStream(seed, (ulong)c), done, end.Token))));
        var beside = stream is null ? null : await stream;
        var took = Stopwatch.GetElapsedTime(start);
        await watching;
        cancellationToken.ThrowIfCancellationRequested();

        int? replayed = null;
        List<string> differences = [];
        if (parsed.GetValue(s_verify))
        {
            replayed = await VerifyAsync(client, done, differences, cancellationToken);
        }

        var report = new LoadReport([.. done], took, memory, beside, replayed, differences);
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(parsed.InvocationConfiguration.Output) });
        console.Profile.Width = Math.Max(console.Profile.Width, ReportWidth);
        report.Write(console);
        return report.IsGood ? 0 : 1;
    }

    /// <summary>Events a second that one stream gets when nothing else runs.</summary>
    private static async Task<double> CapacityAsync(LoadClient client, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        end.CancelAfter(TimeSpan.FromSeconds(10));
        var stream = await client.AskAsync(0, 100_000_000, 0, Stopwatch.GetTimestamp(), end.Token);
        return stream.Events / stream.Latency.TotalSeconds;
    }

    private static async Task OneAfterTheOtherAsync(
        LoadClient client, int number, LoadSizes sizes, PhiloxStream random, ConcurrentQueue<LoadRequest> done, CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            var (n, seed) = (sizes.Logarithmic(random.NextDouble()), Seed(ref random));
            done.Enqueue(await client.AskAsync(number, n, seed, Stopwatch.GetTimestamp(), end));
        }
    }

    /// <summary>Requests at the times of a Poisson process, whatever becomes of those before: what waits counts.</summary>
    private static async Task ArriveAsync(
        LoadClient client, LoadSizes sizes, double perSecond, PhiloxStream random, ConcurrentQueue<LoadRequest> done, CancellationToken end)
    {
        List<Task> running = [];
        var due = Stopwatch.GetTimestamp();
        for (var number = 0; !end.IsCancellationRequested; number++)
        {
            due += (long)(-Math.Log(1 - random.NextDouble()) / perSecond * Stopwatch.Frequency);
            var wait = due - Stopwatch.GetTimestamp();
            if (wait > 0)
            {
                await Task.Delay(TimeSpan.FromSeconds((double)wait / Stopwatch.Frequency), end)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            var (n, seed, at) = (sizes.Linear(random.NextDouble()), Seed(ref random), due);
            running.Add(OneAsync(number, n, seed, at));
        }

        await Task.WhenAll(running);

        async Task OneAsync(int number, long n, ulong seed, long at) => done.Enqueue(await client.AskAsync(number, n, seed, at, end));
    }

    private static async Task<int> VerifyAsync(
        LoadClient client, IReadOnlyCollection<LoadRequest> requests, List<string> differences, CancellationToken cancellationToken)
    {
        var count = 0;
        var some = requests.Where(r => r.Bytes > 0).ToArray();
        await Terminal.ProgressAsync("asking again, alone", (long)some.Sum(r => r.Events), async progress =>
        {
            var events = 0.0;
            foreach (var request in some)
            {
                if (await client.ReplayAsync(request, cancellationToken) != request.Sha256)
                {
                    differences.Add($"{request.Query}, first {request.Bytes} bytes");
                }

                count++;
                progress((long)(events += request.Events));
            }
        });
        return count;
    }

    private static ulong Seed(ref PhiloxStream random) => (ulong)(random.NextDouble() * (1L << 53));
}
