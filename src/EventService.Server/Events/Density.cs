using EventService.Generation.Pipeline;
using EventService.Generation.Requests;
using EventService.Models.Documents;
using EventService.Physics.Formats;
using EventService.Server.Callers;
using EventService.Server.Keys;
using EventService.Server.Problems;
using EventService.Server.Settings;

using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;

namespace EventService.Server.Events;

/// <summary>POST /density: the log-density of each event in the body, in the order of the body.</summary>
/// <remarks>
/// The answer is spooled (to disk beyond <see cref="SpoolMemoryBytes"/>) and sent once the body has been read: clients
/// that send everything before they read anything do not block, and an error in the last line is still a proper problem.
/// </remarks>
internal sealed class Density(DensityEvents densities, ServerSettings settings)
{
    private const int SpoolMemoryBytes = 1 << 20;

    /// <summary>About what an event takes in any format: tells a body of a few events from a stream.</summary>
    private const int BytesPerEvent = 300;

    public static IReadOnlyList<RequestParameter> Parameters { get; } =
    [
        .. ModelSelection.Parameters,
        new("input", "Format of the body; if not given, Content-Type decides, and where that says nothing, the first bytes.", Values: EventFormats.Names),
        new("format", $"Format of the answer; if not given, Accept decides, and */* means {DensityFormat.Jsonl.Name}.", Values: [.. DensityFormat.All.Select(f => f.Name)]),
        new("numerics", "Arithmetic that the bits are pinned to.", Values: [NumericsProfile.CpuFp32V2]),
    ];

    public async Task RunAsync(HttpContext context)
    {
        var aborted = context.RequestAborted;
        var parameters = RequestParameters.FromQuery(context.Request);
        var format = parameters.TryGetValue("format", out var name)
            ? DensityFormat.Parse(name)
            : AcceptedFormat.Choose(context.Request.Headers.Accept, DensityFormat.All, f => f.MediaType);

        using var run = await densities.OpenAsync(parameters, Parameters, context.Caller(), context.Request.ContentLength / BytesPerEvent, aborted);
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = settings.DensityBodyBytes;
        }

        using var events = await EventInput.OpenAsync(context.Request, parameters.GetValueOrDefault("input"), run.Conditions.Schema, aborted);
        await using var spool = new FileBufferingWriteStream(SpoolMemoryBytes, bufferLimit: null, () => settings.DataFolder);
        var count = await run.Workers.UntilStoppedAsync(
            token => DensityPipeline.RunAsync(run.Workers, run.Likelihood, run.Conditions, events, format, spool, progress: null, token),
            DensityRun.Stopped,
            aborted);
        if (count == 0)
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, "The body holds no event. With curl, send a file by --data-binary @events.csv.");
        }

        var header = format.Header(count);
        var response = context.Response;
        response.ContentType = format.MediaType;
        response.ContentLength = header.Length + spool.Length;
        response.Headers[ReceiptHeaders.Model] = run.Generator.Document.Name;
        response.Headers[ReceiptHeaders.ModelVersion] = $"{run.Version.Number}";
        response.Headers[ReceiptHeaders.ModelSha256] = run.Generator.Sha256;
        await response.BodyWriter.WriteAsync(header, aborted);
        await spool.DrainBufferAsync(response.Body, aborted);
    }
}
