using System.CommandLine;
using System.Globalization;

using EventService.Engine.Random;
using EventService.Evaluation;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Flows.Networks;
using EventService.Models.Sampling;
using EventService.Physics.Events;
using EventService.Physics.Observables;
using EventService.Training;
using EventService.Training.Catalog;
using EventService.Training.TableFlows;
using EventService.Training.Tables;

namespace EventService.Benchmarks.Search;

/// <summary>
/// search: what a classifier gains from signal events that a model makes between simulated points (M. Kaech's thesis, sec. 7.2.4): the
/// luminosity that is needed to find a signal at a point that the classifier has not seen, for classifiers that are trained on the
/// simulated points only, on events of the model between them, and on events of the point itself as well.
/// </summary>
internal static class SearchBenchmark
{
    private const double Luminosity = 10;   // [1/fb], of the weights
    private const double Significance = 3;
    private const int ModelEvents = 62_000;
    private const int ModelValues = 31;

    // Shares of the background for training and validation.
    private const double TrainingShare = 0.4, ValidationShare = 0.2;

    private static readonly Option<FileInfo> s_model = new("--model") { Description = "Model file between two points.", Required = true };
    private static readonly Option<FileInfo> s_recipe = new("--recipe") { Description = "Its recipe.", Required = true };
    private static readonly Option<DirectoryInfo> s_data = new("--data")
    {
        Description = "Folder with the tables of its points.",
        Required = true,
    };
    private static readonly Option<FileInfo> s_background = new("--background")
    {
        Description = "Table of the background, with a column 'weight': events in 10/fb.",
        Required = true,
    };
    private static readonly Option<double> s_value = new("--value") { Description = "The unseen value of the parameter.", Required = true };
    private static readonly Option<FileInfo?> s_truth = new("--truth")
    {
        Description = "Table of events at the value; without it the model's own events stand for them.",
    };
    private static readonly Option<string> s_yields = new("--yields")
    {
        Description = "Signal events in 10/fb after the selection, of each point and then of the value, separated by commas.",
        Required = true,
    };
    private static readonly Option<int> s_trainings = new("--trainings")
    {
        Description = "Trainings of each classifier.",
        DefaultValueFactory = _ => 10,
    };
    private static readonly Option<int> s_epochs = new("--epochs") { Description = "Epochs of 40 steps.", DefaultValueFactory = _ => 40 };
    private static readonly Option<int> s_threads = new("--threads") { Description = "Trainings at a time.", DefaultValueFactory = _ => 2 };
    private static readonly Option<string> s_name = new("--name") { Description = "Name of the results.", Required = true };

    public static Command Command()
    {
        var command = new Command(
            "search", "Luminosity to find a signal at an unseen point, by classifiers with and without a model's events.")
            { s_model, s_recipe, s_data, s_background, s_value, s_truth, s_yields, s_trainings, s_epochs, s_threads, s_name };
        command.SetAction(Run);
        return command;
    }

    /// <summary>Signal events at which a classifier is tested.</summary>
    private sealed record Target(string Name, EventSample Events, double Yield);

    /// <summary>Which signal a classifier is trained on: samples of equal total weight.</summary>
    private sealed record Paradigm(string Name, IReadOnlyList<EventSample> Signal);

    /// <summary>Luminosities for Z = 3 with and without the error of the background, and the area under the ROC curve.</summary>
    private sealed record Outcome(double Luminosity, double WithoutError, double Auc);

