using System.Collections.Concurrent;

using EventService.Engine.Random;
using EventService.Models.Columns;
using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Physics.Events;
using EventService.Physics.Kinds;

namespace EventService.Models.Tables;

/// <summary>
/// A model of events of D scalar columns. What families differ in is how latents are drawn and how they become columns; the loop around
/// that is written here once: keys, attempts, refinement, support, the inverse maps of the columns, and the memory of threads.
/// </summary>
/// <remarks>
/// Events are sampled in float32, tile by tile. An event is a function of (key, index): it is drawn from the stream (key, index), substream
/// the attempt; a refinement takes two further words behind those of the latents. An event too large for float32, outside the support, or
/// that the refinement does not keep, is redrawn.
/// </remarks>
public abstract class TableModel : IGenerativeModel
{
    /// <summary>Attempts for an event that float32 can hold, that is inside the support, and that the refinement keeps.</summary>
    public const uint MaximumAttempts = 256;

    private const int Stride = TableLanes.Sampling;

    private readonly ColumnPreprocessing[] _columns;
    private readonly byte[] _digest;
    private readonly int _latents;
    private readonly ConcurrentBag<TableWorkspace> _workspaces;

    /// <param name="schema">Scalar columns only, one for each feature.</param>
    /// <param name="columns">Their maps, from the observable to what the family models.</param>
    /// <param name="latents">Rows of a tile that latents take; columns take as many rows as there are columns, in the same place.</param>
    /// <param name="digest">sha256 of the model file: part of the key of the random numbers.</param>
    /// <exception cref="ArgumentException">The numbers of columns differ.</exception>
    protected TableModel(SampleSchema schema, IReadOnlyList<ColumnPreprocessing> columns, int latents, ReadOnlyMemory<byte> digest)
    {
        ArgumentNullException.ThrowIfNull(schema);
        ArgumentNullException.ThrowIfNull(columns);
        if (!EventKind.Table.Includes(schema) || schema.Scalars.Count != columns.Count)
        {
            throw new ArgumentException(
                $"The schema has {schema.Scalars.Count} scalar columns and {schema.Collections.Count} collections for {columns.Count} preprocessed columns, expected as many columns of both, no collection and no array.");
        }

        (Schema, _columns, _latents, _digest, _workspaces) = (schema, [.. columns], latents, digest.ToArray(), []);
    }

    /// <summary>A model that differs in its columns' maps and its support only, and shares the memory that threads work in.</summary>
    protected TableModel(TableModel other, IReadOnlyList<ColumnPreprocessing> columns, EventSupport? support)
    {
        ArgumentNullException.ThrowIfNull(other);
        (Schema, _columns, _latents, _digest, _workspaces) = (other.Schema, [.. columns], other._latents, other._digest, other._workspaces);
        Support = support;
    }

    public SampleSchema Schema { get; }

    /// <summary>The maps of the columns.</summary>
    public IReadOnlyList<ColumnPreprocessing> Columns => _columns;

    /// <summary>Which draws are kept; null where all are.</summary>
    public FlowRefinement? Refinement { get; init; }

    /// <summary>Where events can be; null for everywhere.</summary>
    public EventSupport? Support { get; init; }

    public virtual int PreferredChunk => 1024;

    public int Tile => TableLanes.Density;

    /// <summary>The same as an array, for loops over events.</summary>
    private protected ColumnPreprocessing[] Preprocessing => _columns;

    /// <summary>Number of columns, D.</summary>
    protected int Features => _columns.Length;

    public virtual void Generate(ReadOnlySpan<EventRange> ranges, EventBlock block, Span<double> logDensity) => Generate(ranges, [], block, logDensity);

    /// <summary>Draws the latents of one event.</summary>
    /// <param name="random">The event's stream; draws take as many words of it for every event.</param>
    /// <param name="z">[latents, lanes], rows <see cref="TableLanes.Sampling"/> apart.</param>
    /// <param name="lane">The event's place.</param>
    protected abstract void DrawLatents(ref PhiloxStream random, Span<float> z, int lane);

    /// <summary>
    /// Latents become columns, as they are before the inverse of their maps: in <see cref="TableWorkspace.Z"/>, rows
    /// <see cref="TableLanes.Sampling"/> apart.
    /// </summary>
    /// <param name="work">With the latents, and the conditions of the lanes where there are any.</param>
    /// <param name="lanes">Number of events; lanes beyond hold any numbers, and may be written.</param>
    protected abstract void ToColumns(TableWorkspace work, int lanes);

    /// <summary>Log-densities of the events in the block; a family without a density is never asked.</summary>
    protected virtual void FillLogDensity(TableWorkspace work, EventBlock block, Span<double> logDensity)
    {
        if (!logDensity.IsEmpty)
        {
            throw new ArgumentException("A log-density is asked of a model that has none.", nameof(logDensity));
        }
    }

    /// <summary>Memory for one thread. It is lost, not returned, where a call throws.</summary>
    protected TableWorkspace RentWorkspace() => _workspaces.TryTake(out var work) ? work : new TableWorkspace(Features, Math.Max(_latents, Features));

