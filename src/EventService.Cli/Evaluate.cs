using System.CommandLine;
using System.Diagnostics;
using System.Security.Cryptography;

using EventService.Evaluation;
using EventService.Evaluation.Html;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Cards;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.Sampling;
using EventService.Physics.Events;
using EventService.Physics.Formats;
using EventService.Physics.Kinds;
using EventService.Physics.Observables;
using EventService.Registry;
using EventService.Registry.Files;
using EventService.Training;
using EventService.Training.Catalog;
using EventService.Training.Recipes;

using Spectre.Console;

namespace EventService.Cli;

/// <summary>eventservice evaluate: generated events against Monte Carlo, as a table, report.json, report.html and card.json.</summary>
public static class Evaluate
{
    private const int ReadAtOnce = 10_000;

    private static readonly Option<FileInfo?> s_generated = new("--generated")
    {
        Description = "Judge the events of this file (.csv, .jsonl, .npy, packed or not) rather than a model's.",
    };
    private static readonly Option<FileInfo> s_data = new("--data")
    {
        Description = "Monte Carlo events in Dark Machines text (.csv or .csv.gz); with --recipe a table with a header line.",
        Required = true,
    };
    private static readonly Option<FileInfo?> s_recipe = new("--recipe")
    {
        Description = "Recipe that says which columns and rows of the data a model of a table is of.",
    };
    private static readonly Option<bool> s_testSplit = new("--test-split")
    {
        Description = "Compare with the events that no training uses: those at positions k of the file with k % 10 = 0.",
    };
    private static readonly Option<int> s_events = new("--events")
    {
        Description = "Events of each kind to compare, at most.",
        DefaultValueFactory = _ => 50_000,
    };
    private static readonly Option<string> s_output = new("--output", "-o")
    {
        Description = "Folder for report.json, report.html, card.json and exported features.",
        Required = true,
    };
    private static readonly Option<ulong> s_seed = new("--seed")
    {
        Description = "Seed of the generated events, the resampling and the classifier.",
        DefaultValueFactory = _ => 1,
    };
    private static readonly Option<int> s_samples = new("--samples")
    {
        Description =
            "Generated samples of that size over which the metrics of the observables are averaged, as the floor is over pairs; "
                + "a file gives one.",
        DefaultValueFactory = _ => 5,
    };
    private static readonly Option<int> s_seeds = new("--seeds")
    {
        Description = "Repeat the classifier with this many seeds; their spread enters its error.",
        DefaultValueFactory = _ => 1,
    };
    private static readonly Option<int> s_resamplings = new("--resamplings")
    {
        Description = "Pairs of Monte Carlo samples for the floor of the metrics.",
        DefaultValueFactory = _ => 20,
    };
    private static readonly Option<bool> s_power = new("--power")
    {
        Description = "Also run the evaluation on Monte Carlo with planted distortions, to see what it would find.",
    };
    private static readonly Option<bool> s_export = new("--export")
    {
        Description =
            "Also write the features of both samples for benchmarks/judge/second_judge.py; with --power those of each distortion too.",
    };

    private static readonly Option<bool> s_closure = new("--closure")
    {
        Description =
            "Train the --recipe's flow without each inner point of its grid in turn, and compare it there with the events, "
                + "the nearest point and morphed histograms; no --model.",
    };
    private static readonly Option<string[]> s_leaveOut = new("--leave-out")
    {
        Description = "With --closure: this point only, such as mGluino=1400. May be given several times.",
    };
    private static readonly Option<int> s_threads = new("--threads")
    {
        Description = "With --closure: threads of the trainings; no influence on the result.",
        DefaultValueFactory = _ => Environment.ProcessorCount,
    };

