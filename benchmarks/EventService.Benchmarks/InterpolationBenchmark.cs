using System.CommandLine;
using System.Globalization;

using EventService.Evaluation;
using EventService.Evaluation.Closure;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Columns;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Physics.Events;
using EventService.Physics.Observables;
using EventService.Training.Catalog;
using EventService.Training.TableFlows;
using EventService.Training.Tables;

namespace EventService.Benchmarks;

/// <summary>
/// interpolation: a model of a table at a value of its parameter that it was not trained on, against real events there, beside what is done
/// without a model: the nearest simulated sample, and vertical, moment and horizontal morphing between the two neighbours.
/// </summary>
internal static class InterpolationBenchmark
{
    private static readonly Option<FileInfo> s_model = new("--model") { Description = "Model file.", Required = true };
    private static readonly Option<FileInfo> s_recipe = new("--recipe") { Description = "Its recipe.", Required = true };
    private static readonly Option<DirectoryInfo> s_data = new("--data")
    {
        Description = "Folder with the tables of the recipe's points.",
        Required = true,
    };
    private static readonly Option<FileInfo> s_truth = new("--truth") { Description = "Table of events at the value.", Required = true };
    private static readonly Option<double> s_value = new("--value") { Description = "The value of the parameter.", Required = true };
    private static readonly Option<int> s_events = new("--events")
    {
        Description = "Events of each kind, at most.",
        DefaultValueFactory = _ => 20_000,
    };
    private static readonly Option<string?> s_name = new("--name")
    {
        Description = "Name of the results; by default Interpolation and the model's.",
    };

