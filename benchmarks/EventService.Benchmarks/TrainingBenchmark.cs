using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;

namespace EventService.Benchmarks;

/// <summary>training: steps of the object flow against the same steps in PyTorch, from the same parameters on the same batches.</summary>
internal static class TrainingBenchmark
{
    private const string Script = "pytorch/train_object_flow.py";

    private static readonly Argument<FileInfo> s_data = new("data") { Description = "Events in Dark Machines text, such as ttbar.csv.gz." };
    private static readonly Option<int> s_events = new("--events")
    {
        Description = "Events to read; the coordinate maps are fitted to them.",
        DefaultValueFactory = _ => 50_000,
    };
    private static readonly Option<int> s_rounds = new("--rounds")
    {
        Description = "Rounds, each with all programs in turn.",
        DefaultValueFactory = _ => 10,
    };
    private static readonly Option<int> s_steps = new("--steps")
    {
        Description = "Steps of a program in a round.",
        DefaultValueFactory = _ => 16,
    };
    private static readonly Option<int> s_threads = new("--threads")
    {
        Description = "Threads of each program.",
        DefaultValueFactory = _ => Environment.ProcessorCount,
    };
    private static readonly Option<bool> s_alone = new("--alone")
    {
        Description = "Without PyTorch: this service's step only, nothing written.",
    };

    private sealed record Round(double Seconds, double Processor, double[] Losses, double[] Norms);

    private sealed record Contender(string Name, Func<Round> Run)
    {
        public List<Round> Rounds { get; } = [];
    }

