using EventService.Engine.Random;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Generation.Requests;

/// <summary>
/// A stream of events at several points of the model's conditions. Of L points, event i is event i of point i mod L: the same bits as in a
/// stream of that point alone, whatever range is asked for. With a prior it is event i of the values that are drawn for it, by a random
/// number of its own.
/// </summary>
/// <remarks>Lists of several parameters are combined, the last parameter changing fastest.</remarks>
public sealed class ConditionScan
{
    /// <summary>More would make the receipt longer than headers may be.</summary>
    public const int MostPoints = 32;

    private const string Weight = "weight";

    private readonly EventGenerator _generator;
    private readonly ConditionSource[] _sources;
    private readonly ulong _seed;
    private readonly ulong[] _keys;
    private readonly EventStream[] _streams;
    private readonly float[] _weights;
    private readonly int _firstColumn;
    private readonly int _weightColumn;

    private ConditionScan(EventGenerator generator, ConditionSource[] sources, Dictionary<string, string> texts, ulong seed)
    {
        (_generator, _sources, _seed) = (generator, sources, seed);
        Texts = texts;
        var (model, space) = (generator.Model.Schema, generator.Conditions);
        if (space.Parameters.FirstOrDefault(p => model.Scalars.Any(s => s.Name == p.Name)) is { } taken)
        {
            throw new RequestException(RequestFault.Cannot, $"The events of model '{generator.Document.Name}' have a column {taken.Name} already, so that several points cannot be told apart. Ask for one point at a time.");
        }

        (_firstColumn, _weightColumn) = (model.Scalars.Count, WeightColumn(model));
        var ownWeight = _weightColumn < 0 && space.HasYields;
        _weightColumn = ownWeight ? model.Scalars.Count + space.Parameters.Count : _weightColumn;
        Schema = model with
        {
            Scalars = [.. model.Scalars, .. space.Parameters.Select(p => new ColumnSchema(p.Name, p.Unit, p.Description)), .. ownWeight ? [new ColumnSchema(Weight, "pb", "Cross-section after the event selection at the event's point")] : Array.Empty<ColumnSchema>()],
        };
        HasPrior = sources.Any(s => s is ConditionSource.Prior);
        _keys = HasPrior ? [.. sources.Select((_, k) => EventStreamKey.OfPrior(generator.Sha256, seed, k))] : [];
        _streams = [.. Combined().Select(values => new EventStream(seed, values))];
        _weights = HasPrior ? [] : [.. _streams.Select(s => (float)space.YieldAt(s.Condition).WeightPb)];
    }

    /// <summary>
    /// The columns of the events: those of the model, then one for each parameter, and the weight [pb] where it depends on them and the
    /// model has no such column.
    /// </summary>
    public SampleSchema Schema { get; }

    /// <summary>The parameters as they were asked for; those that were asked for by an alternative in values of their own.</summary>
    public IReadOnlyDictionary<string, string> Texts { get; }

    /// <summary>Whether values are drawn.</summary>
    public bool HasPrior { get; }

    /// <summary>The points that take turns; of no meaning with a prior.</summary>
    public IReadOnlyList<IReadOnlyList<double>> Points => [.. _streams.Select(s => s.Condition)];

    /// <summary>How the number of an event tells its point, in words for the receipt.</summary>
    public string Mapping => HasPrior
        ? "event i has the values drawn for it, which stand in its columns, and is event i of them alone"
        : $"event i is event i of points[i mod {_streams.Length}] alone";

    /// <summary>The column of the weight in a schema; -1 if there is none.</summary>
    public static int WeightColumn(SampleSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return schema.Scalars.Select(s => s.Name).ToList().IndexOf(Weight);
    }

