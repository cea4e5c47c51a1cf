using System.Text.RegularExpressions;

using EventService.Generation.Receipts;
using EventService.Generation.Requests;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.Sampling;
using EventService.Registry;
using EventService.Registry.Databases;
using EventService.Registry.Serving;
using EventService.Registry.Tables;
using EventService.Server.Callers;
using EventService.Server.Events;
using EventService.Server.Keys;
using EventService.Server.Problems;
using EventService.Server.Settings;
using EventService.Server.Workers;

using Microsoft.AspNetCore.Http.Features;
using Microsoft.EntityFrameworkCore;

namespace EventService.Server.Receipts;

/// <summary>POST /receipts/verify: the events of a receipt, made again and compared with a file or its digest.</summary>
internal sealed partial class VerifyReceipt(IDbContextFactory<RegistryContext> contexts, GeneratorCache generators, WorkerPool pool, ServerSettings settings)
{
    public static IReadOnlyList<RequestParameter> Parameters { get; } =
    [
        new("first", "With n: check this part of the receipt's events; the file, or its digest, is then that of this part alone, such as a part of a job."),
        new("n", "Number of events of that part."),
        new("bodySha256", "sha256 of the file, where that is not sent."),
    ];

    public async Task<IResult> RunAsync(HttpContext context)
    {
        var aborted = context.RequestAborted;
        var request = context.Request;
        if (request.ContentType?.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase) == true)
        {
            throw new ProblemException(StatusCodes.Status415UnsupportedMediaType, "The body is a form, expected the bytes of the file: curl --data-binary @events.npy -H \"EventService-Receipt: $(cat receipt.json)\", not -F.");
        }

        var parameters = RequestParameters.FromQuery(request);
        RequestParameter.RequireKnown(parameters.Keys, Parameters, []);
        var range = Range(parameters);
        var digest = parameters.TryGetValue("bodySha256", out var given) ? Sha256().IsMatch(given) ? given.ToLowerInvariant()
            : throw new RequestException(RequestFault.BadValue, $"bodySha256 is '{given}', expected 64 hexadecimal digits, as sha256sum writes them.") : null;

        var header = request.Headers[ReceiptHeaders.Receipt].ToString();
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = header.Length > 0 ? settings.DensityBodyBytes : settings.JsonBodyBytes;
        }

        var receipt = Receipt.FromJson(header.Length > 0 ? header : await new StreamReader(request.Body).ReadToEndAsync(aborted));
        var file = header.Length > 0 && await HasBodyAsync(request, aborted) ? request.Body : null;
        var verdict = await VerifyAsync(receipt, range, file, digest, context.Caller(), aborted);
        if (file is not null)
        {
            // A client that is still sending would not hear the answer.
            await file.CopyToAsync(Stream.Null, aborted);
        }

        return Results.Ok(verdict);
    }

    private async Task<ReceiptVerification> VerifyAsync(Receipt receipt, EventSpan? range, Stream? file, string? digest, Caller caller, CancellationToken cancellationToken)
    {
        if (receipt.Numerics != NumericsProfile.CpuFp32V2)
        {
            return ReceiptCheck.Impossible($"Numerics profile '{receipt.Numerics}' is not available here. Available: '{NumericsProfile.CpuFp32V2}'.");
        }

        if (await FindAsync(receipt.Sha256, cancellationToken) is not { } version)
        {
            return ReceiptCheck.Impossible($"No model with the sha256 {receipt.Sha256} is registered here (the receipt calls it '{receipt.Model}', version {receipt.Version}). Ask the server that gave the receipt, or publish the file here.");
        }

        var generator = await generators.GetAsync(version, cancellationToken);
        var check = new ReceiptCheck(receipt, generator, version.Number, range, file is not null, digest);
        if (check.Request is not { } request)
        {
            return check.Conclude(replay: null);
        }

        if (request.Count > settings.EventsPerRequest)
        {
            throw new RequestException(RequestFault.BadValue, $"The receipt is of {request.Count} events, expected at most {settings.EventsPerRequest} a request. Check a part of them with 'first' and 'n'.");
        }

        using var workers = pool.Admit(new AdmissionRequest(caller, generator, request.Count));
        return check.Conclude(await workers.UntilStoppedAsync(
            token => EventReplay.RunAsync(workers, generator, request, file, progress: null, token),
            "The server is shutting down and cannot finish this check. Ask another.",
            cancellationToken));
    }

    /// <summary>The version with this digest, whatever its name; a retired one too.</summary>
    private async Task<ModelVersion?> FindAsync(string sha256, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Versions.AsNoTracking().Include(v => v.Model).Where(v => v.Sha256 == sha256).OrderBy(v => v.Id).FirstOrDefaultAsync(cancellationToken);
    }

    private static EventSpan? Range(Dictionary<string, string> parameters)
    {
        var (hasFirst, hasN) = (parameters.TryGetValue("first", out var first), parameters.TryGetValue("n", out var n));
        return hasFirst == hasN
            ? hasFirst ? new EventSpan(EventCount.Parse(first!, "first", 0), EventCount.Parse(n!, "n", 1)) : null
            : throw new RequestException(RequestFault.BadValue, "Of first and n only one is given, expected both, or none for all events of the receipt.");
    }

    private static async Task<bool> HasBodyAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var first = await request.BodyReader.ReadAsync(cancellationToken);
        request.BodyReader.AdvanceTo(first.Buffer.Start);
        return !first.Buffer.IsEmpty;
    }

    [GeneratedRegex("^[0-9a-fA-F]{64}$")]
    private static partial Regex Sha256();
}