    private static int Run(ParseResult parsed)
    {
        var recipe = TrainableFamilies.Parse<TableFlowRecipe>(File.ReadAllBytes(parsed.GetValue(s_recipe)!.FullName));
        var model = EventGenerator.Open(parsed.GetValue(s_model)!.FullName);
        var (value, schema) = (parsed.GetValue(s_value), recipe.Schema);
        var table = PointTable.Read(recipe, parsed.GetValue(s_data)!.FullName);
        var yields = parsed.GetValue(s_yields)!.Split(',').Select(y => double.Parse(y, CultureInfo.InvariantCulture)).ToArray();
        var points = ConditionPoints.Of(table.Sample, recipe);
        if (yields.Length != points.Count + 1)
        {
            throw new InvalidOperationException(
                $"--yields has {yields.Length} numbers, expected {points.Count} of the points and one of the value.");
        }

        EventSample[] training = [.. points.Select(p => EventSubset.Where(p.Sample, k => DataSplit.IsTraining(p.Sample.EventNumber[k])))];
        EventSample[] validation =
        [
            .. points.Select(p => EventSubset.Where(p.Sample, k => DataSplit.IsValidation(p.Sample.EventNumber[k]))),
        ];
        var grid = Enumerable.Range(0, ModelValues)
            .Select(k => points[0].Values[0] + (k * (points[^1].Values[0] - points[0].Values[0]) / (ModelValues - 1)))
            .ToArray();
        var between = new EventSample(schema.Scalars.Count);
        foreach (var at in grid)
        {
            Append(GeneratedSample.Draw(model.Model, new EventStream(1, [at]), ModelEvents / ModelValues), between);
        }

        List<Paradigm> paradigms =
        [
            new("baseline: the simulated points", training),
            new("interpolation: the model, between and at the points", [between]),
        ];
        List<Target> targets =
        [
            .. points.Select((p, k) => new Target($"{p.Name}, simulated", EventSubset.At(p.Sample, p.TestRows()), yields[k])),
        ];
        if (parsed.GetValue(s_truth) is { } file)
        {
            var truth = recipe.ReadColumns(file.OpenRead(), file.Name);
            paradigms.Add(new("sanity: the simulated points and the unseen one", [.. training, EventSubset.Where(truth, k => k % 2 == 1)]));
            targets.Insert(
                0,
                new(
                    Text($"{recipe.Data.Conditions[0].Name}={value}, simulated, unseen"),
                    EventSubset.Where(truth, k => k % 2 == 0),
                    yields[^1]));
        }
        else
        {
            targets.Insert(
                0,
                new(
                    Text($"{recipe.Data.Conditions[0].Name}={value}, events of the model (no simulation)"),
                    GeneratedSample.Draw(model.Model, new EventStream(2, [value]), 10_000),
                    yields[^1]));
        }

        var weighted = (recipe with { Data = recipe.Data with { Conditions = [new ColumnRecipe { Name = "weight", Unit = "1" }] } })
            .ReadTable(parsed.GetValue(s_background)!.OpenRead(), parsed.GetValue(s_background)!.Name);
        var options = new SearchClassifierOptions { Epochs = parsed.GetValue(s_epochs) };
        var report = new Report(parsed.GetValue(s_name)!);
        Head(report, parsed, model, training, between, weighted, options);

        var trainings = parsed.GetValue(s_trainings);
        var outcomes = new Outcome[trainings, paradigms.Count, targets.Count];
        Parallel.For(0, trainings * paradigms.Count, new ParallelOptions { MaxDegreeOfParallelism = parsed.GetValue(s_threads) }, k =>
        {
            var (run, paradigm) = (k / paradigms.Count, k % paradigms.Count);
            var results = Classify(paradigms[paradigm], targets, validation, yields, weighted, schema, options, (ulong)run + 1);
            for (var t = 0; t < targets.Count; t++)
            {
                outcomes[run, paradigm, t] = results[t];
            }

            Console.Error.WriteLine(Text($"training {run + 1} of {trainings}, {paradigms[paradigm].Name}: {results[0].Luminosity:G4} /fb"));
        });

        for (var t = 0; t < targets.Count; t++)
        {
            Outcome[] Of(int paradigm) => [.. Enumerable.Range(0, trainings).Select(run => outcomes[run, paradigm, t])];
            report.Line();
            report.Line(Text($"**{targets[t].Name}** ({targets[t].Events.Count:N0} events, {targets[t].Yield:G4} in 10/fb)"));
            report.Line();
            report.Line(
                "| classifier trained on | luminosity for Z = 3 [1/fb] | over that of the baseline | the same without background error "
                    + "| AUC |");
            report.Line("|---|---|---|---|---|");
            for (var p = 0; p < paradigms.Count; p++)
            {
                Outcome[] baseline = Of(0), own = Of(p);
                var ratio = p == 0 ? "1" : Mean(own.Zip(baseline, (a, b) => a.Luminosity / b.Luminosity));
                var withoutError = p == 0
                    ? Mean(own.Select(o => o.WithoutError)) + " /fb"
                    : Mean(own.Zip(baseline, (a, b) => a.WithoutError / b.WithoutError));
                report.Line(
                    $"| {paradigms[p].Name} | {Mean(own.Select(o => o.Luminosity))} | {ratio} | {withoutError} "
                    + $"| {Mean(own.Select(o => o.Auc), "F4")} |");
            }
        }

        report.Save();
        return 0;
    }

