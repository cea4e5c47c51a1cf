using EventService.Engine.Random;
using EventService.Models.Contracts;
using EventService.Models.Flows.Continuous;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Models.Flows;

/// <summary>
/// A flow between data distributions whose source is a sample of events: each event starts from one drawn at random, with replacement, and is carried to where the condition says.
/// There are as many different events as the sample has under one condition, and no density.
/// </summary>
/// <remarks>Event i starts from row number NextBelow(rows) of the stream (key, i); where the result does not fit float32, of the next attempt.</remarks>
public sealed class TransportedSample : IGenerativeModel
{
    /// <summary>Name in model files.</summary>
    public const string ArchitectureName = "transported-sample";

    private readonly ConditionalFlow _flow;
    private readonly float[] _sample;
    private readonly byte[] _digest;
    private readonly uint _rows;

    /// <param name="flow">With a <see cref="ContinuousLayer"/> between data as its only layer.</param>
    /// <param name="sample">The events at the layer's origin in the flow's numbers: [rows, D], row after row.</param>
    /// <param name="digest">sha256 of the model file: part of the key of the random numbers.</param>
    /// <exception cref="ArgumentException">The sample is empty or no whole number of rows, or the flow has other layers.</exception>
    public TransportedSample(ConditionalFlow flow, float[] sample, ReadOnlyMemory<byte> digest)
    {
        ArgumentNullException.ThrowIfNull(flow);
        ArgumentNullException.ThrowIfNull(sample);
        var features = flow.Schema.Scalars.Count;
        if (sample.Length == 0 || sample.Length % features != 0 || flow.Layers is not [ContinuousLayer { Anchors: not null }])
        {
            throw new ArgumentException($"The source has {sample.Length} numbers and the flow {flow.Layers.Count} layers, expected rows of {features} numbers and one layer, continuous between anchors.", nameof(sample));
        }

        (_flow, _sample, _digest, _rows) = (flow, sample, digest.ToArray(), (uint)(sample.Length / features));
    }

    public SampleSchema Schema => _flow.Schema;

    public int PreferredChunk => _flow.PreferredChunk;

    public int Tile => _flow.Tile;

    public void Generate(ReadOnlySpan<EventRange> ranges, EventBlock block, Span<double> logDensity)
    {
        ArgumentNullException.ThrowIfNull(block);
        var count = ranges.Count();
        block.Resize(count);
        var (keys, conditions) = (new ulong[count], new IReadOnlyList<double>[count]);
        var (row, apart) = (0, false);
        foreach (ref readonly var range in ranges)
        {
            var key = EventStreamKey.Of(_digest, range.Stream);
            for (var k = 0; k < range.Count; k++, row++)
            {
                (block.EventNumber[row], keys[row], conditions[row]) = (range.First + k, key, range.Stream.Condition);
            }

            apart |= !range.Stream.Condition.SequenceEqual(ranges[0].Stream.Condition);
        }

        if (!apart || _flow.MixesConditions)
        {
            Draw(0, count, keys, conditions, apart, block);
            return;
        }

        row = 0;
        foreach (ref readonly var range in ranges)
        {
            Draw(row, range.Count, keys, conditions, apart: false, block);
            row += range.Count;
        }
    }

    /// <summary>Draws the events of some rows of the block.</summary>
    private void Draw(int first, int count, ulong[] keys, IReadOnlyList<double>[] conditions, bool apart, EventBlock block)
    {
        int[] pending = [.. Enumerable.Range(first, count)];
        for (uint attempt = 0; pending.Length > 0; attempt++)
        {
            if (attempt == LayeredFlow.MaximumAttempts)
            {
                throw new AttemptsExhaustedException($"Event {block.EventNumber[pending[0]]} had a column beyond the range of float32 {attempt} times. The flow or the maps of its columns do not describe events; report it with the receipt.");
            }

            pending = Draw(attempt, pending, keys, conditions, apart, block);
        }
    }

    /// <summary>Draws the events of these rows of the block, under conditions of their own or all under the same, and gives those that have to be drawn again.</summary>
    private int[] Draw(uint attempt, int[] rows, ulong[] keys, IReadOnlyList<double>[] conditions, bool apart, EventBlock block)
    {
        var features = Schema.Scalars.Count;
        var (draws, events) = (new float[rows.Length * features], new float[rows.Length * features]);
        for (var k = 0; k < rows.Length; k++)
        {
            var from = (int)new PhiloxStream(keys[rows[k]], (ulong)block.EventNumber[rows[k]], attempt).NextBelow(_rows);
            _sample.AsSpan(from * features, features).CopyTo(draws.AsSpan(k * features));
        }

        if (apart)
        {
            _flow.FromBase(draws, [.. rows.Select(r => conditions[r])], events);
        }
        else
        {
            _flow.At(conditions[rows[0]]).FromBase(draws, events);
        }

        List<int> again = [];
        for (var k = 0; k < rows.Length; k++)
        {
            var finite = true;
            for (var f = 0; f < features; f++)
            {
                var value = events[(k * features) + f];
                block.Scalars[f][rows[k]] = value;
                finite &= float.IsFinite(value);
            }

            if (!finite)
            {
                again.Add(rows[k]);
            }
        }

        return [.. again];
    }
}
