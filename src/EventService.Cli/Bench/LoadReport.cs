using System.Globalization;

using Spectre.Console;

namespace EventService.Cli.Bench;

/// <summary>The results of a trial.</summary>
internal sealed record LoadReport(
    IReadOnlyList<LoadRequest> Requests, TimeSpan Duration, ServerMemory Memory, LoadRequest? Stream, int? Replayed,
    IReadOnlyList<string> Differences)
{
    private static readonly (string Name, long Least, long Most)[] s_sizes =
    [
        ("1 to 1000", 1, 1000), ("to 1e4", 1001, 10_000), ("to 1e5", 10_001, 100_000), ("to 1e6 and more", 100_001, long.MaxValue),
    ];

    /// <summary>No request failed, and every answer was that of the same request alone.</summary>
    public bool IsGood => Requests.All(r => r.Outcome != LoadOutcome.Failed) && Differences.Count == 0;

    public void Write(IAnsiConsole console)
    {
        var table = new Table()
            .AddColumns("n", "complete", "cut", "shed", "failed", "events/s", "first byte p50", "p99", "last byte p50", "p99", "largest");
        foreach (var (name, least, most) in s_sizes)
        {
            var some = Requests.Where(r => r.N >= least && r.N <= most).ToArray();
            if (some.Length == 0)
            {
                continue;
            }

            var complete = some.Where(r => r.Outcome == LoadOutcome.Complete).ToArray();
            table.AddRow([
                name,
                .. new[] { LoadOutcome.Complete, LoadOutcome.Cut, LoadOutcome.Shed, LoadOutcome.Failed }.Select(
                    o => Text(some.Count(r => r.Outcome == o), "N0")),
                Text(some.Sum(r => r.Events) / Duration.TotalSeconds, "N0"),
                Percentile(complete.Select(r => r.FirstByte), 0.5), Percentile(complete.Select(r => r.FirstByte), 0.99),
                Percentile(complete.Select(r => r.Latency), 0.5), Percentile(complete.Select(r => r.Latency), 0.99),
                Percentile(complete.Select(r => r.Latency), 1),
            ]);
        }

        console.Write(table);
        var seconds = Duration.TotalSeconds;
        console.WriteLine(
            $"{Text(Requests.Sum(r => r.Events) / seconds, "N0")} events/s, {Text(Requests.Sum(r => r.Bytes) / seconds / 1e6, "F1")} MB/s "
                + $"over {Text(seconds, "F0")} s");
        if (Stream is not null)
        {
            console.WriteLine(
                $"the stream beside them: {Stream.Outcome}, {Text(Stream.Events / Duration.TotalSeconds, "N0")} events/s {Stream.Error}");
        }

        if (Fairness() is { } fairness)
        {
            console.WriteLine(
                "fairness among the clients' requests above 1000 events (Jain, Chiu and Hawe 1984; "
                    + $"1 is even): {Text(fairness.Index, "F4")} over {fairness.Clients} clients");
        }

        if (Memory.Readings is { Count: > 0 } readings)
        {
            console.WriteLine(
                $"server memory: {Text(readings[0].MiB, "F0")} MiB at the start, {Text(readings.Max(r => r.MiB), "F0")} at most, "
                    + $"{Text(readings[^1].MiB, "F0")} at the end; in the second half {Text(Memory.Trend(), "F1")} MiB a minute");
        }

        foreach (var error in Requests.Where(r => r.Outcome == LoadOutcome.Failed).GroupBy(r => r.Error))
        {
            console.WriteLine($"{error.Count()} failed: {error.Key}");
        }

        if (Replayed is { } replayed)
        {
            console.WriteLine($"replayed alone: {replayed} answers, {Differences.Count} differ");
            foreach (var difference in Differences)
            {
                console.WriteLine($"differs: {difference}");
            }
        }
    }

    /// <summary>
    /// Fairness of the rates at which the clients received their larger answers while waiting for them: (sum x)^2 / (n sum x^2).
    /// </summary>
    private (double Index, int Clients)? Fairness()
    {
        double[] rates = [.. Requests
            .Where(r => r.N > 1000 && r.Outcome is LoadOutcome.Complete or LoadOutcome.Cut)
            .GroupBy(r => r.Client)
            .Select(g => g.Sum(r => r.Events) / g.Sum(r => r.Latency.TotalSeconds))];
        return rates.Length < 2 ? null : (rates.Sum() * rates.Sum() / (rates.Length * rates.Sum(x => x * x)), rates.Length);
    }

    private static string Percentile(IEnumerable<TimeSpan> times, double p)
    {
        double[] sorted = [.. times.Select(t => t.TotalMilliseconds).Order()];
        return sorted.Length == 0 ? "" : $"{Text(sorted[Math.Min(sorted.Length - 1, (int)Math.Ceiling(p * sorted.Length) - 1)], "N0")} ms";
    }

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