    private static Outcome[] Classify(
        Paradigm paradigm, List<Target> targets, EventSample[] validation, double[] yields, EventSample background, SampleSchema schema,
        SearchClassifierOptions options, ulong run)
    {
        // Another split of the background in each training, the same for all classifiers.
        var random = new PhiloxStream(run, 0, 3);
        var order = RandomDraws.Permutation(ref random, background.Count, background.Count);
        var (trained, validated) = ((int)(TrainingShare * order.Length), (int)((TrainingShare + ValidationShare) * order.Length));
        var columns = schema.Scalars.Count;
        (FeatureMatrix Features, double[] Weights) Background(Range range)
        {
            var (rows, share) = (order[range], order.Length / (double)order[range].Length);
            var events = new EventSample(columns);
            foreach (var k in rows)
            {
                events.AddRow(k, background.Row(k)[..columns]);
            }

            return (FeatureMatrix.OfColumns(events, schema), [.. rows.Select(k => background.Row(k)[columns] * share)]);
        }

        var (backgroundTraining, backgroundValidation, backgroundTest) =
            (Background(..trained), Background(trained..validated), Background(validated..));
        var signal = new EventSample(columns);
        List<double> weights = [];
        foreach (var sample in paradigm.Signal)
        {
            Append(sample, signal);
            weights.AddRange(Enumerable.Repeat(1.0 / sample.Count, sample.Count));
        }

        var features = FeatureMatrix.OfColumns(signal, schema);
        var standardiser = Standardiser.Fit(
            features,
            Enumerable.Range(0, features.Rows).ToArray(),
            backgroundTraining.Features,
            Enumerable.Range(0, backgroundTraining.Features.Rows).ToArray());
        SearchEvents Events((FeatureMatrix Features, double[] Weights) e) => new(standardiser.Apply(e.Features), e.Weights);
        SearchEvents Signal(EventSample sample, double yield) =>
            Events((FeatureMatrix.OfColumns(sample, schema), [.. Enumerable.Repeat(yield / sample.Count, sample.Count)]));
        var (judgedSignal, judgedBackground) = (validation.Select((v, k) => Signal(v, yields[k])).ToArray(), Events(backgroundValidation));

        // Judged at the simulated points, each by itself, since the unseen one is not known: the sum of Z over the events
        // expected, which counts both alike.
        double Judge(SearchClassifier c)
        {
            var scores = c.Scores(judgedBackground.Rows);
            var bins = ScoreHistogram.Of(scores, judgedBackground.Weights);
            return judgedSignal.Select(
                (s, k) =>
                    Math.Sqrt(Statistic(bins, c.Scores(s.Rows), s.Weights, scores, judgedBackground.Weights, true)) / yields[k]).Sum();
        }

        var classifier = SearchClassifier.Train(
            new SearchEvents(standardiser.Apply(features), [.. weights]), Events(backgroundTraining), columns, options, run, Judge);
        var final = ScoreHistogram.Of(classifier.Scores(judgedBackground.Rows), judgedBackground.Weights);
        var test = Events(backgroundTest);
        var testScores = classifier.Scores(test.Rows);
        return [.. targets.Select(target =>
        {
            var events = Signal(target.Events, target.Yield);
            var scores = classifier.Scores(events.Rows);
            double Needed(bool error) =>
                DiscoverySignificance.LuminosityFor(
                    Statistic(final, scores, events.Weights, testScores, test.Weights, error), Luminosity, Significance);
            bool[] labels = [.. Enumerable.Repeat(true, scores.Length), .. Enumerable.Repeat(false, testScores.Length)];
            return new Outcome(Needed(true), Needed(false), RocCurve.Of([.. scores, .. testScores], labels).Auc);
        })];
    }

