using System.Diagnostics;

using EventService.Generation.Pipeline;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Physics.Formats;
using EventService.Registry;
using EventService.Registry.Serving;
using EventService.Registry.Versions;
using EventService.Server.Callers;
using EventService.Server.Keys;
using EventService.Server.Metrics;
using EventService.Server.Problems;
using EventService.Server.Settings;
using EventService.Server.Workers;

namespace EventService.Server.Events;

/// <summary>Generating events, whatever the transport: the parameters are checked, the model is found, the request is let in.</summary>
internal sealed class GenerateEvents(VersionLookup versions, GeneratorCache generators, WorkerPool pool, ServerSettings settings)
{
    public static IReadOnlyList<RequestParameter> Parameters { get; } =
    [
        .. ModelSelection.Parameters,
        .. GenerateRequest.Parameters,
    ];

    /// <param name="parameters">As texts, under the names of <see cref="Parameters"/> and of the model's conditions.</param>
    /// <param name="defaultFormat">The format where the parameters name none.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="cancellationToken">Ends the search for the model.</param>
    /// <exception cref="RequestException">A parameter is wrong.</exception>
    /// <exception cref="RegistryException">No model fits.</exception>
    /// <exception cref="ProblemException">The request is not let in now.</exception>
    public async Task<EventRun> OpenAsync(IReadOnlyDictionary<string, string> parameters, string defaultFormat, Caller caller, CancellationToken cancellationToken)
    {
        var (version, generator) = await ModelSelection.FindAsync(parameters, versions, generators, cancellationToken);
        RequestParameter.RequireKnown(parameters.Keys, Parameters, generator.Document.Conditions);
        var request = GenerateRequest.Parse(parameters, generator, defaultFormat);
        if (request.Count > settings.EventsPerRequest)
        {
            throw new RequestException(RequestFault.BadValue, $"n is {request.Count}, expected at most {settings.EventsPerRequest} a request. Ask for the rest with 'first'.");
        }

        return new EventRun(generator, request, request.ReceiptFor(generator, version.Number), pool.Admit(new AdmissionRequest(caller, generator, request.Count)));
    }
}

/// <summary>A request for events that has been let in, until it is disposed of.</summary>
internal sealed class EventRun(EventGenerator generator, GenerateRequest request, Receipt receipt, AdmittedRequest workers) : IDisposable
{
    private readonly Activity? _span = Span(receipt);
    private long _done;

    public EventGenerator Generator => generator;

    public GenerateRequest Request => request;

    public Receipt Receipt => receipt;

    /// <summary>How many events have been handed on, and of how many.</summary>
    public (long Done, long All) Progress() => (Volatile.Read(ref _done), request.Count);

    /// <summary>Generates the events in the request's format and hands their bytes on, in order.</summary>
    /// <param name="write">Takes the next bytes, and how many events have been generated up to here. The memory is used again after it
    /// returns.</param>
    /// <param name="cancellationToken">Ends the work within a chunk.</param>
    /// <exception cref="ProblemException">503: the server ends.</exception>
    public Task WriteAsync(Func<ReadOnlyMemory<byte>, long, CancellationToken, ValueTask> write, CancellationToken cancellationToken) =>
        WriteAsync(r => r.CreateWriter(generator), write, cancellationToken);

    /// <summary>As above, in a format of the transport's own: one call of <paramref name="write"/> for each block.</summary>
    public Task WriteAsync(
        Func<GenerateRequest, IEventWriter> createWriter,
        Func<ReadOnlyMemory<byte>, long, CancellationToken, ValueTask> write,
        CancellationToken cancellationToken)
    {
        return workers.UntilStoppedAsync(
            async token =>
            {
                await GeneratePipeline.RunAsync(workers, generator, request, createWriter, CountAsync, token);
                return request.Count;
            },
            "The server is shutting down and cannot finish this request. Ask another for the events that are missing, with 'first'.",
            cancellationToken);

        async ValueTask CountAsync(ReadOnlyMemory<byte> bytes, long events, CancellationToken token)
        {
            await write(bytes, events, token);
            Volatile.Write(ref _done, events);
        }
    }

    public void Dispose()
    {
        workers.Dispose();
        _span?.Dispose();
    }

    private static Activity? Span(Receipt receipt) =>
        ServiceMeter.Traces.StartActivity("generate")?
            .SetTag("eventservice.model", receipt.Model)
            .SetTag("eventservice.version", receipt.Version)
            .SetTag("eventservice.seed", receipt.Seed)
            .SetTag("eventservice.first", receipt.First)
            .SetTag("eventservice.n", receipt.N);
}
