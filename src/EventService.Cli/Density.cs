using System.CommandLine;

using EventService.Generation.Pipeline;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Physics.Events;
using EventService.Physics.Formats;
using EventService.Physics.Kinds;
using EventService.Registry;
using EventService.Registry.Files;

namespace EventService.Cli;

/// <summary>eventservice density: the log-density of each event of a file under a local model.</summary>
public static class Density
{
    private static readonly Argument<string> s_events = new("events")
    {
        Description = "File of events, packed or not; - for standard input.",
    };
    private static readonly Option<string?> s_input = new("--input")
    {
        Description = $"Format of the events: {string.Join(", ", EventFormats.Names)}; if not given, the file's name decides.",
    };
    private static readonly Option<string?> s_format = new("--format")
    {
        Description = $"{string.Join(", ", DensityFormat.All.Select(f => f.Name))}; if not given, the output's name decides.",
    };
    private static readonly Option<string?> s_output = new("--output", "-o")
    {
        Description = "File to write; standard output if not given.",
    };

    /// <param name="load">Reads model files; EventGenerator.Load outside tests.</param>
    public static Command Command(ModelLoader load)
    {
        var model = new ModelOptions(load);
        var command = new Command("density", "Log-density of each event of a file under a local model.");
        command.Arguments.Add(s_events);
        model.AddTo(command);
        foreach (var option in new Option[] { s_input, s_format, s_output })
        {
            command.Options.Add(option);
        }

        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, model, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, ModelOptions model, CancellationToken cancellationToken)
    {
        var generator = await model.LoadAsync(parsed, cancellationToken);
        var likelihood = generator.Likelihood
            ?? throw new RequestException(RequestFault.Cannot, ModelArchitectures.WithoutDensity(generator.Document));
        var conditions = DensityConditions.Parse(model.Condition(parsed, generator), generator);
        var path = parsed.GetValue(s_output);
        var format = DensityFormat.Parse(
            parsed.GetValue(s_format)
                ?? (EventFormats.FromFileName(path ?? "") == NpyWriter.FormatName ? DensityFormat.Npy : DensityFormat.Jsonl).Name);
        if (path is null && format == DensityFormat.Npy && !Console.IsOutputRedirected)
        {
            throw new RequestException(
                RequestFault.BadValue, $"{format.Name} is binary and standard output is a terminal. Give a file with --output.");
        }

        long count = 0;
        using (var workers = new WorkerThreads(model.Workers(parsed)))
        using (var events = OpenEvents(parsed, conditions.Schema))
        await using (var output = OutputFile.Open(path))
        {
            // A header holds the number of events, so what stands behind it waits in a file that vanishes when closed.
            await using var records = format.HasHeader
                ? new FileStream(
                    Path.GetTempFileName(), FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose)
                : output.Stream;
            await Terminal.ProgressAsync($"{generator.Document.Name}", null, async progress =>
                count = await DensityPipeline.RunAsync(
                    workers, likelihood, conditions, events, format, records, progress, cancellationToken));
            if (format.HasHeader)
            {
                await output.Stream.WriteAsync(format.Header(count), cancellationToken);
                records.Position = 0;
                await records.CopyToAsync(output.Stream, cancellationToken);
            }

            await output.CompleteAsync();
        }

        await Console.Error.WriteLineAsync($"{count} events under {generator.Document.Name}{(path is null ? "" : $", {path}")}");
        return 0;
    }

    private static EventReader OpenEvents(ParseResult parsed, SampleSchema schema)
    {
        var path = parsed.GetValue(s_events)!;
        var format = parsed.GetValue(s_input) ?? EventFormats.FromFileName(path) ?? EventKind.Of(schema).DefaultFormat;
        if (!EventFormats.Names.Contains(format))
        {
            throw new RequestException(
                RequestFault.BadValue, $"--input is '{format}', expected one of {string.Join(", ", EventFormats.Names)}.");
        }

        var stream = path == "-" ? Console.OpenStandardInput() : File.OpenRead(path);
        try
        {
            return EventKind.Of(schema).OpenReader(format, stream, path == "-" ? "standard input" : Path.GetFileName(path), schema);
        }
        catch (NotSupportedException e)
        {
            stream.Dispose();
            throw new RequestException(RequestFault.Cannot, e.Message);
        }
    }
}