    protected void Return(TableWorkspace work) => _workspaces.Add(work);

    /// <summary>Generates events, each under the condition of its stream.</summary>
    /// <param name="ranges">Which events.</param>
    /// <param name="parameters">The parameters of the condition; empty for a model under no condition.</param>
    /// <param name="block">Receives the events.</param>
    /// <param name="logDensity">Empty, or receives their log-densities.</param>
    internal void Generate(ReadOnlySpan<EventRange> ranges, IReadOnlyList<ConditionParameter> parameters, EventBlock block, Span<double> logDensity)
    {
        ArgumentNullException.ThrowIfNull(block);
        var work = RentWorkspace();
        var count = ranges.Count();
        block.Resize(count);
        work.Keys.Clear();
        work.StartConditions(parameters, count);
        var (last, key) = (default(EventStream), 0UL);
        foreach (var (stream, first, events) in ranges)
        {
            // Several points take turns event by event, but few streams there are.
            if (stream.Condition != last.Condition || stream.Seed != last.Seed)
            {
                (last, key) = (stream, EventStreamKey.Of(_digest, stream));
            }

            for (var index = first; index < first + events; index++)
            {
                work.SetCondition(work.Keys.Count, stream.Condition);
                block.EventNumber[work.Keys.Count] = index;
                work.Keys.Add(key);
            }
        }

        for (var start = 0; start < count; start += Stride)
        {
            Draw(work, start, Math.Min(Stride, count - start), block);
        }

        FillLogDensity(work, block, logDensity);
        Return(work);
    }

    /// <summary>Columns before the inverse of their maps of the first attempt for each of some events, whether it is kept or not.</summary>
    /// <param name="key">Key of the stream.</param>
    /// <param name="indices">The events.</param>
    /// <param name="to">Receives [features, events], rows <paramref name="stride"/> apart.</param>
    /// <param name="stride">Distance of rows.</param>
    internal void DrawMapped(ulong key, ReadOnlySpan<long> indices, Span<float> to, int stride)
    {
        var work = RentWorkspace();
        work.StartConditions([], 0);
        for (var start = 0; start < indices.Length; start += Stride)
        {
            var lanes = Math.Min(Stride, indices.Length - start);
            for (var i = 0; i < lanes; i++)
            {
                var random = new PhiloxStream(key, (ulong)indices[start + i], 0);
                DrawLatents(ref random, work.Z, i);
            }

            ToColumns(work, lanes);
            for (var f = 0; f < Features; f++)
            {
                work.Z.AsSpan(f * Stride, lanes).CopyTo(to[((f * stride) + start)..]);
            }
        }

        Return(work);
    }

    /// <summary>Draws the columns of the events that rows start ... of the block are numbered for.</summary>
    private void Draw(TableWorkspace work, int start, int lanes, EventBlock block)
    {
        var pending = work.Pending;
        pending.Clear();
        for (var i = 0; i < lanes; i++)
        {
            pending.Add(start + i);
        }

        for (uint attempt = 0; pending.Count > 0; attempt++)
        {
            if (attempt == MaximumAttempts)
            {
                throw new AttemptsExhaustedException(
                    $"Event {block.EventNumber[pending[0]]} had a column beyond the range of float32{(Refinement is null && Support is null ? "" : ", or was not kept,")} "
                    + $"{MaximumAttempts} times. The model or the maps of its columns do not describe events; report it with the receipt.");
            }

            for (var i = 0; i < pending.Count; i++)
            {
                var random = new PhiloxStream(work.Keys[pending[i]], (ulong)block.EventNumber[pending[i]], attempt);
                DrawLatents(ref random, work.Z, i);
                work.Uniform[i] = Refinement is null ? 0 : random.NextDouble();
            }

            work.TakeConditions(pending);
            ToColumns(work, pending.Count);
            Refinement?.Acceptance(work.Z, pending.Count, work.Acceptance, work.Scratch);
            var kept = 0;
            for (var i = 0; i < pending.Count; i++)
            {
                if (!TryWrite(work, i, pending[i], block))
                {
                    pending[kept++] = pending[i];
                }
            }

            pending.RemoveRange(kept, pending.Count - kept);
        }
    }

    /// <summary>Writes the event of a lane into its row, and says whether it stays.</summary>
    private bool TryWrite(TableWorkspace work, int lane, int row, EventBlock block)
    {
        if (Refinement is not null && !(work.Uniform[lane] < work.Acceptance[lane]))
        {
            return false;
        }

        var condition = work.ConditionOfMaps(lane);
        for (var f = 0; f < _columns.Length; f++)
        {
            var value = _columns[f].Inverse(work.Z[(f * Stride) + lane], condition);
            block.Scalars[f][row] = value;
            work.Row[f] = value;
            if (!float.IsFinite(value))
            {
                return false;
            }
        }

        return Support?.Inequalities.Violated(work.Row) is null;
    }
}
