using System.CommandLine;
using System.Net.Http.Headers;

using EventService.Generation.Pipeline;
using EventService.Generation.Receipts;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Registry;
using EventService.Registry.Artifacts;
using EventService.Registry.Files;

namespace EventService.Cli;

/// <summary>
/// eventservice verify: makes the events of a receipt again and compares them with a file, by a local model or on a server.
/// </summary>
public static class Verify
{
    private static readonly Argument<FileInfo> s_file = new("file") { Description = "The events, as they were received." };
    private static readonly Option<FileInfo> s_receipt = new("--receipt")
    {
        Description =
            "Their receipt (JSON): the header EventService-Receipt, the file of 'generate --receipt', or the receipt in a manifest.",
        Required = true,
    };
    private static readonly Option<string?> s_first = new("--first")
    {
        Description = "With --n: the file holds this part of the receipt's events, such as a part of a job.",
    };
    private static readonly Option<string?> s_n = new("--n", "-n") { Description = "Number of events of that part." };
    private static readonly Option<string> s_models = new("--models")
    {
        Description = "Folder of model files, or the model file.",
        DefaultValueFactory = _ => "models",
    };
    private static readonly Option<int> s_workers = new("--workers") { Description = "Threads; 0 for one per processor." };

    /// <param name="load">Reads model files; EventGenerator.Load outside tests.</param>
    public static Command Command(ModelLoader load)
    {
        var server = new ServerOptions();
        var command = new Command("verify", "Check that a file of events is what its receipt says; the exit status says it.")
        {
            s_file,
            s_receipt,
            s_first,
            s_n,
            s_models,
            s_workers,
        };
        server.AddTo(command);
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, server, load, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, ServerOptions server, ModelLoader load, CancellationToken cancellationToken)
    {
        var receipt = Receipt.FromJson(await File.ReadAllTextAsync(parsed.GetValue(s_receipt)!.FullName, cancellationToken));
        await using var file = parsed.GetValue(s_file)!.OpenRead();
        var verdict = server.Given(parsed) is { } address
            ? await AskAsync(parsed, server, address, receipt, file, cancellationToken)
            : await ReplayAsync(parsed, load, receipt, file, cancellationToken);
        var output = server.Output(parsed);
        await output.WriteAsync(verdict, async () =>
        {
            await output.LineAsync(verdict.Verified
                ? $"verified: {verdict.Checked!.N} events from {verdict.Checked.First}, {verdict.Checked.Bytes} bytes, "
                    + $"sha256 {verdict.Checked.Sha256}"
                : "not verified");
            foreach (var line in verdict.Differences.Concat(verdict.Notes.Select(n => $"note: {n}")))
            {
                await output.LineAsync(line);
            }
        });
        return verdict.Verified ? 0 : 1;
    }

    private static async Task<ReceiptVerification> AskAsync(
        ParseResult parsed, ServerOptions server, string address, Receipt receipt, FileStream file, CancellationToken cancellationToken)
    {
        using var client = server.Open(parsed, address);
        var content = new StreamContent(file, 1 << 16);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        var request = new HttpRequestMessage(
            HttpMethod.Post, "receipts/verify" + ServiceClient.Query(("first", parsed.GetValue(s_first)), ("n", parsed.GetValue(s_n))))
        {
            Content = content,
        };
        request.Headers.Add("EventService-Receipt", receipt.ToJson());
        using var response = await client.SendAsync(request, cancellationToken);
        return await client.ReadAsync<ReceiptVerification>(response, cancellationToken);
    }

    private static async Task<ReceiptVerification> ReplayAsync(
        ParseResult parsed, ModelLoader load, Receipt receipt, FileStream file, CancellationToken cancellationToken)
    {
        if (await FindAsync(parsed.GetValue(s_models)!, receipt.Sha256, load, cancellationToken) is not { } generator)
        {
            return ReceiptCheck.Impossible(
                $"No model with the sha256 {receipt.Sha256} is in {Path.GetFullPath(LocalModels.Resolve(parsed.GetValue(s_models)!))}. "
                    + $"Download it with 'eventservice models download {receipt.Model}', or ask a server with --server.");
        }

        var check = new ReceiptCheck(receipt, generator, receipt.Version, Range(parsed), hasFile: true, bodySha256: null);
        ReplayResult? replay = null;
        if (check.Request is { } request)
        {
            using var workers = new WorkerThreads(Math.Max(parsed.GetValue(s_workers), 0));
            await Terminal.ProgressAsync($"{receipt.Process}, seed {receipt.Seed}", request.Count, async progress =>
                replay = await EventReplay.RunAsync(workers, generator, request, file, progress, cancellationToken));
        }

        return check.Conclude(replay);
    }

    private static async Task<EventGenerator?> FindAsync(
        string models, string sha256, ModelLoader load, CancellationToken cancellationToken)
    {
        foreach (var path in File.Exists(models) ? [models] : ModelFile.In(LocalModels.Resolve(models)))
        {
            var bytes = await File.ReadAllBytesAsync(path, cancellationToken);
            if (ArtifactStore.Digest(bytes) == sha256)
            {
                return load(bytes);
            }
        }

        return null;
    }

    private static EventSpan? Range(ParseResult parsed) => (parsed.GetValue(s_first), parsed.GetValue(s_n)) switch
    {
        ({ } first, { } n) => new EventSpan(EventCount.Parse(first, "first", 0), EventCount.Parse(n, "n", 1)),
        (null, null) => null,
        _ => throw new RequestException(
            RequestFault.BadValue, "Of --first and --n only one is given, expected both, or none for all events of the receipt."),
    };
}
