using EventService.Registry.Databases;
using EventService.Registry.Tables;

namespace EventService.Registry.Versions;

/// <summary>
/// Remembers which version a request means until the registry changes, as this server's own changes and
/// <see cref="RegistryWatch"/> report. While the database is away, what was asked before is still answered.
/// </summary>
public sealed class VersionLookup
{
    /// <summary>Far more than there are names; a client cannot fill the memory.</summary>
    private const int Capacity = 4096;

    private readonly ModelRegistry _registry;
    private readonly Lock _lock = new();
    private readonly Dictionary<ModelQuery, (ModelVersion Version, long Changes)> _known = [];
    private long _changes;

    public VersionLookup(ModelRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        _registry = registry;
        registry.Changed += Clear;
    }

    /// <inheritdoc cref="ModelRegistry.FindAsync"/>
    public async Task<ModelVersion> FindAsync(ModelQuery query, CancellationToken cancellationToken = default)
    {
        long changes;
        (ModelVersion Version, long Changes) known;
        lock (_lock)
        {
            if (_known.TryGetValue(query, out known) && known.Changes == _changes)
            {
                return known.Version;
            }

            changes = _changes;
        }

        ModelVersion version;
        try
        {
            version = await _registry.FindAsync(query, cancellationToken);
        }
        catch (Exception e) when (known.Version is not null && DatabaseFailure.Is(e))
        {
            // The registry has changed and went away before it could be asked again.
            return known.Version;
        }

        lock (_lock)
        {
            // An answer that a change has overtaken is asked for again next time, and serves if the database is away by then.
            if (!_known.TryGetValue(query, out var other) || other.Changes <= changes)
            {
                if (_known.Count == Capacity)
                {
                    _known.Clear();
                }

                _known[query] = (version, changes);
            }
        }

        return version;
    }

    /// <summary>The registry has changed.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _changes++;
        }
    }
}
