using System.Diagnostics;

using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Registry.Files;
using EventService.Registry.Tables;
using EventService.Registry.Versions;

using Microsoft.Extensions.Logging;

namespace EventService.Registry.Serving;

/// <summary>
/// Loaded models by digest, as many as fit into the memory given to them; those not used for longest go first. Each is loaded, and tested
/// by its golden sample, once however many requests ask for it at the same time.
/// </summary>
/// <param name="registry">Has the files.</param>
/// <param name="load">Makes models of them.</param>
/// <param name="golden">Tests them.</param>
/// <param name="logger">Told of models that come and go.</param>
/// <param name="budgetBytes">Memory for all models; one alone may not take more.</param>
public sealed class GeneratorCache(ModelRegistry registry, ModelLoader load, GoldenSamples golden, ILogger<GeneratorCache> logger, long budgetBytes = GeneratorCache.DefaultBudgetBytes)
{
    public const long DefaultBudgetBytes = 4L << 30;

    // Tensors as the sampler lays them out, the buffers of the workers, and the file's bytes while it is read.
    private const long BytesPerFileByte = 3;

    private readonly Lock _lock = new();
    private readonly LinkedList<Entry> _recent = [];
    private long _hits;
    private long _loads;
    private long _evictions;

    /// <summary>The loaded model of this version. A cancelled caller leaves the loading to the others that wait for it.</summary>
    /// <exception cref="RegistryException">The bytes are damaged, or give other events than they gave before.</exception>
    /// <exception cref="ModelFormatException">No architecture can read them, or they are too large for the memory there is.</exception>
    public Task<EventGenerator> GetAsync(ModelVersion version, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(version);
        var bytes = BytesPerFileByte * version.SizeBytes;
        if (bytes > budgetBytes)
        {
            throw new ModelFormatException($"Model '{version.Model.Name}' takes about {bytes >> 20} MiB of memory, and models may take {budgetBytes >> 20} MiB here. Raise ModelMemoryBytes, or ask another server.");
        }

        lock (_lock)
        {
            var node = _recent.First;
            while (node is not null && node.Value.Sha256 != version.Sha256)
            {
                node = node.Next;
            }

            if (node is not null)
            {
                _recent.Remove(node);
            }

            if (node is null || node.Value.Generator.IsFaulted)
            {
                _loads++;
                node = new LinkedListNode<Entry>(new Entry(version.Model.Name, version.Sha256, bytes, Task.Run(() => LoadAsync(version), CancellationToken.None)));
            }
            else
            {
                _hits++;
            }

            _recent.AddFirst(node);
            while (_recent.Sum(e => e.Bytes) > budgetBytes)
            {
                // Requests that use it keep it alive until they end.
                var last = _recent.Last!.Value;
                _recent.RemoveLast();
                _evictions++;
                RegistryLog.ModelEvicted(logger, last.Model, last.Sha256, budgetBytes);
            }

            return node.Value.Generator.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Models that are loaded, and how the cache has done since the start.</summary>
    public GeneratorCacheState State
    {
        get
        {
            lock (_lock)
            {
                return new GeneratorCacheState(_recent.Count(e => e.Generator.IsCompletedSuccessfully), _recent.Sum(e => e.Bytes), _hits, _loads, _evictions);
            }
        }
    }

    /// <summary>Number of models that are loaded.</summary>
    public int Loaded => State.Models;

    /// <summary>Whether a version of this model is loaded.</summary>
    public bool Serves(string model)
    {
        lock (_lock)
        {
            return _recent.Any(e => e.Model == model);
        }
    }

    private async Task<EventGenerator> LoadAsync(ModelVersion version)
    {
        var start = Stopwatch.GetTimestamp();
        var generator = load(await registry.ReadAsync(version));
        await golden.CheckAsync(generator);
        RegistryLog.ModelLoaded(logger, version.Model.Name, version.Number, version.Sha256, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        return generator;
    }

    private sealed record Entry(string Model, string Sha256, long Bytes, Task<EventGenerator> Generator);
}

/// <param name="Models">Number of models in memory.</param>
/// <param name="Bytes">About what they take.</param>
/// <param name="Hits">Requests whose model was there.</param>
/// <param name="Loads">Requests whose model had to be loaded.</param>
/// <param name="Evictions">Models that gave way to others.</param>
public sealed record GeneratorCacheState(int Models, long Bytes, long Hits, long Loads, long Evictions);
