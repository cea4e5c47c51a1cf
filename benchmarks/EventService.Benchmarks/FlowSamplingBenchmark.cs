using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

using EventService.Engine.Random;
using EventService.Models.Columns;
using EventService.Models.Contracts;
using EventService.Models.Flows;
using EventService.Models.Flows.Layers;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Benchmarks;

/// <summary>
/// flows: events a second and densities a second of layered flows against the same flows with the same weights in PyTorch,
/// sampled there in D passes as the libraries do; and the share of the machine's limit that the sampler reaches. All alternate
/// in one run, the results are compared.
/// </summary>
internal static class FlowSamplingBenchmark
{
    private const int PeakTurns = 5_000_000;

    private static readonly Option<int> s_rounds = new("--rounds")
    {
        Description = "Rounds, each with all programs in turn.",
        DefaultValueFactory = _ => 5,
    };
    private static readonly Option<double> s_seconds = new("--seconds")
    {
        Description = "Least time of a measurement of ours.",
        DefaultValueFactory = _ => 0.3,
    };
    private static readonly Option<int[]> s_cases = new("--case")
    {
        Description = "Numbers of the flows; all without.",
        AllowMultipleArgumentsPerToken = true,
    };
    private static readonly Option<bool> s_alone = new("--alone") { Description = "Without Python: ours only, nothing written." };

    public static Command Command()
    {
        var command = new Command("flows", "Sampling and densities of layered flows against PyTorch.")
        {
            s_rounds,
            s_seconds,
            s_cases,
            PythonWorker.Blas,
            PythonWorker.BlasCore,
            s_alone,
        };
        command.SetAction(Run);
        return command;
    }

    /// <summary>The measurements, all in events per second except the peak and the share of it.</summary>
    private sealed class Measured
    {
        public List<double> Peak { get; } = [];

        public List<double> Share { get; } = [];

        public List<double> One { get; } = [];

        public List<double> Two { get; } = [];

        public List<double> Scaling { get; } = [];

        public List<double> Torch { get; } = [];

        public List<double> Ratio { get; } = [];

        public List<double> Density { get; } = [];

        public List<double> TorchDensity { get; } = [];

        public List<double> RatioDensity { get; } = [];
    }

    private static int Run(ParseResult parsed)
    {
        using var python = parsed.GetValue(s_alone) ? null : new PythonWorker("pytorch/flow_inverse.py", [], 1, parsed);
        var report = new Report("Flows");
        report.Start(
            "Sampling and densities of layered flows against PyTorch",
            "dotnet run -c Release --project benchmarks/EventService.Benchmarks -- flows --blas <folder of OpenBLAS's libblas.so.3>");
        var properties = python?.Environment.EnumerateObject() ?? Enumerable.Empty<JsonProperty>();
        foreach (var property in properties.Where(p => !p.Value.ToString().Contains('\n', StringComparison.Ordinal)))
        {
            report.Line($"| {property.Name} | {property.Value} |");
        }

        report.Line();
        report.Line(
            "Random weights, the same in both programs. Medians of the rounds, least and greatest in brackets; in each round the programs "
            + "in turn. Events a second of processor time, ours from the random numbers to the columns, PyTorch from given draws: "
            + "D passes through the network a layer, as nflows and zuko do, "
            + "weights times masks in each.");
        report.Line(
            "The share of the limit: multiplications and additions with weights that are not masked, over the whole time of the sampler "
            + "on one thread, over those of fused multiply-adds on registers alone, measured before and after, by processor time.");
        report.Line(
            "Other work on the host takes from each program what it takes: 'best' are the fastest rounds of each, "
                + "which it disturbed least.");
        var chosen = parsed.GetValue(s_cases) is { Length: > 0 } cases ? cases : [.. Enumerable.Range(0, FlowCase.All.Length)];
        foreach (var c in chosen)
        {
            Measure(FlowCase.All[c], parsed.GetValue(s_rounds), parsed.GetValue(s_seconds), python, report);
        }

        if (python is not null)
        {
            report.Line();
            report.Line("torch.__config__:");
            report.Line();
            report.Line("```");
            report.Line(python.Environment.GetProperty("torch.__config__").GetString()!.TrimEnd());
            report.Line("```");
            report.Save();
        }

        return 0;
    }

