using EventService.Models.Contracts;
using EventService.Physics.Events;

namespace EventService.Generation.Pipeline;

/// <summary>Buffers of a worker, used by one chunk after the other.</summary>
public sealed class ChunkScratch
{
    private EventBlock? _block;
    private EventBlock? _part;
    private EventBlock? _completed;
    private double[] _logDensity = [];
    private EventDensity[] _densities = [];

    /// <summary>A block for the events of a model.</summary>
    public EventBlock Block(SampleSchema schema) => Fitting(ref _block, schema);

    /// <summary>A second block, for a part of the events of the first.</summary>
    public EventBlock Part(SampleSchema schema) => Fitting(ref _part, schema);

    /// <summary>A third block, for events with more columns than the model's.</summary>
    public EventBlock Completed(SampleSchema schema) => Fitting(ref _completed, schema);

    /// <summary>Room for one number an event.</summary>
    public Span<double> LogDensity(int events)
    {
        if (_logDensity.Length < events)
        {
            _logDensity = new double[events];
        }

        return _logDensity.AsSpan(0, events);
    }

    /// <summary>Room for one density an event.</summary>
    public Span<EventDensity> Densities(int events)
    {
        if (_densities.Length < events)
        {
            _densities = new EventDensity[events];
        }

        return _densities.AsSpan(0, events);
    }

    private static EventBlock Fitting(ref EventBlock? block, SampleSchema schema)
    {
        if (block is null || !ReferenceEquals(block.Schema, schema))
        {
            block = new EventBlock(schema);
        }

        return block;
    }
}
