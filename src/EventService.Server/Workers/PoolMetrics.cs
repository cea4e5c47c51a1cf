using System.Diagnostics.Metrics;

using EventService.Server.Metrics;

namespace EventService.Server.Workers;

/// <summary>What the pool does, as numbers: see docs/operations.md for their meaning.</summary>
internal sealed class PoolMetrics
{
    private readonly Meter _meter;
    private readonly Counter<long> _events;
    private readonly Counter<double> _seconds;
    private readonly Histogram<double> _chunk;
    private readonly Histogram<int> _batchEvents;
    private readonly Histogram<int> _batchRequests;
    private readonly Counter<long> _refused;

    public PoolMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(ServiceMeter.Name);
        _events = _meter.CreateCounter<long>("eventservice.events", "{event}", "Events generated or evaluated.");
        _seconds = _meter.CreateCounter<double>("eventservice.worker.time", "s", "Time that workers were busy.");
        _chunk = _meter.CreateHistogram("eventservice.chunk.duration", "s", "Time of one batch on a worker.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1] });
        _batchEvents = _meter.CreateHistogram("eventservice.batch.events", "{event}", "Events that were generated together.",
            advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024] });
        _batchRequests = _meter.CreateHistogram("eventservice.batch.requests", "{request}", "Requests whose events were generated together.",
            advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64] });
        _refused = _meter.CreateCounter<long>("eventservice.requests.refused", "{request}", "Requests that were not let in: full, draining, quota.");
    }

    /// <summary>Numbers that are read when somebody asks for them.</summary>
    public void Observe(Func<IEnumerable<(RequestClass Class, int Requests)>> inside, Func<int> waiting)
    {
        _meter.CreateObservableGauge("eventservice.requests.inside",
            () => inside().Select(p => new Measurement<int>(p.Requests, new KeyValuePair<string, object?>("class", NameOf(p.Class)))), "{request}", "Requests that have been let in and have not ended.");
        _meter.CreateObservableGauge("eventservice.queue.chunks", waiting, "{chunk}", "Chunks that wait for a worker.");
    }

    public void Refused(string reason) => _refused.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Ran(List<QueuedChunk> batch, int events, double seconds)
    {
        var model = new KeyValuePair<string, object?>("model", batch[0].Request.Asked.Generator.Document.Name);
        _chunk.Record(seconds, model);
        _batchEvents.Record(events, model);
        _batchRequests.Record(batch.Count, model);
        _seconds.Add(seconds, model);
        foreach (var chunk in batch)
        {
            _events.Add(
                chunk.Chunk.Events,
                model,
                new KeyValuePair<string, object?>("class", NameOf(chunk.Request.Class)),
                new KeyValuePair<string, object?>("key", chunk.Request.Asked.Caller.Account is null ? "none" : "given"));
        }
    }

    private static string NameOf(RequestClass requestClass) => requestClass switch
    {
        RequestClass.Small => "small",
        RequestClass.Bulk => "bulk",
        _ => "job",
    };
}