    private static void Measure(FlowCase flowCase, int rounds, double seconds, PythonWorker? python, Report report)
    {
        var layers = flowCase.Build();
        var flow = flowCase.Flow(layers, [new ObservableMap.Standardise(1, 2)]);
        var useful = FlowCase.UsefulOperations(layers);
        for (var warm = 0; warm < 8; warm++)
        {
            Sample(flow, flow.PreferredChunk, 1);
            Sample(flow, 2 * flow.PreferredChunk, 2);
            Density(flow, 0.05);
        }

        var chunk = flow.PreferredChunk;
        var events = chunk * Math.Max(1, (int)(seconds * chunk / Sample(flow, chunk, 1).Wall / chunk));
        var folder = Directory.CreateTempSubdirectory("flows");
        var comparison = python is null ? null : new TorchComparison(flowCase, layers, python, folder.FullName);
        var m = new Measured();
        for (var round = 0; round < rounds; round++)
        {
            var before = FmaPeak.Measure(PeakTurns);
            var one = Sample(flow, events, 1);
            var peak = (before + FmaPeak.Measure(PeakTurns)) / 2;
            var two = Sample(flow, 2 * events, 2);
            m.Peak.Add(peak);
            m.Share.Add(events * useful / one.Processor / 1e9 / peak);
            m.One.Add(events / one.Processor);
            m.Two.Add(2 * events / two.Wall);
            m.Scaling.Add(4 * one.Processor / two.Processor);
            m.Density.Add(Density(flow, seconds));
            if (comparison is not null)
            {
                m.Torch.Add(comparison.SamplesPerSecond());
                m.TorchDensity.Add(comparison.DensitiesPerSecond());
                m.Ratio.Add(m.One[^1] / m.Torch[^1]);
                m.RatioDensity.Add(m.Density[^1] / m.TorchDensity[^1]);
            }
        }

        report.Line();
        report.Line($"## {flowCase.Name}");
        report.Line();
        report.Line("| | EventService | PyTorch | ratio | best over best |");
        report.Line("|---|---|---|---|---|");
        void Row(string what, List<double> ours, List<double> theirs, List<double> ratio) =>
            report.Line(
                $"| {what} | {Report.Spread(ours, "F0")} | {(theirs.Count > 0 ? Report.Spread(theirs, "F1") : "")} | "
                    + $"{(ratio.Count > 0 ? Report.Spread(ratio, "F1") : "")} | "
                    + $"{(theirs.Count > 0 ? Text($"{ours.Max() / theirs.Max():F1}") : "")} |");
        Row("events a second of one thread", m.One, m.Torch, m.Ratio);
        Row("densities a second of one thread, ours in double precision", m.Density, m.TorchDensity, m.RatioDensity);
        Row("events a second of the clock on two threads", m.Two, [], []);
        report.Line();
        report.Line(
            Text($"* {useful / 1e6:F3} MFLOP an event with weights that are not masked; ")
                + Text($"fused multiply-adds alone {Report.Spread(m.Peak, "F1")} GFLOP/s; ")
                + Text($"share of this limit **{Report.Spread(m.Share, "P1")}**, best over best ")
                + Text($"{m.One.Max() * useful / 1e9 / m.Peak.Max():P1}."));
        report.Line(
            Text($"* One thread to two: a factor {Report.Spread(m.Scaling, "F2")} by processor time, ")
                + Text($"best over best {m.Two.Max() / m.One.Max():F2}."));
        if (comparison is not null)
        {
            report.Line($"* {comparison.Agreement()}");
        }

        folder.Delete(recursive: true);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static (double Wall, double Processor) Sample(LayeredFlow flow, int events, int threads)
    {
        var chunk = flow.PreferredChunk;
        var processor = Environment.CpuUsage.UserTime;
        var start = TimeProvider.System.GetTimestamp();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = threads };
        Parallel.For(0, events / chunk, parallel, () => new EventBlock(flow.Schema), (c, _, block) =>
        {
            flow.Generate(new EventStream(1, []), c * (long)chunk, chunk, block, default);
            return block;
        }, _ => { });
        return (TimeProvider.System.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.UserTime - processor).TotalSeconds);
    }

    /// <summary>Densities a second of events of the flow.</summary>
    private static double Density(LayeredFlow flow, double seconds)
    {
        const int count = 256;
        var block = new EventBlock(flow.Schema);
        flow.Generate(new EventStream(2, []), 0, count, block, default);
        var events = EventSample.For(flow.Schema);
        for (var k = 0; k < count; k++)
        {
            events.AddRow(k, [.. block.Scalars.Select(column => (double)column[k])]);
        }

        var densities = new EventDensity[count];
        var start = Environment.CpuUsage.UserTime;
        var done = 0;
        for (; (Environment.CpuUsage.UserTime - start).TotalSeconds < seconds; done += count)
        {
            flow.LogDensity(events, [], densities);
        }

        return done / (Environment.CpuUsage.UserTime - start).TotalSeconds;
    }

    /// <summary>A flow in the Python process, with draws of its base distribution.</summary>
    private sealed class TorchComparison
    {
        private readonly PythonWorker _python;
        private readonly string _model, _input, _output;
        private readonly int _features, _batch;
        private readonly float[] _ours;

        public TorchComparison(FlowCase flowCase, IReadOnlyList<FlowLayer> layers, PythonWorker python, string folder)
        {
            (_python, _features) = (python, flowCase.Features);
            _model = System.IO.Path.Combine(folder, "flow.safetensors");
            (_input, _output) = (System.IO.Path.Combine(folder, "input"), System.IO.Path.Combine(folder, "output"));
            flowCase.Write(_model, layers);

            // Enough that PyTorch does not wait for its own calls; with D passes through wide layers less is too slow to wait for.
            _batch = flowCase.Hidden > 256 ? 256 : 1024;
            var draws = new float[_batch * _features];
            var normal = FlowBase.StandardNormal(_features);
            for (var k = 0; k < _batch; k++)
            {
                var random = new PhiloxStream(7, (ulong)k);
                for (var f = 0; f < _features; f++)
                {
                    draws[(k * _features) + f] = normal.Draw(f, ref random);
                }
            }

            File.WriteAllBytes(_input, MemoryMarshal.AsBytes(draws.AsSpan()));
            _ours = flowCase.Flow(layers, []).FromBase(draws);
        }

        public double SamplesPerSecond() => _batch / Ask("sample");

        public double DensitiesPerSecond() => _batch / Ask("density");

        /// <summary>The difference between the events of the same draws.</summary>
        public string Agreement()
        {
            Ask("sample", _output);
            var theirs = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(_output)).ToArray();
            double[] differences = [.. _ours.Zip(theirs, (a, b) => Math.Abs((double)a - b)).Order()];
            var rms = Math.Sqrt(theirs.Average(x => (double)x * x));
            string Of(double share) => differences[(int)(share * (differences.Length - 1))].ToString("E1", CultureInfo.InvariantCulture);
            return $"The {theirs.Length} numbers of {_batch} events of the same draws, of root mean square "
                + $"{rms.ToString("F2", CultureInfo.InvariantCulture)}, differ by {Of(0.5)} in the median, "
                + $"{Of(0.99)} at 99 %, {Of(1)} at most: float32 on both sides.";
        }

        private double Ask(string task, string? output = null) =>
            _python.Ask(JsonSerializer.Serialize(new { task, model = _model, input = _input, output, threads = 1 }))
                .GetProperty("processor")
                .GetDouble();
    }
}
