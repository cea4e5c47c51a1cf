using System.Globalization;

using EventService.Generation.Requests;
using EventService.Models.Sampling;
using EventService.Physics.Formats;
using EventService.Server.Callers;
using EventService.Server.Keys;
using EventService.Server.Logging;
using EventService.Server.Problems;
using EventService.Server.Settings;

namespace EventService.Server.Events;

/// <summary>POST /generate: events of a model, streamed as they are made.</summary>
internal sealed class Generate(GenerateEvents events, ServerSettings settings, TimeProvider time)
{
    /// <summary>Bytes handed to the connection at a time: its buffers stay small whatever the size of a chunk.</summary>
    private const int WriteBytes = 1 << 17;

    public async Task RunAsync(HttpContext context)
    {
        var aborted = context.RequestAborted;
        var parameters = await RequestParameters.ReadAsync(context.Request, settings.JsonBodyBytes, aborted);
        var defaultFormat = parameters.ContainsKey("format") ? "" : AcceptedFormat.Choose(context.Request.Headers.Accept, EventMediaType.All, f => f.MediaType).Format;
        using var run = await events.OpenAsync(parameters, defaultFormat, context.Caller(), aborted);
        SetHeaders(context.Response, run.Receipt, run.Request.CreateWriter(run.Generator));
        RequestOutcome.Of(context).Follow(run.Progress);
        await run.WriteAsync((bytes, _, token) => WriteAsync(context.Response, bytes, token), aborted);
    }

    /// <summary>
    /// The receipt is complete before the first byte: all of it in one header, what is needed most in headers of their own.
    /// </summary>
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

    /// <summary>
    /// Each piece waits until the connection has taken the one before. A client that takes nothing for too long holds the place of another.
    /// </summary>
    /// <exception cref="ProblemException">It has.</exception>
    private async ValueTask WriteAsync(HttpResponse response, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        for (; bytes.Length > 0; bytes = bytes[Math.Min(WriteBytes, bytes.Length)..])
        {
            var write = response.BodyWriter.WriteAsync(bytes[..Math.Min(WriteBytes, bytes.Length)], cancellationToken);
            if (!write.IsCompletedSuccessfully)
            {
                try
                {
                    await write.AsTask().WaitAsync(TimeSpan.FromSeconds(settings.StallSeconds), time, cancellationToken);
                }
                catch (TimeoutException)
                {
                    throw new ProblemException(
                        StatusCodes.Status408RequestTimeout, $"The client has taken nothing for {settings.StallSeconds} s.");
                }
            }
        }
    }

    /// <summary>ttbar-42-0-1000.npy: process, seed, first and n; characters that file systems dislike become a dash.</summary>
    private static string FileName(Receipt receipt, string extension)
    {
        var process = string.Concat(receipt.Process.Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' ? c : '-'));
        return string.Create(CultureInfo.InvariantCulture, $"{process}-{receipt.Seed}-{receipt.First}-{receipt.N}{extension}");
    }
}
