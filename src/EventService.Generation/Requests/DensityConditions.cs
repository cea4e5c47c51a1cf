using System.Globalization;

using EventService.Generation.Conditions;
using EventService.Physics.Events;

namespace EventService.Generation.Requests;

/// <summary>The conditions of a request for densities: one value for all events, or a column with each event's own.</summary>
public sealed class DensityConditions
{
    private readonly ILikelihoodModel _model;
    private readonly ConditionSpace _space;
    private readonly double[] _values;
    private readonly int[] _own;

    // Whole events have their own scalars apart.
    private readonly int _firstOwn;

    private DensityConditions(ILikelihoodModel model, ConditionSpace space, double[] values, int[] own)
    {
        (_model, _space, _values, _own, _firstOwn) = (model, space, values, own, model.Schema.IsTable ? model.Schema.Scalars.Count : 0);
        Schema = own.Length == 0 ? model.Schema : model.Schema with
        {
            Scalars = [.. model.Schema.Scalars, .. own.Select(k => space.Parameters[k]).Select(p => new ColumnSchema(p.Name, p.Unit, p.Description))],
        };
    }

    /// <summary>The columns that events must have: those of the model, then one for each parameter that the request leaves to them.</summary>
    public SampleSchema Schema { get; }

    /// <param name="texts">The parameters of the request.</param>
    /// <param name="generator">A model with a density.</param>
    /// <exception cref="RequestException">A value is missing, wrong, or the model was not trained there.</exception>
    public static DensityConditions Parse(IReadOnlyDictionary<string, string> texts, EventGenerator generator)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(generator);
        var (model, space) = (generator.Likelihood!, generator.Conditions);
        if (space.Parameters.All(p => texts.ContainsKey(p.Name)))
        {
            return new DensityConditions(model, space, [.. space.Parse(texts)], []);
        }

        return new DensityConditions(
            model,
            space,
            [.. space.Parameters.Select(p => texts.TryGetValue(p.Name, out var text) ? RequestValue.Number(text, p.Name) : double.NaN)],
            [.. Enumerable.Range(0, space.Parameters.Count).Where(k => !texts.ContainsKey(space.Parameters[k].Name))]);
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

        foreach (var (values, rows) in ByValues(events))
        {
            var group = EventSample.For(_model.Schema);
            foreach (var row in rows)
            {
                if (_model.Schema.IsTable)
                {
                    group.AddRow(events.EventNumber[row], events.Row(row)[.._firstOwn]);
                }
                else
                {
                    group.AddFrom(events, row);
                }
            }

            var found = new EventDensity[rows.Count];
            _model.LogDensity(group, values, found);
            for (var k = 0; k < found.Length; k++)
            {
                densities[rows[k]] = found[k];
            }
        }
    }

    private List<(double[] Values, List<int> Rows)> ByValues(EventSample events)
    {
        List<(double[] Values, List<int> Rows)> groups = [];
        for (var row = 0; row < events.Count; row++)
        {
            var values = (double[])_values.Clone();
            for (var k = 0; k < _own.Length; k++)
            {
                values[_own[k]] = events.Row(row)[_firstOwn + k];
            }

            var place = groups.FindIndex(g => g.Values.AsSpan().SequenceEqual(values));
            if (place < 0)
            {
                Require(values, events.EventNumber[row]);
                place = groups.Count;
                groups.Add((values, []));
            }

            groups[place].Rows.Add(row);
        }

        return groups;
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
