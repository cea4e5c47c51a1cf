using System.Globalization;

using EventService.Generation;
using EventService.Generation.Pipeline;
using EventService.Generation.Requests;
using EventService.Physics.Formats;
using EventService.Registry;
using EventService.Server.Problems;

namespace EventService.Server.Events;

/// <summary>POST /generate: events of a model, streamed as they are made.</summary>
internal sealed class Generate(VersionLookup versions, GeneratorCache generators, WorkerPool pool, RequestGate gate, ServerSettings settings, ILogger<Generate> logger)
{
    /// <summary>Bytes handed to the connection at a time: its buffers stay small whatever the size of a chunk.</summary>
    private const int WriteBytes = 1 << 17;

    public static IReadOnlyList<RequestParameter> Parameters { get; } =
    [
        .. ModelSelection.Parameters,
        .. GenerateRequest.Parameters,
    ];

    public async Task RunAsync(HttpContext context)
    {
        var aborted = context.RequestAborted;
        using var pass = gate.Enter();
        var parameters = await RequestParameters.ReadAsync(context.Request, settings.JsonBodyBytes, aborted);
        var (version, generator) = await ModelSelection.FindAsync(parameters, versions, generators, aborted);
        RequestParameter.RequireKnown(parameters.Keys, Parameters, generator.Document.Conditions);
        var defaultFormat = parameters.ContainsKey("format") ? "" : AcceptedFormat.Choose(context.Request.Headers.Accept, EventMediaType.All, f => f.MediaType).Format;
        var request = GenerateRequest.Parse(parameters, generator, defaultFormat);
        if (request.Count > settings.EventsPerRequest)
        {
            throw new RequestException(RequestFault.BadValue, $"n is {request.Count}, expected at most {settings.EventsPerRequest} a request. Ask for the rest with 'first'.");
        }

        var receipt = request.ReceiptFor(generator, version.Number);
        SetHeaders(context.Response, receipt, request.CreateWriter(generator));
        try
        {
            await GeneratePipeline.RunAsync(pool, generator, request, (bytes, _, token) => WriteAsync(context.Response, bytes, token), aborted);
        }
        catch (Exception e) when (context.Response.HasStarted)
        {
            // The status is out: all that is left is that the client sees the stream break before its end.
            if (!aborted.IsCancellationRequested)
            {
                EventsLog.StreamBroken(logger, receipt.Model, receipt.Seed, context.TraceIdentifier, e);
            }

            context.Abort();
        }
    }

    /// <summary>The receipt is complete before the first byte: all of it in one header, what is needed most in headers of their own.</summary>
    private static void SetHeaders(HttpResponse response, Receipt receipt, IEventWriter writer)
    {
        response.ContentType = writer.ContentType;
        response.ContentLength = receipt.Cut is null ? writer.ContentLength(receipt.N) : null;
        response.Headers.ContentDisposition = $"attachment; filename=\"{FileName(receipt, writer.FileExtension)}\"";
        response.Headers.CacheControl = "no-store";
        response.Headers[ReceiptHeaders.Receipt] = receipt.ToJson();
        response.Headers[ReceiptHeaders.Seed] = receipt.Seed;
        response.Headers[ReceiptHeaders.Model] = receipt.Model;
        response.Headers[ReceiptHeaders.ModelVersion] = receipt.Version?.ToString(CultureInfo.InvariantCulture);
        response.Headers[ReceiptHeaders.ModelSha256] = receipt.Sha256;
    }

    private static async ValueTask WriteAsync(HttpResponse response, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        for (; bytes.Length > 0; bytes = bytes[Math.Min(WriteBytes, bytes.Length)..])
        {
            await response.BodyWriter.WriteAsync(bytes[..Math.Min(WriteBytes, bytes.Length)], cancellationToken);
        }
    }

    /// <summary>ttbar-42-0-1000.npy: process, seed, first and n; characters that file systems dislike become a dash.</summary>
    private static string FileName(Receipt receipt, string extension)
    {
        var process = string.Concat(receipt.Process.Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' ? c : '-'));
        return string.Create(CultureInfo.InvariantCulture, $"{process}-{receipt.Seed}-{receipt.First}-{receipt.N}{extension}");
    }
}