    public static Command Command()
    {
        var command = new Command("training", "Training throughput against the same network in PyTorch.")
        {
            s_data,
            s_events,
            s_rounds,
            s_steps,
            s_threads,
            PythonWorker.Blas,
            PythonWorker.BlasCore,
            s_alone,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        int steps = parsed.GetValue(s_steps), threads = parsed.GetValue(s_threads);
        var problem = new TrainingProblem(parsed.GetValue(s_data)!.FullName, parsed.GetValue(s_events));
        var step = new TrainingStep(problem, threads);
        List<Contender> contenders =
        [
            new("EventService", () => Steps(step, steps, build: false)),
            new("EventService, inputs and azimuth fields built from the events", () => Steps(step, steps, build: true)),
        ];
        if (parsed.GetValue(s_alone))
        {
            RunRounds(contenders, parsed.GetValue(s_rounds));
            Table(Console.WriteLine, contenders, steps, problem.MatrixOperations());
            Digest(step);
            return 0;
        }

        var file = Path.GetTempFileName();
        try
        {
            problem.Write(file);
            using var python = new PythonWorker(
                Script, [file, "--threads", threads.ToString(CultureInfo.InvariantCulture)], threads, parsed);
            contenders.Insert(1, new("PyTorch, objects of a group joined", () => Steps(python, "joined", steps)));
            contenders.Insert(2, new("PyTorch, slot by slot", () => Steps(python, "slots", steps)));
            RunRounds(contenders, parsed.GetValue(s_rounds));
            Write(contenders, steps, threads, problem, python.Environment);
        }
        finally
        {
            File.Delete(file);
        }

        return 0;
    }

    private static void RunRounds(List<Contender> contenders, int rounds)
    {
        // Two rounds to compile, to fill caches and pools.
        for (var round = -2; round < rounds; round++)
        {
            foreach (var contender in contenders)
            {
                var result = contender.Run();
                if (round >= 0)
                {
                    contender.Rounds.Add(result);
                }
            }

            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"round {round + 1} of {rounds}"));
        }
    }

    private static Round Steps(TrainingStep step, int count, bool build)
    {
        step.Reset();
        double[] losses = new double[count], norms = new double[count];
        var processor = Environment.CpuUsage.TotalTime;
        var start = TimeProvider.System.GetTimestamp();
        for (var t = 0; t < count; t++)
        {
            (losses[t], norms[t]) = step.Run(t % TrainingProblem.Batches, build);
        }

        var seconds = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        return new Round(seconds, (Environment.CpuUsage.TotalTime - processor).TotalSeconds, losses, norms);
    }

    private static Round Steps(PythonWorker python, string layout, int count)
    {
        var answer = python.Ask($"{layout} {count.ToString(CultureInfo.InvariantCulture)}");
        double[] Array(string name) => [.. answer.GetProperty(name).EnumerateArray().Select(x => x.GetDouble())];
        return new Round(
            answer.GetProperty("seconds").GetDouble(), answer.GetProperty("processor").GetDouble(), Array("losses"), Array("norms"));
    }

    private static void Write(List<Contender> contenders, int steps, int threads, TrainingProblem problem, JsonElement python)
    {
        var report = new Report("Training");
        report.Start(
            "Training throughput against PyTorch",
            "dotnet run -c Release --project benchmarks/EventService.Benchmarks -- training ttbar.csv.gz --blas <folder of OpenBLAS's "
                + "libblas.so.3>");
        foreach (var property in python.EnumerateObject())
        {
            report.Line($"| {property.Name} | {property.Value} |");
        }

        report.Line();
        report.Line(
            "The object flow with its default sizes, without dropout: forward, backward, sum and norm of the gradient, AdamW, "
            + $"on {TrainingProblem.Batches} batches of "
            + $"{TrainingProblem.BatchSize} ttbar events. {threads} threads each, float32. "
            + $"{contenders[0].Rounds.Count} rounds, in each the programs in turn, {steps} steps each from the same start. "
            + "Medians, least and greatest in brackets. All programs are given the same prepared inputs, "
            + "targets and azimuth fields in memory; building them from events is "
            + "inside the step in the one row that says so, as in the trainer. PyTorch is compared with the row without it.");
        report.Line();
        Table(report.Line, contenders, steps, problem.MatrixOperations());
        report.Line();
        var own = contenders[0];
        report.Line(
            "| EventService against | rate, ratio of paired rounds | largest relative difference of the loss | of the gradient's norm |");
        report.Line("|---|---|---|---|");
        foreach (var other in contenders.Where(c => c.Name.StartsWith("PyTorch", StringComparison.Ordinal)))
        {
            var ratios = own.Rounds.Zip(other.Rounds, (a, b) => b.Seconds / a.Seconds);
            report.Line(string.Create(CultureInfo.InvariantCulture,
                $"| {other.Name} | {Report.Spread(ratios, "F2")} | {Difference(own, other, r => r.Losses):E1} | "
                    + $"{Difference(own, other, r => r.Norms):E1} |"));
        }

        report.Save();
    }

    private static void Table(Action<string> line, List<Contender> contenders, int steps, double operations)
    {
        line("| | events/s | ms a step | processor ms a step | GFLOP/s of matrix products |");
        line("|---|---|---|---|---|");
        foreach (var contender in contenders)
        {
            IEnumerable<double> Each(Func<Round, double> value) => contender.Rounds.Select(value);
            line(
                $"| {contender.Name} | {Report.Spread(Each(r => TrainingProblem.BatchSize * steps / r.Seconds), "F0")} "
                + $"| {Report.Spread(Each(r => 1e3 * r.Seconds / steps), "F1")} "
                + $"| {Report.Spread(Each(r => 1e3 * r.Processor / steps), "F1")} | "
                + $"{Report.Spread(Each(r => operations * steps / r.Seconds / 1e9), "F1")} |");
        }
    }

    private static double Difference(Contender own, Contender other, Func<Round, double[]> values) =>
        own.Rounds.Zip(other.Rounds)
            .SelectMany(pair => values(pair.First).Zip(values(pair.Second)))
            .Max(pair => Math.Abs(pair.First - pair.Second) / Math.Abs(pair.First));

    // To see that a change of the kernels keeps every bit.
    private static void Digest(TrainingStep step)
    {
        step.Reset();
        step.Run(0, build: false);
        step.Run(1, build: false);
        Console.WriteLine(
            "sha256 of the gradient in the second step: "
                + $"{Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<float>(step.WholeGradient())))}");
    }
}