    public static Command Command()
    {
        var command = new Command(
            "interpolation", "A model between its training points against real events there, the nearest sample and morphing.")
        {
            s_model,
            s_recipe,
            s_data,
            s_truth,
            s_value,
            s_events,
            s_name,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var recipe = TrainableFamilies.Parse<TableFlowRecipe>(File.ReadAllBytes(parsed.GetValue(s_recipe)!.FullName));
        var model = EventGenerator.Open(parsed.GetValue(s_model)!.FullName);
        var value = parsed.GetValue(s_value);
        (double Value, EventSample Events)[] groups =
        [
            .. ConditionPoints.Of(PointTable.Read(recipe, parsed.GetValue(s_data)!.FullName).Sample, recipe)
                .Select(p => (p.Values[0], p.Sample)),
        ];
        var truth = recipe.ReadColumns(parsed.GetValue(s_truth)!.OpenRead(), parsed.GetValue(s_truth)!.Name);

        var report = new Report(parsed.GetValue(s_name) ?? "Interpolation-" + model.Document.Name);
        report.Start(
            Text($"{model.Document.Name} at {recipe.Data.Conditions[0].Name} = {value}"),
            "dotnet run -c Release --project benchmarks/EventService.Benchmarks -- interpolation --model "
                + Text($"{parsed.GetValue(s_model)!.Name} --recipe recipes/{parsed.GetValue(s_recipe)!.Name} --data ")
                + Text($"{parsed.GetValue(s_data)!.Name} --truth {parsed.GetValue(s_truth)!.Name} --value {value}"));
        report.Line(Text($"| Trained at | {string.Join(", ", groups.Select(g => Text($"{g.Value} ({g.Events.Count:N0} events)")))} |"));
        report.Line();
        report.Line(
            "AUC of the classifier test (network and boosted trees) between real events and the candidates, 0.5 where it cannot tell them "
            + "apart. W1 in standard deviations of the real events, mean over the observables, and the largest; "
            + "the floor is that of two halves of the real events, over the root of 2. "
            + "Vertical morphing is a mixture of both neighbours with linear shares; "
            + "moment morphing (arXiv:1410.7388) the same with their columns shifted and stretched to the interpolated mean and width, "
            + "except for counts; horizontal morphing interpolates the quantiles of each observable (A. L. "
            + "Read, NIM A 425 (1999) 357) and has no events.");
        if (recipe.Data.Inequalities is not null)
        {
            report.Line();
            report.Line(
                "'With sums': the classifier is shown what data.inequalities of the recipe are about, too, such as HT less its jets; "
                    + "'impossible' are events of which one does not hold.");
        }

        report.Line();
        report.Line("| candidate | events | AUC | AUC with sums | impossible | W1, mean | W1, largest |");
        report.Line("|---|---|---|---|---|---|---|");
        var observables = ColumnObservables.Of(recipe.Schema);
        var real = Sorted(truth, observables);
        Row(
            report,
            "two halves of the real events",
            truth.Count / 2,
            " | | ",
            Halves(truth, observables).Select(w => w / Math.Sqrt(2)),
            observables);
        foreach (var (name, events) in Candidates(model, groups, value, Math.Min(parsed.GetValue(s_events), truth.Count)))
        {
            var same = EventSubset.At(truth, Enumerable.Range(0, Math.Min(truth.Count, events.Count)));
            Row(
                report,
                name,
                events.Count,
                $"{Auc(same, events, recipe.Schema)} | {WithSums(same, events, recipe)}",
                real.Zip(Sorted(events, observables), (a, b) => Wasserstein1.Normalised(a, b)),
                observables);
        }

        if (Neighbours(groups, value) is var (low, high, share))
        {
            var (a, b) = (Sorted(low.Events, observables), Sorted(high.Events, observables));
            Row(
                report,
                "horizontal morphing",
                0,
                " | | ",
                real.Select(
                    (r, c) => Wasserstein1.Normalised(
                        r, [.. Enumerable.Range(0, 10_000).Select(k => ((1 - share) * Quantile(a[c], k)) + (share * Quantile(b[c], k)))])),
                observables);
        }

        report.Save();
        return 0;
    }

    private static string Auc(EventSample real, EventSample events, SampleSchema schema)
    {
        var auc = C2st.Run(FeatureMatrix.OfColumns(real, schema), FeatureMatrix.OfColumns(events, schema), new C2stOptions()).Roc;
        return Text($"{auc.Auc:F3} +- {auc.Error:F3}");
    }

    /// <summary>
    /// The area where the classifier is shown the sums of the recipe's inequalities, and the share of events of which one does not hold.
    /// </summary>
    private static string WithSums(EventSample real, EventSample events, TableFlowRecipe recipe)
    {
        if (recipe.Data.Inequalities is not { } inequalities)
        {
            return " | ";
        }

        var possible = new ColumnInequalities(recipe.Schema, inequalities);
        EventSample Extended(EventSample sample)
        {
            var extended = new EventSample(sample.ColumnCount + inequalities.Count);
            for (var k = 0; k < sample.Count; k++)
            {
                var row = sample.Row(k).ToArray();
                extended.AddRow(sample.EventNumber[k], [.. row, .. inequalities.Select((_, i) => possible.Sum(i, row))]);
            }

            return extended;
        }

        var schema = new SampleSchema(
            [.. recipe.Schema.Scalars, .. inequalities.Select((inequality, i) => new ColumnSchema($"sum{i}", "", inequality.ToString()))],
            []);
        var impossible = Enumerable.Range(0, events.Count).Count(k => possible.Violated(events.Row(k)) is not null) / (double)events.Count;
        return $"{Auc(Extended(real), Extended(events), schema)} | {Text($"{impossible:P1}")}";
    }

    private static IEnumerable<(string Name, EventSample Events)> Candidates(
        EventGenerator model, IReadOnlyList<(double Value, EventSample Events)> groups, double value, int count)
    {
        yield return (model.Document.Name, GeneratedSample.Draw(model.Model, new EventStream(1, [value]), count));
        var nearest = groups.MinBy(g => Math.Abs(g.Value - value));
        yield return (
            Text($"nearest sample, {nearest.Value}"),
            EventSubset.At(nearest.Events, Enumerable.Range(0, Math.Min(count, nearest.Events.Count))));
        if (Neighbours(groups, value) is var (low, high, share))
        {
            // As many as the smaller of both allows.
            var size = Math.Min(count, (int)Math.Min(low.Events.Count / (1 - share), high.Events.Count / share));
            (EventSample Sample, double Weight)[] neighbours = [(low.Events, 1 - share), (high.Events, share)];
            yield return ("vertical morphing", VerticalMorphing.Mix(neighbours, size));
            yield return ("moment morphing", VerticalMorphing.Mix(MomentMorphing.Move(neighbours), size));
        }
    }

    /// <summary>The training points on both sides and the share of the upper one; null at a training point.</summary>
    private static (
        (double Value, EventSample Events) Low,
        (double Value, EventSample Events) High,
        double Share)? Neighbours(IReadOnlyList<(double Value, EventSample Events)> groups, double value)
    {
        var high = groups.ToList().FindIndex(g => g.Value > value);
        return high <= 0 || groups[high - 1].Value == value
            ? null
            : (groups[high - 1], groups[high], (value - groups[high - 1].Value) / (groups[high].Value - groups[high - 1].Value));
    }

    private static IEnumerable<double> Halves(EventSample truth, IReadOnlyList<Observable> observables) =>
        Sorted(EventSubset.Where(truth, k => k % 2 == 0), observables)
            .Zip(Sorted(EventSubset.Where(truth, k => k % 2 == 1), observables), (a, b) => Wasserstein1.Normalised(a, b));

    private static double[][] Sorted(EventSample events, IReadOnlyList<Observable> observables)
    {
        var columns = ObservableTable.Compute(events, observables).Columns;
        foreach (var column in columns)
        {
            Array.Sort(column);
        }

        return columns;
    }

    private static double Quantile(double[] sorted, int k)
    {
        var at = (k + 0.5) / 10_000 * (sorted.Length - 1);
        var i = (int)at;
        return i + 1 < sorted.Length ? sorted[i] + ((at - i) * (sorted[i + 1] - sorted[i])) : sorted[i];
    }

    private static void Row(
        Report report, string name, int events, string auc, IEnumerable<double> distances, IReadOnlyList<Observable> observables)
    {
        var w = distances.ToArray();
        var worst = Array.IndexOf(w, w.Max());
        report.Line(
            $"| {name} | {(events > 0 ? Text($"{events:N0}") : "")} | {auc} | {Text($"{w.Average():F4}")} | {Text($"{w[worst]:F4}")}, "
                + $"{observables[worst].Name} |");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
