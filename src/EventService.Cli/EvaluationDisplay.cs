using EventService.Evaluation;
using EventService.Evaluation.Closure;
using EventService.Models.Sampling;

using Spectre.Console;

namespace EventService.Cli;

/// <summary>
/// What a person sees of an evaluation: stages with progress, rate and time left, and a table of the findings at the end.
/// </summary>
internal sealed class EvaluationDisplay(IAnsiConsole console)
{
    /// <summary>Runs a stage under a progress bar that counts events.</summary>
    public Task<T> CountAsync<T>(string description, long? total, Func<IProgress<long>, T> work) =>
        RunAsync(description, total, new RateColumn(), work);

    /// <summary>Runs a stage under a progress bar whose end is 1.</summary>
    public Task<T> ShareAsync<T>(string description, Func<IProgress<double>, T> work) =>
        RunAsync(
            description,
            1000,
            new ElapsedTimeColumn(),
            progress => work(new Relay<double>(share => progress.Report((long)(1000 * share)))));

    /// <summary>Runs a classifier test under a progress bar; early stopping may end it before it is full.</summary>
    public Task<T> ClassifierAsync<T>(string description, Func<IProgress<(string Stage, double Fraction)>, T> work) =>
        ShareAsync(
            description,
            progress =>
                work(new Relay<(string Stage, double Fraction)>(p => progress.Report(p.Stage == "trees" ? 0 : 0.1 + 0.9 * p.Fraction))));

    /// <summary>The findings as a table.</summary>
    public void Summary(EvaluationReport report, string folder)
    {
        var table = new Table().RoundedBorder().AddColumns("test", "found", "floor or null", "ratio");
        table.AddRow(
            "classifier AUC",
            $"{report.Auc:0.0000} ± {report.AucError:0.0000}",
            $"0.5 ± {report.Classifier[0].Roc.NullError:0.0000}",
            Sigmas((report.Auc - 0.5) / report.Classifier[0].Roc.NullError));
        table.AddRow(
            "score distributions, chi2",
            $"{report.Classifier[0].ScoreChiSquared.Chi2:0.0}",
            $"{report.Classifier[0].ScoreChiSquared.DegreesOfFreedom}",
            $"p = {report.Classifier[0].ScoreChiSquared.PValue:0.0e0}");
        table.AddRow("W1 above three floors", $"{report.ObservablesAboveThreeFloors}", $"of {report.Observables.Count} observables", "");
        table.AddRow("W1, median observable", "", "", $"{report.MedianWassersteinRatio:0.00}");
        var judged = report.Observables.Where(o => double.IsFinite(o.Wasserstein.Ratio));
        foreach (var o in judged.OrderByDescending(o => o.Wasserstein.Ratio).Take(8))
        {
            table.AddRow(
                $"W1 {Markup.Escape(o.Name)}",
                $"{o.Wasserstein.Value:0.00000}",
                $"{o.Wasserstein.BaselineMean:0.00000} ± {o.Wasserstein.BaselineSpread:0.00000}",
                $"{o.Wasserstein.Ratio:0.00}");
        }

        if (report is { Particles: { } particles, ParticlesFloor: { } particlesFloor })
        {
            AddParticles(table, particles, particlesFloor);
        }

        console.Write(table);
        if (report.Power.Count > 0)
        {
            var power = new Table()
                .RoundedBorder()
                .AddColumns("planted", "AUC", "AUC over the null", "score chi2 p", "classifier", "observables", "", "time");
            foreach (var p in report.Power)
            {
                var c = p.Classifier;
                power.AddRow(
                    p.Name,
                    $"{c.Roc.Auc:0.0000} ± {c.Roc.Error:0.0000}",
                    Sigmas(c.Roc.Significance),
                    $"{c.ScoreChiSquared.PValue:0.0e0}",
                    Sigmas(c.Significance),
                    $"{Sigmas(p.ObservableSignificance)}, {Markup.Escape(p.WorstObservable)}",
                    p.IsFound ? "found" : "not found",
                    $"{c.Seconds:0} s");
            }

            console.Write(power);
        }

        console.WriteLine(
            $"{Path.Combine(folder, "report.html")}, report.json: {report.Generated.Events} generated against "
                + $"{report.MonteCarlo.Events} Monte Carlo events in {report.Seconds:0} s");
    }

    /// <summary>The findings at several points as a table.</summary>
    public void Points(PointsReport report, string folder)
    {
        var table = new Table().RoundedBorder().AddColumns("point", "events", "AUC", "W1 / floor, median", "largest", "of");
        foreach (var p in report.Points)
        {
            table.AddRow(
                Markup.Escape(p.Name),
                $"{p.Events}",
                $"{p.Auc:0.0000} ± {p.AucError:0.0000}",
                $"{p.MedianWassersteinRatio:0.00}",
                $"{p.LargestWassersteinRatio:0.00}",
                Markup.Escape(p.WorstObservable));
        }

        table.AddRow("all together", $"{report.PooledEvents}", $"{report.PooledAuc:0.0000} ± {report.PooledAucError:0.0000}", "", "", "");
        console.Write(table);
        console.WriteLine($"{Path.Combine(folder, "points.json")}, card.json, and a report in the folder of each point");
    }

    /// <summary>The findings of a closure test as a table.</summary>
    public void Closure(ClosureReport report, string folder)
    {
        var table = new Table().RoundedBorder().AddColumns("left out", "", "AUC", "W1 / floor, median", "largest");
        foreach (var (point, candidate) in report.Points.SelectMany(p => p.Candidates.Select(c => (p, c))))
        {
            table.AddRow(
                Markup.Escape(point.Name),
                candidate.Name,
                $"{candidate.Auc:0.0000} ± {candidate.AucError:0.0000}",
                $"{candidate.MedianWassersteinRatio:0.00}",
                $"{candidate.LargestWassersteinRatio:0.00}");
        }

        console.Write(table);
        console.WriteLine(Path.Combine(folder, "closure.html") + ", closure.json");
    }

    private static void AddParticles(Table table, ParticleComparison found, ParticleComparison floor)
    {
        foreach (var (name, metric) in new (string, Func<ParticleComparison, double>)[]
        {
            ("particles, W1", p => p.Wasserstein),
            ("particles, KL", p => p.KullbackLeibler),
            ("particles, JS distance", p => p.JensenShannon),
            ("total energy, W1 (log10)", p => p.TotalEnergy.Wasserstein),
            ("total pT, W1 (log10)", p => p.TotalPt.Wasserstein),
        })
        {
            table.AddRow(name, $"{metric(found):0.00000}", $"{metric(floor):0.00000}", $"{metric(found) / metric(floor):0.00}");
        }
    }

    private async Task<T> RunAsync<T>(string description, long? total, ProgressColumn rate, Func<IProgress<long>, T> work) =>
        await console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), rate, new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                var task = context.AddTask(Markup.Escape(description), maxValue: total ?? 1);
                task.IsIndeterminate = total is null;
                var result = await Task.Run(() => work(new Relay<long>(done =>
                {
                    task.MaxValue = total ?? done + 1;
                    task.Value = done;
                })));
                task.IsIndeterminate = false;
                task.Value = task.MaxValue = total is null ? Math.Max(1, task.Value) : task.MaxValue;
                task.StopTask();
                return result;
            });

    /// <summary>Reports on the calling thread; <see cref="Progress{T}"/> would reorder.</summary>
    private sealed class Relay<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }

    // Rounded first, so that no significance is not "-0.0".
    private static string Sigmas(double value) => $"{Math.Round(value, 1):+0.0;-0.0;0.0} sigma";
}
