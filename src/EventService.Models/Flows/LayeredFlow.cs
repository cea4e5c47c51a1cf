using EventService.Engine.Random;
using EventService.Models.Columns;
using EventService.Models.Conditions;
using EventService.Models.Flows.Layers;
using EventService.Models.Sampling;
using EventService.Models.Tables;
using EventService.Physics.Events;
using EventService.Physics.Kinds;

namespace EventService.Models.Flows;

/// <summary>
/// A normalising flow over events of D scalar columns: maps of the columns, then invertible layers, then a base distribution.
/// log q(t) = log p_base(f(t)) + log |det df/dt| (Rezende and Mohamed, "Variational inference with normalizing
/// flows", ICML 2015, arXiv:1505.05770, eq. 5; Papamakarios et al. 2021, arXiv:1912.02762).
/// </summary>
/// <remarks>The latents of an event take two words a feature, in the order of the base distribution.</remarks>
public sealed class LayeredFlow : TableLikelihoodModel
{
    /// <summary>Name in model files.</summary>
    public const string ArchitectureName = "layered-flow";

    private const int Stride = FlowLayer.Stride;
    private const int SamplingStride = FlowLayer.SamplingStride;

    private readonly FlowLayer[] _layers;
    private readonly FlowBase _base;

    /// <param name="schema">Scalar columns only, one for each feature.</param>
    /// <param name="columns">Their maps.</param>
    /// <param name="layers">From the data to the base distribution.</param>
    /// <param name="baseDistribution">The base distribution of as many features.</param>
    /// <param name="digest">sha256 of the model file: part of the key of the random numbers.</param>
    /// <exception cref="ArgumentException">The numbers of columns differ.</exception>
    public LayeredFlow(
        SampleSchema schema, IReadOnlyList<ColumnPreprocessing> columns, IReadOnlyList<FlowLayer> layers, FlowBase baseDistribution, ReadOnlyMemory<byte> digest)
        : base(schema, columns, (columns ?? throw new ArgumentNullException(nameof(columns))).Count, digest)
    {
        ArgumentNullException.ThrowIfNull(layers);
        ArgumentNullException.ThrowIfNull(baseDistribution);
        if (columns.Count != baseDistribution.First.Length || columns.Count != baseDistribution.Second.Length)
        {
            throw new ArgumentException($"There are {columns.Count} columns for {baseDistribution.First.Length} numbers of the base distribution, expected as many.");
        }

        (_layers, _base) = ([.. layers], baseDistribution);
    }

    private LayeredFlow(LayeredFlow other, IReadOnlyList<ColumnPreprocessing> columns, IReadOnlyList<FlowLayer> layers, EventSupport? support)
        : base(other, columns, support) => (_layers, _base) = ([.. layers], other._base);

    public IReadOnlyList<FlowLayer> Layers => _layers;

    public FlowBase Base => _base;

    /// <summary>
    /// A flow that differs in its maps, layers and support only and shares the memory that threads work in: one under another condition is
    /// used for a few events.
    /// </summary>
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
    /// <param name="events">Receives the columns of the events, one row of D numbers an event; not finite where float32 cannot hold
    /// them.</param>
    internal void FromBase(ReadOnlySpan<float> draws, Span<float> events) => FromBase(draws, [], [], events);

    /// <param name="draws">One row of D numbers an event.</param>
    /// <param name="parameters">The parameters of the condition; empty for a flow under no condition.</param>
    /// <param name="conditions">One for each event; not read without parameters.</param>
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

            ToColumns(work, lanes);
            for (var k = 0; k < tile.Length; k++)
            {
                events[start + k] = Preprocessing[k % Features].Inverse(work.Z[((k % Features) * SamplingStride) + (k / Features)], work.ConditionOfMaps(k / Features));
            }
        }

        Return(work);
    }

    /// <summary>Numbers of the base distribution become columns after their maps.</summary>
    internal void Invert(TableWorkspace work, int lanes)
    {
        for (var l = _layers.Length - 1; l >= 0; l--)
        {
            _layers[l].Inverse(work.Z, lanes, work.Conditions(SamplingStride), work.Scratch);
        }
    }

    protected override void DrawLatents(ref PhiloxStream random, Span<float> z, int lane)
    {
        for (var f = 0; f < Features; f++)
        {
            z[(f * SamplingStride) + lane] = _base.Draw(f, ref random);
        }
    }

    protected override void ToColumns(TableWorkspace work, int lanes) => Invert(work, lanes);

    protected override void AddLogDensity(TableWorkspace work, Span<double> logDensity)
    {
        foreach (var layer in _layers)
        {
            layer.Forward(work.X, logDensity, work.Conditions(Stride), work.Scratch);
        }

        for (var f = 0; f < Features; f++)
        {
            _base.AddLogDensity(f, work.X.AsSpan(f * Stride, logDensity.Length), logDensity);
        }
    }
}
