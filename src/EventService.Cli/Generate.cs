using System.CommandLine;
using System.Diagnostics;

using EventService.Generation;
using EventService.Generation.Pipeline;
using EventService.Generation.Requests;
using EventService.Physics.Formats;
using EventService.Registry;

namespace EventService.Cli;

/// <summary>eventservice generate: events of a local model into a file or standard output, bit by bit those of the server.</summary>
public static class Generate
{
    private static readonly Option<string> s_n = new("--n", "-n") { Description = "Number of events: 1000, 1_000_000, 1e6, 10k, 2M.", DefaultValueFactory = _ => $"{GenerateRequest.DefaultCount}" };
    private static readonly Option<string?> s_seed = new("--seed") { Description = "Whole number from 0 to 2^64 - 1; random if not given, and reported." };
    private static readonly Option<string> s_first = new("--first") { Description = "Index of the first event in the stream of this seed.", DefaultValueFactory = _ => "0" };
    private static readonly Option<string?> s_format = new("--format") { Description = $"{string.Join(", ", EventFormats.Names)}; if not given, the output's name decides." };
    private static readonly Option<string?> s_columns = new("--columns") { Description = "Columns, separated by commas, such as MET_pt,Jet,nElectron." };
    private static readonly Option<string?> s_cut = new("--cut") { Description = "Comparisons that all must hold: MET_pt>100,nJet>=4,Jet_pt[0]>60. n counts the events before the cut." };
    private static readonly Option<bool> s_logDensity = new("--log-density") { Description = "Add the log-density of each event." };
    private static readonly Option<string?> s_lumi = new("--lumi") { Description = "Integrated luminosity in 1/fb that the receipt normalises to." };
    private static readonly Option<string?> s_output = new("--output", "-o") { Description = "File to write; standard output if not given." };
    private static readonly Option<string?> s_receipt = new("--receipt") { Description = "File for the receipt (JSON): all that is needed to make the same events again." };

    /// <param name="load">Reads model files; EventGenerator.Load outside tests.</param>
    public static Command Command(ModelLoader load)
    {
        var model = new ModelOptions(load);
        var command = new Command("generate", "Generate events of a local model.");
        model.AddTo(command);
        foreach (var option in new Option[] { s_n, s_seed, s_first, s_format, s_columns, s_cut, s_logDensity, s_lumi, s_output, s_receipt })
        {
            command.Options.Add(option);
        }

        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, model, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, ModelOptions model, CancellationToken cancellationToken)
    {
        var generator = await model.LoadAsync(parsed, cancellationToken);
        var path = parsed.GetValue(s_output);
        var request = GenerateRequest.Parse(Values(parsed, model, generator), generator, EventFormats.FromFileName(path ?? "") ?? JsonLinesWriter.FormatName);
        request.CreateWriter(generator); // says what is wrong before a file is touched
        if (path is null && request.Format == NpyWriter.FormatName && !Console.IsOutputRedirected)
        {
            throw new RequestException(RequestFault.BadValue, $"{request.Format} is binary and standard output is a terminal. Give a file with --output.");
        }

        var receipt = request.ReceiptFor(generator, version: null);
        var start = Stopwatch.GetTimestamp();
        using (var workers = new WorkerThreads(model.Workers(parsed)))
        await using (var output = OutputFile.Open(path))
        {
            await Terminal.ProgressAsync($"{receipt.Process}, seed {receipt.Seed}", request.Count, progress =>
                GeneratePipeline.RunAsync(
                    workers,
                    generator,
                    request,
                    async (bytes, done, token) =>
                    {
                        await output.Stream.WriteAsync(bytes, token);
                        progress(done);
                    },
                    cancellationToken));
            await output.CompleteAsync();
        }

        if (parsed.GetValue(s_receipt) is { } receiptPath)
        {
            await File.WriteAllTextAsync(receiptPath, receipt.ToJson() + "\n", cancellationToken);
        }

        var rate = request.Count / Stopwatch.GetElapsedTime(start).TotalSeconds;
        await Console.Error.WriteLineAsync($"{request.Count} events of {receipt.Model}, seed {receipt.Seed}, first {receipt.First}: {rate:N0} events/s{(path is null ? "" : $", {path}")}");
        return 0;
    }

    /// <summary>The same names and texts as in HTTP, so that one parser serves both.</summary>
    private static Dictionary<string, string> Values(ParseResult parsed, ModelOptions model, EventGenerator generator)
    {
        var values = model.Condition(parsed, generator);
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
