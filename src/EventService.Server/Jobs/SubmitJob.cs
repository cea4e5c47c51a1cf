using System.Text.RegularExpressions;

using EventService.Generation.Requests;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Physics.Formats;
using EventService.Registry;
using EventService.Registry.Jobs;
using EventService.Registry.Serving;
using EventService.Registry.Versions;
using EventService.Server.Callers;
using EventService.Server.Events;
using EventService.Server.Keys;
using EventService.Server.Settings;

namespace EventService.Server.Jobs;

/// <summary>
/// Asking for a job: the request is checked as /generate checks it, and the version of the model and the seed are settled.
/// </summary>
internal sealed partial class SubmitJob(VersionLookup versions, GeneratorCache generators, JobStore jobs, ServerSettings settings)
{
    private const string EventsPerPart = "eventsPerPart";
    private const string RequestId = "requestId";

    /// <summary>More would make the manifest and the folder unwieldy.</summary>
    private const int LargestParts = 100_000;

    public static IReadOnlyList<RequestParameter> Parameters { get; } =
    [
        .. GenerateEvents.Parameters,
        new(EventsPerPart, "Events of each file; the last has the rest. The server's setting if not given."),
        new(RequestId, "A name of your own for this request (or the header Idempotency-Key): sent again with the same name, it is the same job."),
    ];

    /// <param name="parameters">As texts, under the names of <see cref="Parameters"/> and of the model's conditions.</param>
    /// <param name="idempotencyKey">The header of that name; null if there is none.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="cancellationToken">Ends it before the job is entered, or after.</param>
    /// <returns>The job, and whether it is new.</returns>
    /// <exception cref="RequestException">A parameter is wrong.</exception>
    /// <exception cref="RegistryException">No model fits, or the name of the request is taken by another.</exception>
    public async Task<(StoredJob Job, bool IsNew)> SubmitAsync(
        Dictionary<string, string> parameters, string? idempotencyKey, Caller caller, CancellationToken cancellationToken)
    {
        var (version, generator) = await ModelSelection.FindAsync(parameters, versions, generators, cancellationToken);
        RequestParameter.RequireKnown(parameters.Keys, Parameters, generator.Document.Conditions);
        var request = GenerateRequest.Parse(parameters, generator, JsonLinesWriter.FormatName);
        var extension = request.CreateWriter(generator).FileExtension; // says what the format cannot hold
        var perPart = Size(parameters.GetValueOrDefault(EventsPerPart), request.Count);
        var name = Name(parameters.GetValueOrDefault(RequestId), idempotencyKey);

        var asked = new SortedDictionary<string, string>(parameters, StringComparer.Ordinal) { ["format"] = request.Format };
        asked.Remove(RequestId);
        var job = new JobRequest(asked, perPart, extension, request.ReceiptFor(generator, version.Number));
        return await jobs.SubmitAsync(new NewJob(job, caller.Name, caller.KeyId, name), cancellationToken);
    }

    private long Size(string? given, long count)
    {
        if (count > settings.EventsPerJob)
        {
            throw new RequestException(RequestFault.BadValue, $"n is {count}, expected at most {settings.EventsPerJob} a job. Ask for the rest with 'first'.");
        }

        var least = ((count - 1) / LargestParts) + 1;
        if (given is null)
        {
            return Math.Max(settings.EventsPerPart, least);
        }

        var size = EventCount.Parse(given, EventsPerPart, 1);
        return size >= least
            ? size
            : throw new RequestException(RequestFault.BadValue, $"{EventsPerPart} is {size}, which makes more than {LargestParts} parts of {count} events. Expected at least {least}.");
    }

    private static string? Name(string? parameter, string? header)
    {
        if (parameter is not null && header is not null && parameter != header)
        {
            throw new RequestException(RequestFault.BadValue, $"{RequestId} is '{parameter}' and Idempotency-Key is '{header}', expected one value.");
        }

        var name = parameter ?? header;
        return name is null || RequestName().IsMatch(name)
            ? name
            : throw new RequestException(RequestFault.BadValue, $"{RequestId} is '{name}', expected 1 to 200 visible ASCII characters.");
    }

    [GeneratedRegex("^[!-~]{1,200}$")]
    private static partial Regex RequestName();
}
