using System.CommandLine;
using System.Diagnostics;

using EventService.Generation.Pipeline;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Physics.Formats;
using EventService.Registry.Files;

namespace EventService.Cli;

/// <summary>eventservice generate: events of a local model, or of a server, into a file or standard output, bit by bit the same.</summary>
public static class Generate
{
    private static readonly Option<string> s_n = new("--n", "-n")
    {
        Description = "Number of events: 1000, 1_000_000, 1e6, 10k, 2M.",
        DefaultValueFactory = _ => $"{GenerateRequest.DefaultCount}",
    };
    private static readonly Option<string?> s_seed = new("--seed")
    {
        Description = "Whole number from 0 to 2^64 - 1; random if not given, and reported.",
    };
    private static readonly Option<string> s_first = new("--first")
    {
        Description = "Index of the first event in the stream of this seed.",
        DefaultValueFactory = _ => "0",
    };
    private static readonly Option<string?> s_format = new("--format")
    {
        Description = $"{string.Join(", ", EventFormats.Names)}; if not given, the output's name decides.",
    };
    private static readonly Option<string?> s_columns = new("--columns")
    {
        Description = "Columns, separated by commas, such as MET_pt,Jet,nElectron.",
    };
    private static readonly Option<string?> s_cut = new("--cut")
    {
        Description = "Comparisons that all must hold: MET_pt>100,nJet>=4,Jet_pt[0]>60. n counts the events before the cut.",
    };
    private static readonly Option<bool> s_logDensity = new("--log-density") { Description = "Add the log-density of each event." };
    private static readonly Option<string?> s_lumi = new("--lumi")
    {
        Description = "Integrated luminosity in 1/fb that the receipt normalises to.",
    };
    private static readonly Option<string?> s_output = new("--output", "-o")
    {
        Description = "File to write; standard output if not given.",
    };
    private static readonly Option<string?> s_receipt = new("--receipt")
    {
        Description = "File for the receipt (JSON): all that is needed to make the same events again.",
    };

    private static readonly Option<string?> s_server = new("--server")
    {
        Description =
            "Address of a server's gRPC, such as http://localhost:8081: it generates, with its model of that name, "
                + "instead of this machine.",
    };
    private static readonly Option<string?> s_key = new("--key")
    {
        Description =
            $"API key or token for the server; better in variable {ServerOptions.KeyVariable}, where other users of the machine do not see it.",
    };

    /// <param name="load">Reads model files; EventGenerator.Load outside tests.</param>
    public static Command Command(ModelLoader load)
    {
        var model = new ModelOptions(load);
        var command = new Command("generate", "Generate events of a local model, or of a server's.");
        model.AddTo(command);
        Option[] options =
        [
            s_n, s_seed, s_first, s_format, s_columns, s_cut, s_logDensity, s_lumi, s_output, s_receipt, s_server, s_key,
        ];
        foreach (var option in options)
        {
            command.Options.Add(option);
        }

        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, model, cancellationToken));
        return command;
    }

    private static Task<int> RunAsync(ParseResult parsed, ModelOptions model, CancellationToken cancellationToken) =>
        parsed.GetValue(s_server) is { } server
            ? AtServerAsync(server, parsed, model, cancellationToken)
            : HereAsync(parsed, model, cancellationToken);

    private static async Task<int> HereAsync(ParseResult parsed, ModelOptions model, CancellationToken cancellationToken)
    {
        var generator = await model.LoadAsync(parsed, cancellationToken);
        var values = Values(parsed, model.Condition(parsed, generator));
        var request = GenerateRequest.Parse(
            values, generator, EventFormats.FromFileName(parsed.GetValue(s_output) ?? "") ?? JsonLinesWriter.FormatName);
        request.CreateWriter(generator); // says what is wrong before a file is touched
        var receipt = request.ReceiptFor(generator, version: null);
        using var workers = new WorkerThreads(model.Workers(parsed));
        return await WriteAsync(parsed, receipt, (output, progress) => GeneratePipeline.RunAsync(
            workers,
            generator,
            request,
            async (bytes, done, token) =>
            {
                await output.WriteAsync(bytes, token);
                progress(done);
            },
            cancellationToken), cancellationToken);
    }

    private static async Task<int> AtServerAsync(string server, ParseResult parsed, ModelOptions model, CancellationToken cancellationToken)
    {
        var values = Values(parsed, model.Condition(parsed));
        (values["process"], values["model"]) = model.Name(parsed);
        values["format"] = values.GetValueOrDefault("format") ?? EventFormats.FromFileName(parsed.GetValue(s_output) ?? "")
            ?? JsonLinesWriter.FormatName;
        using var events = await ServerEvents.OpenAsync(server, parsed.GetValue(s_key), values, cancellationToken);
        return await WriteAsync(
            parsed, events.Receipt, (output, progress) => events.WriteAsync(output, progress, cancellationToken), cancellationToken);
    }

    /// <summary>Writes events and their receipt where the options say.</summary>
    private static async Task<int> WriteAsync(
        ParseResult parsed, Receipt receipt, Func<Stream, Action<long>, Task> write, CancellationToken cancellationToken)
    {
        var path = parsed.GetValue(s_output);
        if (path is null && receipt.Format == NpyWriter.FormatName && !Console.IsOutputRedirected)
        {
            throw new RequestException(
                RequestFault.BadValue, $"{receipt.Format} is binary and standard output is a terminal. Give a file with --output.");
        }

        var start = Stopwatch.GetTimestamp();
        await using (var output = OutputFile.Open(path))
        {
            await Terminal.ProgressAsync($"{receipt.Process}, seed {receipt.Seed}", receipt.N, progress => write(output.Stream, progress));
            await output.CompleteAsync();
        }

        if (parsed.GetValue(s_receipt) is { } receiptPath)
        {
            await File.WriteAllTextAsync(receiptPath, receipt.ToJson() + "\n", cancellationToken);
        }

        var rate = receipt.N / Stopwatch.GetElapsedTime(start).TotalSeconds;
        await Console.Error.WriteLineAsync(
            $"{receipt.N} events of {receipt.Model}, seed {receipt.Seed}, first {receipt.First}: "
                + $"{rate:N0} events/s{(path is null ? "" : $", {path}")}");
        return 0;
    }

    /// <summary>The same names and texts as in HTTP, so that one parser serves both.</summary>
    private static Dictionary<string, string> Values(ParseResult parsed, Dictionary<string, string> values)
    {
        void Add(string name, string? value)
        {
            if (value is not null)
            {
                values[name] = value;
            }
        }

        Add("n", parsed.GetValue(s_n));
        Add("seed", parsed.GetValue(s_seed));
        Add("first", parsed.GetValue(s_first));
        Add("format", parsed.GetValue(s_format));
        Add("columns", parsed.GetValue(s_columns));
        Add("logDensity", parsed.GetValue(s_logDensity) ? "true" : null);
        Add("cut", parsed.GetValue(s_cut));
        Add("lumi", parsed.GetValue(s_lumi));
        return values;
    }
}
