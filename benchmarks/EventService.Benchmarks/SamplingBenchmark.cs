using System.CommandLine;
using System.Globalization;

using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.ObjectFlow;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Benchmarks;

/// <summary>
/// sampling: events a second that a model file gives, validity filter included, before any format is written; and where the time goes.
/// </summary>
internal static class SamplingBenchmark
{
    private static readonly Argument<FileInfo> s_model = new("model") { Description = "Model file (.safetensors)." };
    private static readonly Option<int> s_events = new("--events")
    {
        Description = "Events of a round and a number of threads.",
        DefaultValueFactory = _ => 64 * 1024,
    };
    private static readonly Option<int> s_rounds = new("--rounds")
    {
        Description = "Rounds, each with all numbers of threads and all parts in turn.",
        DefaultValueFactory = _ => 7,
    };

    public static Command Command()
    {
        var command = new Command("sampling", "Events a second of the sampler on 1, 2, 4, ... threads, and its parts.")
        {
            s_model,
            s_events,
            s_rounds,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var file = parsed.GetValue(s_model)!;
        int events = parsed.GetValue(s_events), rounds = parsed.GetValue(s_rounds);
        var generator = EventGenerator.Open(file.FullName);
        var sampler = generator.Model is AutoregressiveObjectFlow flow ? new SamplerParts(flow) : null;
        int[] threads = [.. Enumerable.Range(0, 10).Select(i => 1 << i).Where(t => t <= Environment.ProcessorCount)];
        var seconds = threads.ToDictionary(t => t, _ => new List<(double Wall, double Processor)>());
        List<(string Part, double Microseconds)[]> parts = [];

        // Two rounds to compile.
        for (var round = -2; round < rounds; round++)
        {
            foreach (var t in threads)
            {
                var processor = Environment.CpuUsage.TotalTime;
                var start = TimeProvider.System.GetTimestamp();
                Draw(generator.Model, events, t);
                if (round >= 0)
                {
                    var used = Environment.CpuUsage.TotalTime - processor;
                    seconds[t].Add((TimeProvider.System.GetElapsedTime(start).TotalSeconds, used.TotalSeconds));
                }
            }

            if (sampler?.Measure() is { } measured && round >= 0)
            {
                parts.Add(measured);
            }
        }

        var report = new Report("Sampling");
        report.Start(
            "Sampling",
            $"dotnet run -c Release --project benchmarks/EventService.Benchmarks -- sampling {file.Name} --events "
                + $"{events.ToString(CultureInfo.InvariantCulture)}");
        report.Line(
            $"| Model | {generator.Document.Name}, sha256 {generator.Sha256}, acceptance "
                + $"{generator.Document.Acceptance.ToString("F4", CultureInfo.InvariantCulture)} |");
        report.Line();
        report.Line(
            $"{events} events in chunks of {generator.Model.PreferredChunk}, no format written. "
                + $"Medians of {rounds} rounds, least and greatest in brackets.");
        report.Line();
        report.Line("| threads | events/s | processor microseconds an event |");
        report.Line("|---|---|---|");
        foreach (var (t, values) in seconds)
        {
            report.Line(
                $"| {t} | {Report.Spread(values.Select(s => events / s.Wall), "F0")} | "
                    + $"{Report.Spread(values.Select(s => 1e6 * s.Processor / events), "F1")} |");
        }

        if (parts.Count > 0)
        {
            WriteParts(report, parts, generator.Document.Acceptance, Report.Median(seconds[1].Select(s => 1e6 * s.Processor / events)));
        }

        report.Save();
        return 0;
    }

    private static void WriteParts(Report report, List<(string Part, double Microseconds)[]> parts, double acceptance, double total)
    {
        report.Line();
        report.Line(
            "On one thread, each part alone on events that were drawn, times the mean number of attempts 1 / acceptance; "
            + "the rest is what is missing to the whole: random numbers, coordinate maps, the filter.");
        report.Line();
        report.Line("| part | processor microseconds an event | of the whole |");
        report.Line("|---|---|---|");
        var rest = total;
        for (var i = 0; i < parts[0].Length; i++)
        {
            double[] values = [.. parts.Select(p => p[i].Microseconds / acceptance)];
            var median = Report.Median(values);
            rest -= median;
            report.Line(
                $"| {parts[0][i].Part} | {Report.Spread(values, "F1")} | "
                    + $"{(median / total).ToString("P0", CultureInfo.InvariantCulture)} |");
        }

        report.Line(string.Create(CultureInfo.InvariantCulture, $"| rest | {rest:F1} | {rest / total:P0} |"));
    }

    private static void Draw(IGenerativeModel model, int events, int threads)
    {
        var chunks = (events + model.PreferredChunk - 1) / model.PreferredChunk;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = threads };
        Parallel.For(0, chunks, parallel, () => new EventBlock(model.Schema), (chunk, _, block) =>
        {
            model.Generate(
                new EventStream(1, []), chunk * (long)model.PreferredChunk,
                Math.Min(model.PreferredChunk, events - (chunk * model.PreferredChunk)), block, default);
            return block;
        }, _ => { });
    }
}