    /// <summary>The scan that a request asks for; null where each parameter has one value.</summary>
    /// <param name="texts">The parameters of the request.</param>
    /// <param name="generator">The model.</param>
    /// <param name="seed">The seed of the request.</param>
    /// <exception cref="RequestException">A value is missing, wrong, or the model was not trained there.</exception>
    public static ConditionScan? Parse(IReadOnlyDictionary<string, string> texts, EventGenerator generator, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(generator);
        var given = generator.Conditions.Parameters.ToDictionary(p => p.Name, p => GivenConditions.Of(p, texts).Text);
        ConditionSource[] sources = [.. generator.Conditions.Parameters.Select(p => ConditionSource.Parse(given[p.Name], p.Name))];
        if (sources.All(s => s is ConditionSource.Points { Values.Count: 1 }))
        {
            return null;
        }

        // The hull is convex and constraints are linear: what holds at the corners of the ranges holds between.
        IReadOnlyList<double>[] corners = [.. sources.Select(s => s is ConditionSource.Points points ? points.Values : [s.Range.Least, s.Range.Greatest])];
        var count = corners.Aggregate(1.0, (product, values) => product * values.Count);
        if (count > MostPoints)
        {
            throw new RequestException(RequestFault.BadValue, $"The request has {count} points, expected at most {MostPoints} a stream. Ask for the others in another, or draw them: NAME=uniform(FROM,TO,STEP).");
        }

        foreach (var values in Product(corners))
        {
            generator.Conditions.Require(values);
        }

        return new ConditionScan(generator, sources, given, seed);
    }

    /// <summary>The values of an event.</summary>
    public IReadOnlyList<double> At(long index)
    {
        var turn = _streams[index % _streams.Length].Condition;
        if (!HasPrior)
        {
            return turn;
        }

        var values = new double[_sources.Length];
        for (var k = 0; k < values.Length; k++)
        {
            values[k] = _sources[k] is ConditionSource.Prior prior ? prior.Draw(new PhiloxStream(_keys[k], (ulong)index).NextDouble()) : turn[k];
        }

        return values;
    }

    /// <summary>Events first .. first + count - 1, each in the stream of its point.</summary>
    public EventRange[] Ranges(long first, int count)
    {
        var ranges = new EventRange[count];
        for (var k = 0; k < count; k++)
        {
            ranges[k] = new EventRange(HasPrior ? new EventStream(_seed, At(first + k)) : _streams[(first + k) % _streams.Length], first + k, 1);
        }

        return ranges;
    }

    /// <summary>How many of events first .. first + count - 1 are at a point.</summary>
    public long CountAt(int point, long first, long count)
    {
        var (turns, l) = (count / _streams.Length, _streams.Length);
        return turns + ((((point - (first % l)) + l) % l) < count % l ? 1 : 0);
    }

    /// <summary>
    /// Fills the columns of the parameters, and of the weight where that depends on them, of the events that a block of
    /// <see cref="Schema"/> has numbers of.
    /// </summary>
    public void Fill(EventBlock block)
    {
        ArgumentNullException.ThrowIfNull(block);
        for (var row = 0; row < block.Count; row++)
        {
            var index = block.EventNumber[row];
            var values = At(index);
            for (var k = 0; k < values.Count; k++)
            {
                block.Scalars[_firstColumn + k][row] = (float)values[k];
            }

            if (_weightColumn >= 0 && _generator.Conditions.HasYields)
            {
                block.Scalars[_weightColumn][row] = HasPrior ? (float)_generator.Conditions.YieldAt(values).WeightPb : _weights[index % _streams.Length];
            }
        }
    }

    /// <summary>Warnings of all points; of a prior those of its ends.</summary>
    public IReadOnlyList<string> Warnings()
    {
        var ends = Product([.. _sources.Select(s => s is ConditionSource.Points points ? points.Values : Probes(s))]);
        return [.. ends.SelectMany(_generator.Conditions.WarningsAt).Distinct()];
    }

    /// <summary>Values just inside the ends of a prior: at an end itself a point may have been trained.</summary>
    private static double[] Probes(ConditionSource source)
    {
        var (least, greatest) = source.Range;
        return source is ConditionSource.Choice choice ? [.. choice.Values] : [least + ((greatest - least) * 1e-6), greatest - ((greatest - least) * 1e-6)];
    }

    /// <summary>Combinations of the lists; a prior counts as one value, that is replaced.</summary>
    private IEnumerable<IReadOnlyList<double>> Combined() => Product([.. _sources.Select(s => s is ConditionSource.Points points ? points.Values : [s.Range.Least])]);

    private static IEnumerable<IReadOnlyList<double>> Product(IReadOnlyList<double>[] lists) =>
        lists.Aggregate<IReadOnlyList<double>, IEnumerable<IReadOnlyList<double>>>([[]], (before, values) => [.. before.SelectMany(b => values.Select(v => (IReadOnlyList<double>)[.. b, v]))]);
}
