using System.Globalization;

using EventService.Models;
using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Generation.Requests;

/// <summary>The conditions of a request for densities: one value for all events, or a column with each event's own.</summary>
public sealed class DensityConditions
{
    private readonly ILikelihoodModel _model;
    private readonly ConditionSpace _space;
    private readonly double[] _values;
    private readonly int[] _own;

    // Behind the row that the model's own events have.
    private readonly int _firstOwn;

    private DensityConditions(ILikelihoodModel model, ConditionSpace space, double[] values, int[] own)
    {
        (_model, _space, _values, _own, _firstOwn) = (model, space, values, own, SampleLayout.Of(model.Schema).Scalars);
        Schema = own.Length == 0 ? model.Schema : model.Schema with
        {
            Scalars = [.. model.Schema.Scalars, .. own.Select(k => space.Parameters[k]).Select(p => new ColumnSchema(p.Name, p.Unit, p.Description))],
        };
    }

    /// <summary>
    /// The columns that events must have: those of the model, then one for each parameter that the request leaves to them.
    /// </summary>
    public SampleSchema Schema { get; }

    /// <param name="texts">The parameters of the request.</param>
    /// <param name="generator">A model with a density.</param>
    /// <exception cref="RequestException">
    /// A value is missing, wrong, or the model was not trained there; or its events are of no known kind.
    /// </exception>
    public static DensityConditions Parse(IReadOnlyDictionary<string, string> texts, EventGenerator generator)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(generator);
        var (model, space) = (generator.Likelihood!, generator.Conditions);
        RequestedKind.Of(model.Schema);
        GivenCondition?[] given = [.. space.Parameters.Select(p => GivenCondition.Find(p, texts))];
        if (given.All(g => g is not null))
        {
            return new DensityConditions(model, space, [.. space.Parse(texts)], []);
        }

        return new DensityConditions(
            model,
            space,
            [.. given.Select(g => g?.Number() ?? double.NaN)],
            [.. Enumerable.Range(0, given.Length).Where(k => given[k] is null)]);
    }

    /// <summary>Natural log of the density of each event, under its condition.</summary>
    /// <exception cref="RequestException">An event's values are not allowed.</exception>
    public void LogDensity(EventSample events, Span<EventDensity> densities)
    {
        ArgumentNullException.ThrowIfNull(events);
        if (_own.Length == 0)
        {
            _model.LogDensity(events, _values, densities);
            return;
        }

        var (own, values) = (EventSample.For(_model.Schema), new double[events.Count][]);
        for (var row = 0; row < events.Count; row++)
        {
            values[row] = ValuesOf(events, row, row == 0 ? null : values[row - 1]);
            own.AddFrom(events, row);
        }

        _model.LogDensities(own, values, densities);
    }

    /// <summary>The values of an event, checked unless they are those of the event before.</summary>
    private double[] ValuesOf(EventSample events, int row, double[]? before)
    {
        var values = (double[])_values.Clone();
        for (var k = 0; k < _own.Length; k++)
        {
            values[_own[k]] = events.Row(row)[_firstOwn + k];
        }

        if (before is not null && before.AsSpan().SequenceEqual(values))
        {
            return before;
        }

        Require(values, events.EventNumber[row]);
        return values;
    }

    private void Require(double[] values, long number)
    {
        try
        {
            _space.Require(values);
        }
        catch (RequestException e)
        {
            throw new RequestException(e.Fault, string.Create(CultureInfo.InvariantCulture, $"Event {number}: {e.Message}"));
        }
    }
}
