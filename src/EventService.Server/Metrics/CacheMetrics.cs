using System.Diagnostics.Metrics;

using EventService.Registry.Serving;

namespace EventService.Server.Metrics;

/// <summary>Loaded models: how many, how much memory, and how often one was there.</summary>
internal sealed class CacheMetrics(IMeterFactory meters, GeneratorCache cache) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        var meter = meters.Create(ServiceMeter.Name);
        meter.CreateObservableGauge("eventservice.models.loaded", () => cache.State.Models, "{model}", "Models in memory.");
        meter.CreateObservableGauge("eventservice.models.memory", () => cache.State.Bytes, "By", "About what they take.");
        meter.CreateObservableCounter("eventservice.models.hits", () => cache.State.Hits, "{request}", "Requests whose model was in memory.");
        meter.CreateObservableCounter("eventservice.models.loads", () => cache.State.Loads, "{request}", "Requests whose model had to be loaded.");
        meter.CreateObservableCounter("eventservice.models.evictions", () => cache.State.Evictions, "{model}", "Models that gave way to others.");
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
