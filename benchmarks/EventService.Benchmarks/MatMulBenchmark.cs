using System.CommandLine;
using System.Globalization;

using EventService.Engine.Autodiff;
using EventService.Engine.Kernels;
using EventService.Engine.Random;
using EventService.Engine.Tensors;

namespace EventService.Benchmarks;

/// <summary>
/// matmul: our matrix product against OpenBLAS through numpy and PyTorch, at the sizes of the object flow, on one thread.
/// </summary>
internal static class MatMulBenchmark
{
    private const double OperationsOfACall = 2e9;

    private static readonly Option<int> s_rounds = new("--rounds")
    {
        Description = "Rounds, each with all programs in turn.",
        DefaultValueFactory = _ => 7,
    };
    private static readonly Option<bool> s_alone = new("--alone") { Description = "Without Python: our product only, nothing written." };

    private sealed record Shape(string Use, int M, int N, int K, string Kind);

    private static readonly Shape[] s_shapes =
    [
        new("trunk, forward", 192, 512, 192, "NN"),
        new("trunk, gradient of weights", 192, 192, 512, "NT"),
        new("trunk, gradient of inputs", 192, 512, 192, "TN"),
        new("input layer, forward", 192, 512, 93, "NN"),
        new("head, forward", 96, 512, 192, "NN"),
        new("output of a head, forward", 49, 512, 96, "NN"),
        new("output of a head, gradient of weights", 49, 96, 512, "NT"),
        new("output of a head, gradient of inputs", 96, 512, 49, "TN"),
        new("further inputs, forward", 96, 512, 4, "NN"),
        new("further inputs, gradient of weights", 96, 4, 512, "NT"),
        new("trunk, a rare slot, forward", 192, 30, 192, "NN"),
        new("trunk, a tile of the sampler", 192, 64, 192, "NN"),
        new("batch 64, layer 128", 128, 64, 128, "NN"),
        new("batch 256, layer 128", 128, 256, 128, "NN"),
        new("batch 1024, layer 128", 128, 1024, 128, "NN"),
        new("layer 256", 192, 192, 256, "NN"),
        new("square", 512, 512, 512, "NN"),
    ];

    public static Command Command()
    {
        var command = new Command("matmul", "Matrix products against OpenBLAS, one thread.")
        {
            s_rounds,
            PythonWorker.Blas,
            PythonWorker.BlasCore,
            s_alone,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var rounds = parsed.GetValue(s_rounds);
        using var python = parsed.GetValue(s_alone) ? null : new PythonWorker("pytorch/matmul.py", ["--threads", "1"], 1, parsed);
        var peak = new List<double>();
        var rates = s_shapes.ToDictionary(shape => shape, _ => new[] { new List<double>(), [], [] });
        for (var round = -1; round < rounds; round++)
        {
            var best = FmaPeak.Measure();
            if (round >= 0)
            {
                peak.Add(best);
            }

            foreach (var shape in s_shapes)
            {
                var calls = Math.Max(
                    1, (int)(OperationsOfACall / (2.0 * shape.M * shape.N * shape.K) / (shape.K < 16 || shape.N < 16 ? 8 : 1)));
                var operations = 2.0 * shape.M * shape.N * shape.K * calls;
                double[] seconds = [Seconds(shape, calls), Ask(python, "numpy", shape, calls), Ask(python, "torch", shape, calls)];
                for (var i = 0; i < seconds.Length && round >= 0; i++)
                {
                    rates[shape][i].Add(operations / seconds[i] / 1e9);
                }
            }
        }

        Write(rates, peak, python);
        return 0;
    }

    private static double Seconds(Shape shape, int calls)
    {
        Tensor a = shape.Kind == "TN" ? Random(shape.K, shape.M) : Random(shape.M, shape.K),
            b = shape.Kind == "NT" ? Random(shape.N, shape.K) : Random(shape.K, shape.N);
        var c = new Tensor(shape.M, shape.N);
        var start = Environment.CpuUsage.UserTime;
        for (var i = 0; i < calls; i++)
        {
            Linear.Product(a, shape.Kind == "TN", b, shape.Kind == "NT", c, MatMul.From.Zero, null);
        }

        return (Environment.CpuUsage.UserTime - start).TotalSeconds;
    }

    private static double Ask(PythonWorker? python, string library, Shape shape, int calls) =>
        python?.Ask(string.Create(CultureInfo.InvariantCulture, $"{library} {shape.M} {shape.N} {shape.K} {shape.Kind} {calls}"))
            .GetProperty("processor")
            .GetDouble()
            ?? double.NaN;

    private static Tensor Random(int rows, int columns)
    {
        var tensor = new Tensor(rows, columns);
        var stream = new PhiloxStream(1, 0);
        foreach (ref var x in tensor.Span)
        {
            x = stream.NextFloat();
        }

        return tensor;
    }

    private static void Write(Dictionary<Shape, List<double>[]> rates, List<double> peak, PythonWorker? python)
    {
        var report = new Report("MatMul");
        report.Start(
            "Matrix products against OpenBLAS",
            "dotnet run -c Release --project benchmarks/EventService.Benchmarks -- matmul --blas <folder of OpenBLAS's libblas.so.3>");
        if (python is not null)
        {
            var properties = python.Environment.EnumerateObject();
            foreach (var property in properties.Where(p => !p.Value.ToString().Contains('\n', StringComparison.Ordinal)))
            {
                report.Line($"| {property.Name} | {property.Value} |");
            }
        }

        report.Line();
        report.Line(
            $"One thread, float32, GFLOP/s by processor time: medians of {peak.Count} rounds, least and greatest in brackets; "
            + "in each round the programs in turn. "
            + "C[m, n] = op(A) op(B): NN as they are, NT with B transposed, TN with A transposed. Ours adds in one fixed order.");
        report.Line($"Fused multiply-adds on registers alone: {Report.Spread(peak, "F1")} GFLOP/s.");
        report.Line();
        report.Line("| | m x n x k | | EventService | numpy | PyTorch |");
        report.Line("|---|---|---|---|---|---|");
        foreach (var (shape, values) in rates)
        {
            report.Line(
                $"| {shape.Use} | {shape.M} x {shape.N} x {shape.K} | {shape.Kind} | "
                    + $"{string.Join(" | ", values.Select(v => Report.Spread(v, "F1")))} |");
        }

        if (python is not null)
        {
            foreach (var name in new[] { "numpy.show_config", "torch.__config__" })
            {
                report.Line();
                report.Line(name + ":");
                report.Line();
                report.Line("```");
                report.Line(python.Environment.GetProperty(name).GetString()!.TrimEnd());
                report.Line("```");
            }

            report.Save();
        }
    }
}
