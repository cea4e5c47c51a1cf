using System.Collections.Concurrent;

using EventService.Engine.Random;
using EventService.Models.Columns;
using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Flows.Layers;
using EventService.Models.Sampling;
using EventService.Physics.Events;
using EventService.Physics.Kinds;

namespace EventService.Models.Flows;

/// <summary>
/// A normalising flow over events of D scalar columns: maps of the columns, then invertible layers, then a base distribution.
/// log p(x) = log p_base(f(g(x))) + log |det df/dt| + sum of log dg/dx (Rezende and Mohamed, "Variational inference with normalizing
/// flows", ICML 2015, arXiv:1505.05770, eq. 5; Papamakarios et al. 2021, arXiv:1912.02762).
/// </summary>
/// <remarks>
/// Events are sampled in float32, tile by tile; densities are computed in double precision from the columns as they are
/// written, so that the sampler reports the density that /density gives. An event is a function of (key, index): stream (key, index),
/// substream the attempt, two words a feature in the order of the base distribution, with a refinement two more. An event too large for float32, outside
/// the support, or that the refinement does not keep, is redrawn.
/// </remarks>
public sealed class LayeredFlow : ILikelihoodModel
{
    /// <summary>Name in model files.</summary>
    public const string ArchitectureName = "layered-flow";

    /// <summary>Attempts for an event that float32 can hold, that is inside the support, and that the refinement keeps.</summary>
    public const uint MaximumAttempts = 256;

    private const int Stride = FlowLayer.Stride;
    private const int SamplingStride = FlowLayer.SamplingStride;

    // Points in the cell of a value on a grid over which the lower bound of its log-density is averaged; a power of two.
    private const int CellPoints = 8;

    private readonly FlowLayer[] _layers;
    private readonly ColumnPreprocessing[] _columns;
    private readonly FlowBase _base;
    private readonly byte[] _digest;
    private readonly int _grids;
    private readonly ConcurrentBag<LayeredFlowWorkspace> _workspaces;

    /// <param name="schema">Scalar columns only, one for each feature.</param>
    /// <param name="columns">Their maps.</param>
    /// <param name="layers">From the data to the base distribution.</param>
    /// <param name="baseDistribution">Of as many features.</param>
    /// <param name="digest">sha256 of the model file: part of the key of the random numbers.</param>
    /// <exception cref="ArgumentException">The numbers of columns differ.</exception>
    public LayeredFlow(SampleSchema schema, IReadOnlyList<ColumnPreprocessing> columns, IReadOnlyList<FlowLayer> layers, FlowBase baseDistribution, ReadOnlyMemory<byte> digest)
    {
        ArgumentNullException.ThrowIfNull(schema);
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(layers);
        ArgumentNullException.ThrowIfNull(baseDistribution);
        if (!EventKind.Table.Includes(schema) || schema.Scalars.Count != columns.Count
            || columns.Count != baseDistribution.First.Length || columns.Count != baseDistribution.Second.Length)
        {
            throw new ArgumentException(
                $"The schema has {schema.Scalars.Count} scalar columns and {schema.Collections.Count} collections for "
                + $"{columns.Count} preprocessed columns and {baseDistribution.First.Length} numbers of the base distribution, "
                + "expected as many of each, no collection and no array.");
        }

        (Schema, _columns, _layers, _base, _digest, _workspaces) = (schema, [.. columns], [.. layers], baseDistribution, digest.ToArray(), []);
        _grids = columns.Count(c => c.Dequantisation is not null);
    }

    private LayeredFlow(LayeredFlow other, IReadOnlyList<ColumnPreprocessing> columns, IReadOnlyList<FlowLayer> layers, EventSupport? support)
    {
        Support = support;
        (Schema, _columns, _layers, _base, _digest, _workspaces) = (other.Schema, [.. columns], [.. layers], other._base, other._digest, other._workspaces);
        _grids = other._grids;
    }

    public SampleSchema Schema { get; }

    public IReadOnlyList<FlowLayer> Layers => _layers;

    /// <summary>The maps of the columns.</summary>
    public IReadOnlyList<ColumnPreprocessing> Columns => _columns;

    public FlowBase Base => _base;

    /// <summary>Which draws are kept; null where all are.</summary>
    public FlowRefinement? Refinement { get; init; }

    /// <summary>Where events can be; null for everywhere.</summary>
    public EventSupport? Support { get; init; }

    public int PreferredChunk => 1024;

    public int Tile => Stride;

    public string BaseMeasure => _grids == 0 ? Measure : $"{Measure}; lower bounds, since {string.Join(", ", Schema.Scalars.Where((_, f) => _columns[f].Dequantisation is not null).Select(s => s.Name))} {(_grids == 1 ? "has" : "have")} values on a grid";