    /// <param name="load">Reads model files; <see cref="EventGenerator.Load(ReadOnlyMemory{byte})"/> outside tests.</param>
    public static Command Command(ModelLoader load)
    {
        var model = new ModelOptions(load);
        var command = new Command(
            "evaluate",
            "Compare events of a local model, or of a file, with Monte Carlo: distances of observables beside their Monte Carlo floor, "
                + "a classifier test, plots.");
        model.AddTo(command);
        Option[] options =
        [
            s_generated, s_data, s_recipe, s_testSplit, s_events, s_output, s_seed, s_samples, s_seeds, s_resamplings, s_power, s_export,
            s_closure, s_leaveOut, s_threads,
        ];
        foreach (var option in options)
        {
            command.Options.Add(option);
        }

        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, model, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, ModelOptions options, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        var display = new EvaluationDisplay(AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) }));
        if (parsed.GetValue(s_closure))
        {
            var closure = new EvaluateClosure.Settings(
                parsed.GetValue(s_data)!,
                parsed.GetValue(s_recipe) ?? throw new RequestException(RequestFault.BadValue, "--closure needs the --recipe of the flow."),
                parsed.GetValue(s_leaveOut)
                    ?? [], parsed.GetValue(s_events), parsed.GetValue(s_output)!, parsed.GetValue(s_seed), parsed.GetValue(
                        s_resamplings), parsed.GetValue(s_threads));
            return await EvaluateClosure.RunAsync(closure, display, cancellationToken);
        }

        var generator = parsed.GetValue(s_generated) is null ? await options.LoadAsync(parsed, cancellationToken) : null;
        var recipe = parsed.GetValue(s_recipe) is { } recipeFile
            ? TrainableFamilies.Parse(await File.ReadAllBytesAsync(recipeFile.FullName, cancellationToken))
            : null;
        var (folder, seed) = (parsed.GetValue(s_output)!, parsed.GetValue(s_seed));
        var points = new EvaluatePoints.Settings(
            parsed.GetValue(s_data)!,
            parsed.GetValue(s_testSplit),
            parsed.GetValue(s_events),
            folder,
            seed,
            parsed.GetValue(s_samples),
            parsed.GetValue(s_resamplings));
        Check(parsed, generator, recipe);
        Directory.CreateDirectory(folder);
        if (recipe is { Parameters.Count: > 0 })
        {
            var data = await display.CountAsync(
                $"reading {points.Data.Name}", null, _ => ConditionData.Of(recipe, recipe.Read(points.Data.FullName)));
            return await EvaluatePoints.RunAsync(points, generator!, data, display, cancellationToken);
        }

        // Whole events without conditions are compared in the same way with and without a recipe.
        var columns = recipe?.Columns;
        var schema = columns ?? generator?.Model.Schema ?? DarkMachinesSchema.Create(new ObjectMaxima(0, 0, 0, 0, 0));
        var view = new EventView(schema);
        var file = columns is null
            ? await ReadAsync(points.Data, schema, display, cancellationToken)
            : await display.CountAsync($"reading {points.Data.Name}", null, _ => recipe!.Read(points.Data.FullName).Sample);
        var rows = parsed.GetValue(s_testSplit) ? DataSplit.Rows(file.Count, DataSplit.IsTest) : [.. Enumerable.Range(0, file.Count)];
        var generated = parsed.GetValue(s_generated) is { } generatedFile
            ? await ReadAsync(generatedFile, schema, display, cancellationToken)
            : null;
        var count = CountOf(parsed, file, rows, generated);
        var monteCarlo = EventSubset.At(file, Spread(rows, count));
        var samples = generated is not null ? 1 : parsed.GetValue(s_samples);
        if (samples < 1)
        {
            throw new RequestException(RequestFault.BadValue, $"--samples is {samples}, expected at least 1.");
        }

        generated ??= await GenerateAsync(
            generator!, options.Condition(parsed, generator!), seed, checked(samples * count), display, cancellationToken);
        EventSample[] generatedSamples =
        [
            .. Enumerable.Range(0, samples).Select(k => EventSubset.At(generated, Enumerable.Range(k * count, count))),
        ];
        generated = generatedSamples[0];

        var floor = await display.ShareAsync($"floor: {parsed.GetValue(s_resamplings)} pairs of {count} events", progress =>
            MonteCarloFloor.Draw(file, count, count, view.Observables, parsed.GetValue(s_resamplings), seed, progress, cancellationToken));
        var observables = ObservableComparison.Compare(monteCarlo, generatedSamples, floor, cancellationToken);
        var (x, y) = (view.Features(monteCarlo, cancellationToken), view.Features(generated, cancellationToken));
        if (parsed.GetValue(s_export))
        {
            FeatureExport.Write(folder, x, y);
        }

        var classifier = new List<C2stResult>();
        for (var k = 0; k < parsed.GetValue(s_seeds); k++)
        {
            var classifierOptions = new C2stOptions { Seed = seed + (ulong)k };
            classifier.Add(
                await display.ClassifierAsync(
                    $"classifier, seed {classifierOptions.Seed}",
                    progress => C2st.Run(x, y, classifierOptions, progress, cancellationToken)));
        }

        var power = parsed.GetValue(s_power)
            ? await PowerAsync(parsed, view, file, monteCarlo, rows, floor, display, cancellationToken)
            : [];
        var report = new EvaluationReport
        {
            Created = TimeProvider.System.GetUtcNow(),
            ServiceVersion = ServiceVersion.Text,
            MonteCarlo = await SummaryAsync(
                parsed.GetValue(s_data)!,
                parsed.GetValue(s_testSplit) ? "events k with k % 10 = 0, which no training uses" : "spread evenly over the file",
                monteCarlo,
                cancellationToken),
            Generated = generator is null
                ? await SummaryAsync(parsed.GetValue(s_generated)!, "from the start of the file", generated, cancellationToken)
                : new SampleSummary(
                    generator.Document.Name,
                    generator.Sha256,
                    $"seed {seed}, from event 0; metrics of the observables are means over {samples} such samples, one after the other",
                    generator.Document.Process,
                    count),
            Model = generator?.Document,
            Floor = new FloorSummary(floor.PoolEvents, count, floor.Resamplings),
            Observables = observables,
            Particles = view.Particles(monteCarlo, generated),
            ParticlesFloor = view.Particles(monteCarlo, EventSubset.At(file, Spread(Others(file, rows, count), count))),
            Classifier = classifier,
            Power = power,
            Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds,
        };
        await File.WriteAllTextAsync(Path.Combine(folder, "report.json"), report.ToJson() + "\n", cancellationToken);
        var card = EvaluationCards.Of(report, view.Gates);
        await File.WriteAllTextAsync(Path.Combine(folder, "card.json"), card.ToJson() + "\n", cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder, "report.html"), HtmlReport.Render(report), cancellationToken);
        display.Summary(report, folder);
        return 0;
    }

    /// <exception cref="RequestException">Model, recipe and options do not go together.</exception>
    private static void Check(ParseResult parsed, EventGenerator? generator, Recipe? recipe)
    {
        var columns = recipe?.Columns;
        if (generator is { Model.Schema: var schema }
            && (columns is null ? RequestedKind.Of(schema).NeedsRecipe : !schema.HasSameColumns(columns)))
        {
            throw new RequestException(RequestFault.Cannot, columns is null
                ? $"Model '{generator.Document.Name}' has the columns {schema.Describe()}, not {EventKind.WholeEvent.Name}. "
                    + "Give the --recipe that says where they stand in the data."
                : $"Model '{generator.Document.Name}' has the columns {schema.Describe()}, the recipe {columns.Describe()}.");
        }

        string[] names = [.. recipe?.Parameters.Select(p => p.Name) ?? []];
        if (names.Length > 0 && generator is null)
        {
            throw new RequestException(
                RequestFault.Cannot,
                $"The recipe has the conditions {string.Join(", ", names)}; events of a file are compared without conditions only. "
                    + "Leave --generated out.");
        }

        if (names.Length > 0 && !names.SequenceEqual(generator!.Conditions.Parameters.Select(p => p.Name)))
        {
            var parameters = generator.Conditions.Parameters.Select(p => p.Name).ToArray();
            var own = parameters.Length == 0 ? "no conditions" : $"the conditions {string.Join(", ", parameters)}";
            throw new RequestException(
                RequestFault.Cannot,
                $"Model '{generator.Document.Name}' has {own}, the recipe {string.Join(", ", names)}.");
        }

        if (parsed.GetValue(s_power) && (columns ?? generator?.Model.Schema) is { } events
            && new EventView(events) is { Distortions: [], Kind: var kind })
        {
            throw new RequestException(
                RequestFault.Cannot, $"--power plants faults in {EventKind.WholeEvent.Name}; it has none for {kind.Name}. Leave it out.");
        }
    }

    /// <summary>The floor needs two disjoint samples of the size that is compared.</summary>
    private static int CountOf(ParseResult parsed, EventSample file, int[] rows, EventSample? generated)
    {
        var count = Math.Min(parsed.GetValue(s_events), Math.Min(rows.Length, file.Count / 2));
        count = Math.Min(count, generated?.Count ?? count);
        return count >= 100
            ? count
            : throw new RequestException(
                RequestFault.BadValue,
                $"Only {count} events of each kind can be compared, expected at least 100. The file has {file.Count} Monte Carlo "
                    + $"events, {rows.Length} of them may be used{(generated is null ? "" : $", the other file {generated.Count}")}.");
    }

    private static async Task<IReadOnlyList<PowerResult>> PowerAsync(
        ParseResult parsed, EventView view, EventSample file, EventSample monteCarlo, int[] rows, MonteCarloFloor floor,
        EvaluationDisplay display, CancellationToken cancellationToken)
    {
        // Distorted are events that are not in the reference; a tail cut drops 1 % of them.
        var others = Others(file, rows, monteCarlo.Count);
        var source = EventSubset.At(file, Spread(others, Math.Min(others.Length, monteCarlo.Count + monteCarlo.Count / 40)));
        var options = new C2stOptions { Seed = parsed.GetValue(s_seed) };
        var results = new List<PowerResult>();
        foreach (var distortion in view.Distortions.Prepend(null))
        {
            var name = distortion?.Name ?? "none";
            var export = parsed.GetValue(s_export) ? Path.Combine(parsed.GetValue(s_output)!, "power", name) : null;
            results.Add(await display.ClassifierAsync($"planted: {name}", progress => PowerTest.Run(
                view, monteCarlo, source, distortion, floor, options, export, progress, cancellationToken)));
        }

        return results;
    }

    private static Task<EventSample> GenerateAsync(
        EventGenerator generator, Dictionary<string, string> condition, ulong seed, int count, EvaluationDisplay display,
        CancellationToken cancellationToken)
    {
        var stream = new EventStream(seed, generator.Conditions.Parse(condition));
        return display.CountAsync(
            $"generating {generator.Document.Name}",
            count,
            progress => GeneratedSample.Draw(generator.Model, stream, count, progress, cancellationToken));
    }

    private static Task<EventSample> ReadAsync(
        FileInfo file, SampleSchema schema, EvaluationDisplay display, CancellationToken cancellationToken) =>
        display.CountAsync($"reading {file.Name}", null, progress =>
        {
            var kind = EventKind.Of(schema);
            var format = EventFormats.FromFileName(file.Name) ?? kind.DefaultFormat;
            using var reader = kind.OpenReader(format, file.OpenRead(), file.Name, schema);
            var sample = EventSample.For(schema);
            while (reader.Read(sample, ReadAtOnce))
            {
                cancellationToken.ThrowIfCancellationRequested();
                progress.Report(sample.Count);
            }

            return sample;
        });

    private static async Task<SampleSummary> SummaryAsync(
        FileInfo file, string selection, EventSample sample, CancellationToken cancellationToken)
    {
        await using var stream = file.OpenRead();
        return new SampleSummary(
            file.Name, Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken)), selection, sample.ProcessName,
            sample.Count);
    }

    /// <summary>The rows of the file outside the selected ones that generated events are compared with.</summary>
    private static int[] Others(EventSample file, int[] rows, int count)
    {
        var reference = Spread(rows, count).ToHashSet();
        return [.. Enumerable.Range(0, file.Count).Where(k => !reference.Contains(k))];
    }

    /// <summary>The given number of rows, evenly spread.</summary>
    private static IEnumerable<int> Spread(int[] rows, int count) =>
        Enumerable.Range(0, count).Select(k => rows[(int)((long)k * rows.Length / count)]);
}
