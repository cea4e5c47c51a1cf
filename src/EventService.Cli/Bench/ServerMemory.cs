using System.Globalization;

namespace EventService.Cli.Bench;

/// <summary>The server's working set over time, as its metrics tell it.</summary>
internal sealed class ServerMemory(HttpClient http)
{
    private const string Metric = "dotnet_process_memory_working_set_bytes";
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(2);

    /// <summary>Seconds since the start, and MiB.</summary>
    public List<(double Seconds, double MiB)> Readings { get; } = [];

    public async Task WatchAsync(CancellationToken end)
    {
        var start = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(s_interval);
        try
        {
            do
            {
                if (await ReadAsync(end) is { } mebibytes)
                {
                    Readings.Add((TimeProvider.System.GetElapsedTime(start).TotalSeconds, mebibytes));
                }
            }
            while (await timer.WaitForNextTickAsync(end));
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The trial is over.
        }
    }

    /// <summary>Growth of the second half of the readings in MiB a minute: least squares.</summary>
    public double Trend()
    {
        var late = Readings[(Readings.Count / 2)..];
        if (late.Count < 3)
        {
            return double.NaN;
        }

        double meanX = late.Average(r => r.Seconds), meanY = late.Average(r => r.MiB);
        return 60 * late.Sum(r => (r.Seconds - meanX) * (r.MiB - meanY)) / late.Sum(r => (r.Seconds - meanX) * (r.Seconds - meanX));
    }

    private async Task<double?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var text = await http.GetStringAsync("metrics", cancellationToken);
            return text.Split('\n').FirstOrDefault(l => l.StartsWith(Metric, StringComparison.Ordinal)) is { } line
                ? double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture) / (1 << 20)
                : null;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }
}