    private string Measure => $"{string.Join(' ', Schema.Scalars.Select(s => $"d{s.Name}"))} [{string.Join(", ", Schema.Scalars.Select(s => s.Unit))}]";

    private int Features => _columns.Length;

    public void Generate(ReadOnlySpan<EventRange> ranges, EventBlock block, Span<double> logDensity) => Generate(ranges, [], block, logDensity);

    /// <summary>The same where layers take a condition for each event: see <see cref="FlowLayer.MixesConditions"/>.</summary>
    /// <param name="ranges">Which events.</param>
    /// <param name="parameters">Of the condition; none for a flow under no condition.</param>
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

        for (var start = 0; start < count; start += SamplingStride)
        {
            Draw(work, start, Math.Min(SamplingStride, count - start), block);
        }

        for (var start = 0; start < logDensity.Length; start += Stride)
        {
            var lanes = Math.Min(Stride, count - start);
            for (var f = 0; f < Features; f++)
            {
                for (var i = 0; i < lanes; i++)
                {
                    work.X[(f * Stride) + i] = block.Scalars[f][start + i];
                }
            }

            work.TakeConditions(start, lanes, Stride);
            Evaluate(work, logDensity.Slice(start, lanes));
        }

        _workspaces.Add(work);
    }

    public void LogDensity(EventSample events, IReadOnlyList<double> condition, Span<EventDensity> densities) => LogDensities(events, [], [], densities);

    /// <summary>The same where layers take a condition for each event: see <see cref="FlowLayer.MixesConditions"/>.</summary>
    /// <param name="events">The events.</param>
    /// <param name="parameters">Of the condition; none for a flow under no condition.</param>
    /// <param name="conditions">Of each event; of no meaning without parameters.</param>
    /// <param name="densities">Receives one an event.</param>
    internal void LogDensities(EventSample events, IReadOnlyList<ConditionParameter> parameters, IReadOnlyList<IReadOnlyList<double>> conditions, Span<EventDensity> densities)
    {
        ArgumentNullException.ThrowIfNull(events);
        if (events.ColumnCount != Features)
        {
            throw new ArgumentException($"The events have {events.ColumnCount} columns, expected the {Features} of {Schema.Describe()}.", nameof(events));
        }

        var work = RentWorkspace();
        work.SetConditions(parameters, conditions, events.Count);
        Span<double> logDensity = stackalloc double[Stride];
        for (var start = 0; start < events.Count; start += Stride)
        {
            var lanes = Math.Min(Stride, events.Count - start);
            for (var i = 0; i < lanes; i++)
            {
                var row = events.Row(start + i);
                for (var f = 0; f < Features; f++)
                {
                    work.X[(f * Stride) + i] = row[f];
                }
            }

            work.TakeConditions(start, lanes, Stride);
            Evaluate(work, logDensity[..lanes]);
            for (var i = 0; i < lanes; i++)
            {
                densities[start + i] = double.IsFinite(logDensity[i])
                    ? new EventDensity(logDensity[i], Error(work.ConditionOfMaps(i)), null)
                    : new EventDensity(double.NegativeInfinity, 0, Reason(events.Row(start + i), work.ConditionOfMaps(i)));
            }
        }

        _workspaces.Add(work);
    }

    /// <summary>A flow that differs in its maps, layers and support only and shares the memory that threads work in: one under another condition is used for a few events.</summary>
    internal LayeredFlow With(IReadOnlyList<ColumnPreprocessing> columns, IReadOnlyList<FlowLayer> layers, EventSupport? support) => new(this, columns, layers, support);

    /// <summary>One draw of the base distribution, D numbers: two words of the stream each.</summary>
    internal void DrawBase(ref PhiloxStream random, Span<float> z)
    {
        for (var f = 0; f < Features; f++)
        {
            z[f] = _base.Draw(f, ref random);
        }
    }

    /// <inheritdoc cref="FromBase(ReadOnlySpan{float}, Span{float})"/>
    internal float[] FromBase(ReadOnlySpan<float> draws)
    {
        var events = new float[draws.Length];
        FromBase(draws, events);
        return events;
    }

    /// <summary>The events of given draws of the base distribution.</summary>
    /// <param name="draws">One row of D numbers an event.</param>
    /// <param name="events">Receives the columns of the events, one row of D numbers an event; not finite where float32 cannot hold them.</param>
    internal void FromBase(ReadOnlySpan<float> draws, Span<float> events) => FromBase(draws, [], [], events);

    /// <param name="draws">One row of D numbers an event.</param>
    /// <param name="parameters">Of the condition; none for a flow under no condition.</param>
    /// <param name="conditions">Of each event; of no meaning without parameters.</param>
    /// <param name="events">Receives the columns of the events.</param>
    internal void FromBase(ReadOnlySpan<float> draws, IReadOnlyList<ConditionParameter> parameters, IReadOnlyList<IReadOnlyList<double>> conditions, Span<float> events)
    {
        var work = RentWorkspace();
        work.SetConditions(parameters, conditions, draws.Length / Features);
        for (var start = 0; start < draws.Length; start += SamplingStride * Features)
        {
            var tile = draws[start..Math.Min(draws.Length, start + (SamplingStride * Features))];
            var lanes = tile.Length / Features;
            work.TakeConditions(start / Features, lanes, SamplingStride);
            for (var k = 0; k < tile.Length; k++)
            {
                work.Z[((k % Features) * SamplingStride) + (k / Features)] = tile[k];
            }

            Inverse(work, lanes);
            for (var k = 0; k < tile.Length; k++)
            {
                events[start + k] = _columns[k % Features].Inverse(work.Z[((k % Features) * SamplingStride) + (k / Features)], work.ConditionOfMaps(k / Features));
            }
        }

        _workspaces.Add(work);
    }

    /// <summary>Draws the columns of the events that rows start ... of the block are numbered for.</summary>
    private void Draw(LayeredFlowWorkspace work, int start, int lanes, EventBlock block)
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
                throw new AttemptsExhaustedException($"Event {block.EventNumber[pending[0]]} had a column beyond the range of float32{(Refinement is null && Support is null ? "" : ", or was not kept,")} {MaximumAttempts} times. The flow or the maps of its columns do not describe events; report it with the receipt.");
            }

            for (var i = 0; i < pending.Count; i++)
            {
                var random = new PhiloxStream(work.Keys[pending[i]], (ulong)block.EventNumber[pending[i]], attempt);
                for (var f = 0; f < Features; f++)
                {
                    work.Z[(f * SamplingStride) + i] = _base.Draw(f, ref random);
                }

                work.Uniform[i] = Refinement is null ? 0 : random.NextDouble();
            }

            work.TakeConditions(pending);
            Inverse(work, pending.Count);
            Refinement?.Acceptance(work.Z, pending.Count, work.Acceptance, work.Scratch);
            var kept = 0;
            for (var i = 0; i < pending.Count; i++)
            {
                var (row, valid) = (pending[i], Refinement is null || work.Uniform[i] < work.Acceptance[i]);
                var condition = work.ConditionOfMaps(i);
                for (var f = 0; f < Features && valid; f++)
                {
                    var value = _columns[f].Inverse(work.Z[(f * SamplingStride) + i], condition);
                    block.Scalars[f][row] = value;
                    work.Row[f] = value;
                    valid = float.IsFinite(value);
                }

                if (!valid || Support?.Inequalities.Violated(work.Row) is not null)
                {
                    pending[kept++] = row;
                }
            }

            pending.RemoveRange(kept, pending.Count - kept);
        }
    }

    /// <summary>Columns after their maps of the first attempt for each of some events, whether it is kept or not.</summary>
    /// <param name="key">Key of the stream.</param>
    /// <param name="indices">The events.</param>
    /// <param name="to">Receives [features, events], rows <paramref name="stride"/> apart.</param>
    /// <param name="stride">Distance of rows.</param>
    internal void DrawMapped(ulong key, ReadOnlySpan<long> indices, Span<float> to, int stride)
    {
        var work = RentWorkspace();
        work.StartConditions([], 0);
        for (var start = 0; start < indices.Length; start += SamplingStride)
        {
            var lanes = Math.Min(SamplingStride, indices.Length - start);
            for (var i = 0; i < lanes; i++)
            {
                var random = new PhiloxStream(key, (ulong)indices[start + i], 0);
                for (var f = 0; f < Features; f++)
                {
                    work.Z[(f * SamplingStride) + i] = _base.Draw(f, ref random);
                }
            }

            Inverse(work, lanes);
            for (var f = 0; f < Features; f++)
            {
                work.Z.AsSpan(f * SamplingStride, lanes).CopyTo(to[((f * stride) + start)..]);
            }
        }

        _workspaces.Add(work);
    }

    private void Inverse(LayeredFlowWorkspace work, int lanes)
    {
        for (var l = _layers.Length - 1; l >= 0; l--)
        {
            _layers[l].Inverse(work.Z, lanes, work.Conditions(SamplingStride), work.Scratch);
        }
    }

    /// <summary>Log-densities of the events in the workspace; minus infinity, never NaN, where there is none.</summary>
    /// <remarks>
    /// Where columns have values on a grid, the mean over points of their cells of the log-density less that of the spread: a lower bound. The points are
    /// the middles of equal shares of the spread, in another order for each column.
    /// </remarks>
    private void Evaluate(LayeredFlowWorkspace work, Span<double> logDensity)
    {
        var gain = work.Gain.AsSpan(0, logDensity.Length);
        gain.Clear();
        if (Support is not null)
        {
            FillGain(Support, work, gain);
        }

        logDensity.Clear();
        if (_grids == 0)
        {
            AddLogDensity(work, logDensity, 0);
        }
        else
        {
            Span<double> sum = stackalloc double[logDensity.Length];
            sum.Clear();
            work.X.CopyTo(work.Observed.AsSpan());
            for (var point = 0; point < CellPoints; point++)
            {
                work.Observed.CopyTo(work.X.AsSpan());
                logDensity.Clear();
                AddLogDensity(work, logDensity, point);
                for (var i = 0; i < sum.Length; i++)
                {
                    sum[i] += logDensity[i] / CellPoints;
                }
            }

            sum.CopyTo(logDensity);
        }

        for (var i = 0; i < logDensity.Length; i++)
        {
            var value = logDensity[i] + gain[i];
            logDensity[i] = double.IsFinite(value) ? value : double.NegativeInfinity;
        }
    }

    /// <summary>What the events in the workspace get beside the density of the flow: minus infinity outside the support.</summary>
    private void FillGain(EventSupport support, LayeredFlowWorkspace work, Span<double> gain)
    {
        for (var i = 0; i < gain.Length; i++)
        {
            for (var f = 0; f < Features; f++)
            {
                work.Row[f] = work.X[(f * Stride) + i];
            }

            gain[i] = Violated(support, work.Row) is null ? support.LogGain(work.ConditionOfMaps(i)) : double.NegativeInfinity;
        }
    }

    /// <summary>Columns count as the float32 numbers that events are written with: their shortest digits may lie beyond an edge.</summary>
    private static ColumnInequality? Violated(EventSupport support, ReadOnlySpan<double> row)
    {
        Span<double> written = stackalloc double[row.Length];
        for (var f = 0; f < row.Length; f++)
        {
            written[f] = (float)row[f];
        }

        return support.Inequalities.Violated(written);
    }

    /// <summary>Standard error of the log-density: that of the measured shares of draws that are kept.</summary>
    private double Error(double condition)
    {
        double refinement = Refinement?.LogAcceptanceError ?? 0, support = Support?.LogError(condition) ?? 0;
        return Math.Sqrt((refinement * refinement) + (support * support));
    }

    private void AddLogDensity(LayeredFlowWorkspace work, Span<double> logDensity, int point)
    {
        var grid = 0;
        for (var f = 0; f < Features; f++)
        {
            var column = work.X.AsSpan(f * Stride, logDensity.Length);
            var cells = _columns[f].Dequantisation;
            var share = cells is null ? 0 : ((point * ((2 * grid++) + 1) % CellPoints) + 0.5) / CellPoints;
            for (var i = 0; i < column.Length; i++)
            {
                var (x, logSpread) = cells?.Spread(column[i], share) ?? (column[i], 0);
                if (_columns[f].TryForward(x, work.ConditionOfMaps(i), out var t, out var log))
                {
                    column[i] = t;
                    logDensity[i] += log - logSpread;
                }
                else
                {
                    column[i] = 0;
                    logDensity[i] = double.NegativeInfinity;
                }
            }
        }

        Refinement?.AddLogDensity(work.X, logDensity, work.Scratch);
        foreach (var layer in _layers)
        {
            layer.Forward(work.X, logDensity, work.Conditions(Stride), work.Scratch);
        }

        for (var f = 0; f < Features; f++)
        {
            _base.AddLogDensity(f, work.X.AsSpan(f * Stride, logDensity.Length), logDensity);
        }
    }

    private string Reason(ReadOnlySpan<double> row, double condition)
    {
        for (var f = 0; f < Features; f++)
        {
            if (!_columns[f].TryForward(row[f], condition, out _, out _))
            {
                return $"{Schema.Scalars[f].Name} {row[f]:G6} is outside the domain of its maps";
            }
        }

        return Support is not null && Violated(Support, row) is { } inequality
            ? $"{inequality.Meaning}: expected {inequality}"
            : "the event is outside the support of the flow, or too far out";
    }

    // A workspace is lost, not returned, where a call throws.
    private LayeredFlowWorkspace RentWorkspace() => _workspaces.TryTake(out var work) ? work : new LayeredFlowWorkspace(Features);
}
