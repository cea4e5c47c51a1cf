using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Flows.Layers;
using EventService.Models.Sampling;
using EventService.Models.Tables;
using EventService.Physics.Events;

namespace EventService.Models.Flows;

/// <summary>
/// A layered flow p(x | c) whose networks take a condition c by gated linear units. For a fixed c the gates are numbers that scale rows of
/// weights, so the flow under a condition is an ordinary <see cref="LayeredFlow"/>, sampled and asked for densities as fast as one; those
/// last used are kept.
/// </summary>
/// <remarks>
/// Where events have conditions of their own, they go through the layers together and gates scale weights lane by lane: the same bits,
/// without a flow for each condition.
/// </remarks>
public sealed class ConditionalFlow : ILikelihoodModel
{
    // Flows under a condition that are kept; a mass scan asks for one after the other.
    private const int Kept = 16;

    // Events for which a flow of their condition, kept or not, costs less than gates in each lane.
    private const int WorthAFlow = 64;

    private readonly LayeredFlow _flow;
    private readonly IReadOnlyList<ConditionParameter> _conditions;
    private readonly List<(double[] Condition, LayeredFlow Flow)> _kept = [];
    private readonly Lock _lock = new();

    /// <param name="conditions">The parameters, with their domain.</param>
    /// <param name="layers">From the data to the base distribution, with gates.</param>
    /// <param name="with">The flow of given layers.</param>
    public ConditionalFlow(IReadOnlyList<ConditionParameter> conditions, IReadOnlyList<FlowLayer> layers, Func<IReadOnlyList<FlowLayer>, LayeredFlow> with)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        ArgumentNullException.ThrowIfNull(layers);
        ArgumentNullException.ThrowIfNull(with);
        (_conditions, Layers, _flow) = (conditions, layers, with(layers));
        MixesConditions = layers.All(l => l.MixesConditions);
    }

    /// <summary>The layers with their gates.</summary>
    public IReadOnlyList<FlowLayer> Layers { get; }

    /// <summary>Whether events under different conditions can go through the layers together.</summary>
    internal bool MixesConditions { get; }

    internal IReadOnlyList<ConditionParameter> Conditions => _conditions;

    internal bool HasSupport => _flow.Support is not null;

    public SampleSchema Schema => _flow.Schema;

    public int PreferredChunk => _flow.PreferredChunk;

    public int Tile => _flow.Tile;

    public string BaseMeasure => _flow.BaseMeasure;

    /// <summary>The flow under a condition.</summary>
    /// <exception cref="ArgumentException">It has another number of values than the model has parameters.</exception>
    public LayeredFlow At(IReadOnlyList<double> condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        if (condition.Count != _conditions.Count)
        {
            throw new ArgumentException($"The condition has {condition.Count} values, expected {string.Join(", ", _conditions.Select(c => c.Name))}.", nameof(condition));
        }

        lock (_lock)
        {
            var place = _kept.FindIndex(k => k.Condition.SequenceEqual(condition));
            var found = place >= 0 ? _kept[place] : ([.. condition], Build(condition));
            if (place >= 0)
            {
                _kept.RemoveAt(place);
            }
            else if (_kept.Count == Kept)
            {
                _kept.RemoveAt(0);
            }

            _kept.Add(found);
            return found.Flow;
        }
    }

    public void Generate(ReadOnlySpan<EventRange> ranges, EventBlock block, Span<double> logDensity) => Generate(ranges, block, logDensity, flow => flow);

    /// <summary>Generates events by a model that goes through the layers of this flow, however few or many conditions there are.</summary>
    /// <param name="ranges">Which events.</param>
    /// <param name="block">Receives the events.</param>
    /// <param name="logDensity">Empty, or receives their log-densities.</param>
    /// <param name="model">The model that goes through the layers of a flow.</param>
    internal void Generate(ReadOnlySpan<EventRange> ranges, EventBlock block, Span<double> logDensity, Func<LayeredFlow, TableModel> model)
    {
        ArgumentNullException.ThrowIfNull(block);
        var most = MixesConditions ? Math.Clamp(ranges.Count() / WorthAFlow, 1, Kept) : int.MaxValue;
        if (!RangesByCondition.TryGenerate(ranges, most, block, logDensity, (condition, some, part, densities) => model(At(condition)).Generate(some, part, densities)))
        {
            model(_flow).Generate(ranges, _conditions, block, logDensity);
        }
    }

    public void LogDensity(EventSample events, IReadOnlyList<double> condition, Span<EventDensity> densities) => At(condition).LogDensity(events, condition, densities);

    /// <inheritdoc/>
    public void LogDensities(EventSample events, IReadOnlyList<IReadOnlyList<double>> conditions, Span<EventDensity> densities)
    {
        ArgumentNullException.ThrowIfNull(events);
        ArgumentNullException.ThrowIfNull(conditions);
        if (MixesConditions && !conditions.All(c => ReferenceEquals(c, conditions[0])))
        {
            _flow.LogDensities(events, _conditions, conditions, densities);
        }
        else
        {
            ConditionGroups.LogDensities(this, events, conditions, densities);
        }
    }

    /// <summary>The events of given draws of the base distribution, each under a condition of its own.</summary>
    /// <param name="draws">One row of D numbers an event.</param>
    /// <param name="conditions">The conditions of each event.</param>
    /// <param name="events">As <see cref="LayeredFlow.FromBase(ReadOnlySpan{float}, Span{float})"/> gives them.</param>
    internal void FromBase(ReadOnlySpan<float> draws, IReadOnlyList<IReadOnlyList<double>> conditions, Span<float> events) => _flow.FromBase(draws, _conditions, conditions, events);

    private LayeredFlow Build(IReadOnlyList<double> condition)
    {
        double[] scaled = [.. _conditions.Select((parameter, c) => parameter.Scaled(condition[c]))];
        return _flow.With([.. _flow.Columns.Select(column => column.At(scaled[0]))], [.. Layers.Select(layer => layer.At(scaled))], _flow.Support?.At(scaled[0]));
    }
}
