using System.CommandLine;
using System.Globalization;
using System.Runtime.Intrinsics;

using EventService.Engine.Autodiff;
using EventService.Engine.Kernels;
using EventService.Engine.Random;
using EventService.Engine.Tensors;
using EventService.Numerics.Simd;

namespace EventService.Benchmarks;

/// <summary>matmul: our matrix product against OpenBLAS through numpy and PyTorch, at the sizes of the object flow, on one thread.</summary>
internal static class MatMulBenchmark
{
    private const double OperationsOfACall = 2e9;

    private static readonly Option<int> s_rounds = new("--rounds") { Description = "Rounds, each with all programs in turn.", DefaultValueFactory = _ => 7 };
    private static readonly Option<string?> s_blas = new("--blas") { Description = "Folder of the libblas.so.3 for Python; by default the system's." };
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
        new("layer 256", 192, 192, 256, "NN"),
        new("square", 512, 512, 512, "NN"),
    ];

    public static Command Command()
    {
        var command = new Command("matmul", "Matrix products against OpenBLAS, one thread.") { s_rounds, s_blas, s_alone };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var rounds = parsed.GetValue(s_rounds);
        using var python = parsed.GetValue(s_alone) ? null : new PythonWorker("pytorch/matmul.py", ["--threads", "1"], parsed.GetValue(s_blas));
        var peak = new List<double>();
        var rates = s_shapes.ToDictionary(shape => shape, _ => new[] { new List<double>(), [], [] });
        for (var round = -1; round < rounds; round++)
        {
            var best = Peak();
            if (round >= 0)
            {
                peak.Add(best);
            }

            foreach (var shape in s_shapes)
            {
                var calls = Math.Max(1, (int)(OperationsOfACall / (2.0 * shape.M * shape.N * shape.K) / (shape.K < 16 || shape.N < 16 ? 8 : 1)));
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
        Tensor a = shape.Kind == "TN" ? Random(shape.K, shape.M) : Random(shape.M, shape.K), b = shape.Kind == "NT" ? Random(shape.N, shape.K) : Random(shape.K, shape.N);
        var c = new Tensor(shape.M, shape.N);
        var start = Environment.CpuUsage.UserTime;
        for (var i = 0; i < calls; i++)
        {
            Linear.Product(a, shape.Kind == "TN", b, shape.Kind == "NT", c, MatMul.From.Zero, null);
        }

        return (Environment.CpuUsage.UserTime - start).TotalSeconds;
    }

    private static double Ask(PythonWorker? python, string library, Shape shape, int calls) =>
        python?.Ask(string.Create(CultureInfo.InvariantCulture, $"{library} {shape.M} {shape.N} {shape.K} {shape.Kind} {calls}")).GetProperty("processor").GetDouble() ?? double.NaN;

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

    /// <summary>GFLOP/s of fused multiply-adds alone, on registers.</summary>
    private static double Peak() => KernelSet.Path switch
    {
        VectorPath.V512 => Peak<Simd512, Vector512<float>, Vector512<int>>(),
        VectorPath.V256 => Peak<Simd256, Vector256<float>, Vector256<int>>(),
        VectorPath.V128 => Peak<Simd128, Vector128<float>, Vector128<int>>(),
        _ => Peak<Simd1, float, int>(),
    };

    private static double Peak<S, V, I>()
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        Multiply<S, V, I>(1000);
        const int Turns = 20_000_000;
        var start = Environment.CpuUsage.UserTime;
        var sum = Multiply<S, V, I>(Turns);
        var seconds = (Environment.CpuUsage.UserTime - start).TotalSeconds;
        return sum == 0 ? 0 : Turns * 12.0 * 2 * S.Width / seconds / 1e9;
    }

    private static float Multiply<S, V, I>(int turns)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        V x = S.Broadcast(0.999f), y = S.Broadcast(0.001f);
        V c0 = y, c1 = y, c2 = y, c3 = y, c4 = y, c5 = y, c6 = y, c7 = y, c8 = y, c9 = y, ca = y, cb = y;
        for (var i = 0; i < turns; i++)
        {
            c0 = S.Fma(c0, x, y);
            c1 = S.Fma(c1, x, y);
            c2 = S.Fma(c2, x, y);
            c3 = S.Fma(c3, x, y);
            c4 = S.Fma(c4, x, y);
            c5 = S.Fma(c5, x, y);
            c6 = S.Fma(c6, x, y);
            c7 = S.Fma(c7, x, y);
            c8 = S.Fma(c8, x, y);
            c9 = S.Fma(c9, x, y);
            ca = S.Fma(ca, x, y);
            cb = S.Fma(cb, x, y);
        }

        var sum = S.Add(S.Add(S.Add(c0, c1), S.Add(c2, c3)), S.Add(S.Add(S.Add(c4, c5), S.Add(c6, c7)), S.Add(S.Add(c8, c9), S.Add(ca, cb))));
        Span<float> lanes = stackalloc float[16];
        S.Store(sum, ref lanes[0]);
        return lanes[0];
    }

    private static void Write(Dictionary<Shape, List<double>[]> rates, List<double> peak, PythonWorker? python)
    {
        var report = new Report("MatMul");
        report.Start("Matrix products against OpenBLAS", "dotnet run -c Release --project benchmarks/EventService.Benchmarks -- matmul --blas <folder of OpenBLAS's libblas.so.3>");
        if (python is not null)
        {
            foreach (var property in python.Environment.EnumerateObject().Where(p => !p.Value.ToString().Contains('\n', StringComparison.Ordinal)))
            {
                report.Line($"| {property.Name} | {property.Value} |");
            }
        }

        report.Line();
        report.Line($"One thread, float32, GFLOP/s by processor time: medians of {peak.Count} rounds, least and greatest in brackets; in each round the programs in turn. "
            + "C[m, n] = op(A) op(B): NN as they are, NT with B transposed, TN with A transposed. Ours adds in one fixed order.");
        report.Line($"Fused multiply-adds on registers alone: {Report.Spread(peak, "F1")} GFLOP/s.");
        report.Line();
        report.Line("| | m x n x k | | EventService | numpy | PyTorch |");
        report.Line("|---|---|---|---|---|---|");
        foreach (var (shape, values) in rates)
        {
            report.Line($"| {shape.Use} | {shape.M} x {shape.N} x {shape.K} | {shape.Kind} | {string.Join(" | ", values.Select(v => Report.Spread(v, "F1")))} |");
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
