using System.Diagnostics;

using EventService.Generation;
using EventService.Registry.Tables;

using Microsoft.Extensions.Logging;

namespace EventService.Registry;

/// <summary>Turns the bytes of a model file into a model; <c>EventGenerator.Load</c> outside tests.</summary>
public delegate EventGenerator ModelLoader(ReadOnlyMemory<byte> file);

/// <summary>Loaded models by digest, the ones used last. Each is loaded once however many requests ask for it at the same time.</summary>
public sealed class GeneratorCache(ModelRegistry registry, ModelLoader load, ILogger<GeneratorCache> logger, int capacity = 8)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Entry> _recent = [];

    /// <summary>The loaded model of this version. A cancelled caller leaves the loading to the others that wait for it.</summary>
    /// <exception cref="RegistryException">The bytes are damaged.</exception>
    /// <exception cref="ModelFormatException">No architecture can read them.</exception>
    public Task<EventGenerator> GetAsync(ModelVersion version, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(version);
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
                node = new LinkedListNode<Entry>(new Entry(version.Model.Name, version.Sha256, Task.Run(() => LoadAsync(version), CancellationToken.None)));
            }

            _recent.AddFirst(node);
            if (_recent.Count > capacity)
            {
                // Requests that use it keep it alive until they end.
                _recent.RemoveLast();
            }

            return node.Value.Generator.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Number of models that are loaded.</summary>
    public int Loaded
    {
        get
        {
            lock (_lock)
            {
                return _recent.Count(e => e.Generator.IsCompletedSuccessfully);
            }
        }
    }

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
        RegistryLog.ModelLoaded(logger, version.Model.Name, version.Number, version.Sha256, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        return generator;
    }

    private sealed record Entry(string Model, string Sha256, Task<EventGenerator> Generator);
}
