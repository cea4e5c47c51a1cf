using System.CommandLine;
using System.Globalization;

using EventService.Models;
using EventService.Models.Sampling;
using EventService.Numerics.Statistics;

namespace EventService.Benchmarks;

/// <summary>
/// rotating-gaussian: the toy of M. Kaech's thesis, sec. 7.1: what models that have seen a normal distribution at some angles make of it at
/// angles between, against the truth and against the geodesic of optimal transport, both in closed form.
/// </summary>
internal static class RotatingGaussianBenchmark
{
    private const int Events = 100_000;
    private const int Assigned = 2048;

    private static readonly Option<int> s_seeds = new("--seeds") { Description = "Trainings of each model.", DefaultValueFactory = _ => 3 };
    private static readonly Option<int> s_epochs = new("--epochs")
    {
        Description = "Passes over the events.",
        DefaultValueFactory = _ => 20,
    };
    private static readonly Option<int> s_threads = new("--threads")
    {
        Description = "Threads of the training.",
        DefaultValueFactory = _ => 1,
    };

    private static readonly Option<string?> s_only = new("--only")
    {
        Description = "Only the model of this name; results are called after it.",
    };

    public static Command Command()
    {
        var command = new Command(
            "rotating-gaussian", "Interpolation of a rotating normal distribution by conditional flows and by flow matching.")
        {
            s_seeds,
            s_epochs,
            s_threads,
            s_only,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var only = parsed.GetValue(s_only);
        RotatingGaussian[] models = [.. RotatingGaussian.All.Where(m => only is null || m.Name == only)];
        if (models.Length == 0)
        {
            throw new InvalidOperationException(
                $"--only is '{only}', expected one of {string.Join("; ", RotatingGaussian.All.Select(m => m.Name))}.");
        }

        var report = new Report(
            "RotatingGaussian" + (only is null ? "" : "-" + only.Replace(", ", "-", StringComparison.Ordinal).Replace(' ', '-')));
        var (seeds, epochs) = (parsed.GetValue(s_seeds), parsed.GetValue(s_epochs));
        report.Start(
            "A rotating normal distribution between the angles of training",
            $"dotnet run -c Release --project benchmarks/EventService.Benchmarks -- rotating-gaussian --seeds {seeds} --epochs "
                + $"{epochs}{(only is null ? "" : $" --only '{only}'")}");
        report.Line();
        report.Line(
            "Two numbers of variance 1 and correlation -0.99, rotated by an angle. Trained on 20,000 events at each of 0, pi/4 and pi/2 "
            + "(without midpoint: 0 and pi/2), read at pi/8 and 3 pi/8. Covariance error: Frobenius norm "
            + $"of the difference over that of the truth; W2 of normal distributions with the second moments of {Events:N0} events, "
            + "in closed form: to the truth, and to the geodesic of optimal transport between the neighbouring angles of training. "
            + $"Samples: W2 between {Assigned} "
            + "events and as many of the truth by exact assignment. Means over trainings with their spread.");
        report.Line();
        report.Line("| model | angle | covariance error | W2 to truth | W2 to geodesic | W2 of samples |");
        report.Line("|---|---|---|---|---|---|");
        (string Name, double Value)[] angles = [("pi/8", Math.PI / 8), ("3 pi/8", 3 * Math.PI / 8)];
        foreach (var (name, angle) in angles)
        {
            var floor = RotatingGaussian.SampleDistance(RotatingGaussian.Truth(angle, Assigned, 1), angle, Assigned, 2);
            report.Line(Invariant($"| the truth | {name} | 0 | 0 | | {floor:F3} |"));
        }

        foreach (var (name, angle) in angles)
        {
            foreach (var model in models.Where(m => m.OptimalTransport))
            {
                var (truth, geodesic) = (Covariance2.Rotated(angle), model.Geodesic(angle));
                report.Line(
                    Invariant($"| exact geodesic of {model.Name} | {name} | {(geodesic - truth).Norm / truth.Norm:F3} | ")
                        + Invariant($"{Covariance2.Wasserstein2(geodesic, truth):F3} | 0 | |"));
            }
        }

        foreach (var model in models)
        {
            var rows = angles.Select(_ => new List<double[]>()).ToArray();
            for (var seed = 1; seed <= seeds; seed++)
            {
                var trained = model.Train((ulong)seed, epochs, parsed.GetValue(s_threads));
                for (var a = 0; a < angles.Length; a++)
                {
                    rows[a].Add(Measure(model, trained, angles[a].Value));
                }
            }

            for (var a = 0; a < angles.Length; a++)
            {
                var means = Enumerable.Range(0, 4).Select(c => model.OptimalTransport || c != 2 ? Mean(rows[a].Select(r => r[c])) : "");
                report.Line($"| {model.Name} | {angles[a].Name} | {string.Join(" | ", means)} |");
            }
        }

        report.Save();
        return 0;
    }

    private static double[] Measure(RotatingGaussian model, EventGenerator trained, double angle)
    {
        var events = RotatingGaussian.Generate(trained, angle, Events);
        var (found, truth) = (RotatingGaussian.Moments(events), Covariance2.Rotated(angle));
        return
        [
            (found - truth).Norm / truth.Norm,
            Covariance2.Wasserstein2(found, truth),
            Covariance2.Wasserstein2(found, model.Geodesic(angle)),
            RotatingGaussian.SampleDistance(events, angle, Assigned, 2),
        ];
    }

    private static string Mean(IEnumerable<double> values)
    {
        var all = values.ToArray();
        var mean = all.Average();
        return all.Length == 1
            ? Invariant($"{mean:F3}")
            : Invariant($"{mean:F3} +- {Math.Sqrt(all.Sum(v => (v - mean) * (v - mean)) / (all.Length - 1)):F3}");
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