    private static double Statistic(
        ScoreHistogram bins, double[] signal, double[] signalWeights, double[] background, double[] backgroundWeights, bool withError)
    {
        var (sums, squares) = bins.Fill(background, backgroundWeights);
        var (s, b) = ScoreHistogram.WithoutEmpty(bins.Fill(signal, signalWeights).Sums, sums);
        return b[0] > 0 ? DiscoverySignificance.TestStatistic(s, b, withError ? Math.Sqrt(squares) : 0) : 0;
    }

    private static void Head(
        Report report, ParseResult parsed, EventGenerator model, EventSample[] training, EventSample between, EventSample background,
        SearchClassifierOptions options)
    {
        var truth = parsed.GetValue(s_truth);
        report.Start(
            Text($"A classifier for {model.Document.Process} at an unseen point, with and without a model's events"),
            Text($"dotnet run -c Release --project benchmarks/EventService.Benchmarks -- search --model {parsed.GetValue(s_model)!.Name} ")
                + Text($"--recipe recipes/{parsed.GetValue(s_recipe)!.Name} --data {parsed.GetValue(s_data)!.Name} --background ")
                + Text($"{parsed.GetValue(s_background)!.Name} --value ")
                + Text($"{parsed.GetValue(s_value)}{(truth is null ? "" : " --truth " + truth.Name)} --yields {parsed.GetValue(s_yields)} ")
                + Text($"--trainings {parsed.GetValue(s_trainings)} --epochs {parsed.GetValue(s_epochs)} ")
                + Text($"--name {parsed.GetValue(s_name)}"));
        var weights = Enumerable.Range(0, background.Count)
            .GroupBy(k => background.Row(k)[^1])
            .Select(g => Text($"{g.Count():N0} of weight {g.Key:G4}"));
        report.Line(
            Text($"| Signal for training | {string.Join(" and ", training.Select(t => Text($"{t.Count:N0}")))} simulated events, ")
                + Text($"or {between.Count:N0} of the model at {ModelValues} values |"));
        report.Line(Text($"| Background | {string.Join(", ", weights)} |"));
        report.Line();
        report.Line(
            Text($"Classifier: {options.HiddenLayers} layers of {options.HiddenUnits}, batches of {options.BatchSize} ")
            + "with as much signal as background, drawn by weight; each signal sample has the same total weight; "
            + Text($"focal loss, gamma {options.Gamma}; ")
            + Text($"{options.Epochs} epochs of {options.StepsAnEpoch} steps, the one kept that is best at the simulated points on ")
            + Text($"validation events. {TrainingShare:P0} of the background are for training, ")
            + Text($"{ValidationShare:P0} for validation and the rest for the test, ")
            + "split anew in each training, in the same way for all classifiers. "
            + "The luminosity is that for Z = sqrt(q0) = 3 in up to three bins of the score above 0.9, the uppermost with a background "
            + "error of just below 30 % on validation events; q0 is that of the Asimov data set with one "
            + "factor for the background, constrained by its simulated statistics (`DiscoverySignificance`). "
            + "Means over the trainings with their standard errors; ratios are formed in each training.");
    }

    private static void Append(EventSample from, EventSample to)
    {
        for (var k = 0; k < from.Count; k++)
        {
            to.AddRow(to.Count, from.Row(k));
        }
    }

    private static string Mean(IEnumerable<double> values, string format = "G4")
    {
        var all = values.ToArray();
        var mean = all.Average();
        var error = Math.Sqrt(all.Sum(v => (v - mean) * (v - mean)) / (all.Length - 1.0) / all.Length);
        string Number(double v) => v.ToString(format, CultureInfo.InvariantCulture);
        return all.Length == 1
            ? Number(mean)
            : $"{Number(mean)} +- {error.ToString(format == "G4" ? "G2" : format, CultureInfo.InvariantCulture)}";
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
