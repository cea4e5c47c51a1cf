using EventService.Engine.Autodiff;
using EventService.Engine.Random;
using EventService.Engine.Tensors;
using EventService.Models.Columns;
using EventService.Models.Conditions;
using EventService.Models.Flows;
using EventService.Models.Sampling;
using EventService.Physics.Events;
using EventService.Training.Recipes;

namespace EventService.Training.Tables;

/// <summary>
/// The events of a table as a flow sees them: every column through its maps, once for all but for those on a grid, which are spread over
/// their cells anew in each use. Maps are fitted to the training events only.
/// </summary>
public sealed class TableCoordinates
{
    private readonly EventSample _sample;
    private readonly ulong _seed;
    private readonly Func<int, double> _conditionOfMaps;
    private readonly ColumnSymmetry[] _symmetries;
    private readonly bool _turns;
    private readonly float[][] _values;
    private readonly float[]?[] _images;

    /// <param name="sample">The table.</param>
    /// <param name="training">Rows that the maps are fitted to.</param>
    /// <param name="recipe">Maps and symmetries of the columns.</param>
    /// <param name="seed">The seed of the places within cells.</param>
    /// <exception cref="ArgumentException">A map cannot be fitted, or a value is outside the domain of its maps.</exception>
    public TableCoordinates(EventSample sample, int[] training, TableData recipe, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(sample);
        ArgumentNullException.ThrowIfNull(training);
        ArgumentNullException.ThrowIfNull(recipe);
        (_sample, _seed) = (sample, seed);
        Conditions = [.. recipe.Conditions.Select((c, place) => ParameterOf(c, recipe.Columns.Count + place, training))];
        _conditionOfMaps = Conditions.Count == 1 ? row => Conditions[0].Scaled(sample.Row(row)[recipe.Columns.Count]) : _ => double.NaN;
        _symmetries = [.. recipe.Columns.Select(c => recipe.SymmetryOf(c.Name))];
        _turns = _symmetries.Contains(ColumnSymmetry.Rotation);
        var columns = new ColumnPreprocessing[recipe.Columns.Count];
        _values = new float[columns.Length][];
        _images = new float[columns.Length][];
        for (var c = 0; c < columns.Length; c++)
        {
            columns[c] = Fit(c, recipe.Columns[c].Name, recipe.Columns[c].Maps ?? recipe.Maps, training);
            var symmetry = _symmetries[c];
            _values[c] = Map(c, x => x, columns[c], recipe.Columns[c].Name);
            RequireAzimuth(c, columns[c], recipe.Columns[c].Name);
            _images[c] = symmetry is ColumnSymmetry.Mirror or ColumnSymmetry.Reflection ? Map(c, x => ImageOf(symmetry, x), columns[c], recipe.Columns[c].Name) : null;
        }

        Columns = columns;
    }

    /// <summary>The parameters that the flow is conditioned on, with the range and the values of the training events.</summary>
    public IReadOnlyList<ConditionParameter> Conditions { get; }

    /// <summary>The conditions of events as gates take them, [conditions, rows]; null for a flow without.</summary>
    public Variable? ConditionOf(ReadOnlySpan<int> rows)
    {
        if (Conditions.Count == 0)
        {
            return null;
        }

        var condition = new Tensor(Conditions.Count, rows.Length);
        for (var i = 0; i < rows.Length; i++)
        {
            var values = _sample.Row(rows[i])[Columns.Count..];
            for (var c = 0; c < values.Length; c++)
            {
                condition[c, i] = (float)Conditions[c].Scaled(values[c]);
            }
        }

        return Tape.Constant(condition);
    }

    /// <summary>The conditions of an event in their units.</summary>
    public ReadOnlySpan<double> ConditionsOf(int row) => _sample.Row(row)[Columns.Count..];

    /// <summary>The fitted maps.</summary>
    public IReadOnlyList<ColumnPreprocessing> Columns { get; }

    /// <summary>
    /// Fills [columns, rows] with the flow's numbers, and gives the sum of the log-Jacobians of the columns on a grid [nat], less the
    /// log-densities of their spread.
    /// </summary>
    /// <param name="rows">Events.</param>
    /// <param name="epoch">The use: places in cells, mirror images and rotations are functions of it and of the event; below 0 all events
    /// are as they are.</param>
    /// <param name="to">Receives the numbers; reshaped.</param>
    public double Fill(ReadOnlySpan<int> rows, int epoch, Tensor to)
    {
        ArgumentNullException.ThrowIfNull(to);
        to.Reshape(Columns.Count, rows.Length);
        double sum = 0;
        for (var i = 0; i < rows.Length; i++)
        {
            var random = new PhiloxStream(_seed ^ 0x43_45_4C_4CUL, ((ulong)(uint)epoch << 32) | (uint)rows[i]);
            var bits = random.NextUInt32() & (epoch < 0 ? 0 : uint.MaxValue);
            var turn = _turns && epoch >= 0 ? 2 * Math.PI * random.NextDouble() : 0;
            for (var c = 0; c < Columns.Count; c++)
            {
                var x = _sample.Row(rows[i])[c];
                var flip = (_symmetries[c] == ColumnSymmetry.Mirror && (bits & 1) != 0) || (_symmetries[c] == ColumnSymmetry.Reflection && (bits & 2) != 0);
                if (turn != 0 && _symmetries[c] == ColumnSymmetry.Rotation)
                {
                    Columns[c].TryForward(Turned(x, turn), _conditionOfMaps(rows[i]), out var turned, out _);
                    to[c, i] = (float)turned;
                    continue;
                }

                if (Columns[c].Dequantisation is not { } cells)
                {
                    to[c, i] = (flip ? _images[c]! : _values[c])[rows[i]];
                    continue;
                }

                var (spread, logSpread) = cells.Spread(flip ? ImageOf(_symmetries[c], x) : x, random.NextDouble());
                Columns[c].TryForward(spread, _conditionOfMaps(rows[i]), out var t, out var log);
                to[c, i] = (float)t;
                sum += log - logSpread;
            }
        }

        return sum;
    }

    /// <summary>Sum over rows of the log-Jacobians of the columns that are not on a grid [nat].</summary>
    public double LogJacobian(ReadOnlySpan<int> rows)
    {
        double sum = 0;
        for (var c = 0; c < Columns.Count; c++)
        {
            if (Columns[c].Dequantisation is not null)
            {
                continue;
            }

            foreach (var row in rows)
            {
                Columns[c].TryForward(_sample.Row(row)[c], _conditionOfMaps(row), out _, out var log);
                sum += log;
            }
        }

        return sum;
    }

    private ConditionParameter ParameterOf(ColumnRecipe recipe, int place, int[] training)
    {
        // More different values than this are a continuous parameter, of which only the range is told.
        const int mostPoints = 32;
        var values = new SortedSet<double>();
        foreach (var row in training)
        {
            values.Add(_sample.Row(row)[place]);
        }

        return new ConditionParameter(recipe.Name, recipe.Unit, recipe.Description, values.Min, values.Max, values.Count <= mostPoints ? [.. values] : [values.Min, values.Max]) { Alternative = recipe.Alternative };
    }

    private ColumnPreprocessing Fit(int column, string name, IReadOnlyList<MapRecipe> recipes, int[] training)
    {
        List<double> values = new(2 * training.Length), at = new(2 * training.Length);
        foreach (var (row, k) in training.Select((row, k) => (row, k)))
        {
            var x = _sample.Row(row)[column];
            double[] images = _symmetries[column] switch
            {
                ColumnSymmetry.None => [x],
                ColumnSymmetry.Rotation => [Math.PI * ((((2 * k) + 1.0) / training.Length) - 1)],
                var symmetry => [x, ImageOf(symmetry, x)],
            };
            values.AddRange(images);
            at.AddRange(Enumerable.Repeat(_conditionOfMaps(row), images.Length));
        }

        // Conditions go with their values.
        double[] sorted = [.. values], conditions = [.. at];
        Array.Sort(sorted, conditions);
        List<ObservableMap> maps = [];
        foreach (var recipe in recipes)
        {
            ObservableMap map;
            try
            {
                map = Conditions.Count == 1 ? recipe.Fit(sorted, conditions) : recipe.Fit(sorted);
            }
            catch (ArgumentException e)
            {
                throw new ArgumentException($"Column '{name}': {e.Message}", e);
            }

            if (map.Fault() is { } fault)
            {
                throw new ArgumentException($"Column '{name}': the map {fault}.");
            }

            maps.Add(map);
            for (var k = 0; k < sorted.Length; k++)
            {
                sorted[k] = map is ObservableMap.Dequantise cells
                    ? cells.Spread(sorted[k], new PhiloxStream(_seed ^ 0x46_49_54_53UL, (ulong)k, (uint)column).NextDouble()).X
                    : map.Forward(sorted[k], conditions[k]).T;
            }

            Array.Sort(sorted, conditions);
        }

        return new ColumnPreprocessing(maps);
    }

    /// <summary>A value on the other side of the mirror.</summary>
    internal static double ImageOf(ColumnSymmetry symmetry, double x) => symmetry == ColumnSymmetry.Reflection ? (2 * Math.PI) - x : -x;

    /// <summary>An azimuth after a rotation, from -pi to pi.</summary>
    private static double Turned(double azimuth, double angle) => Math.IEEERemainder(azimuth + angle, 2 * Math.PI);

    /// <exception cref="ArgumentException">A column that is turned has values that are no azimuths, or maps that do not take all
    /// azimuths.</exception>
    private void RequireAzimuth(int column, ColumnPreprocessing preprocessing, string name)
    {
        // Azimuths in few digits may be beyond pi by their rounding.
        const double most = Math.PI + 1e-3;
        for (var row = 0; row < _sample.Count && _symmetries[column] == ColumnSymmetry.Rotation; row++)
        {
            if (!(Math.Abs(_sample.Row(row)[column]) <= most))
            {
                throw new ArgumentException($"Column '{name}' is {_sample.Row(row)[column]} in event {row}, but data.rotate turns it: expected an azimuth from -pi to pi.");
            }
        }

        if (_symmetries[column] == ColumnSymmetry.Rotation && !(preprocessing.TryForward(-Math.PI, out _, out _) && preprocessing.TryForward(Math.PI, out _, out _)))
        {
            throw new ArgumentException($"Column '{name}' has maps that do not take all azimuths from -pi to pi, to which data.rotate turns it. Take gauss-rank, or limits beyond pi.");
        }
    }

    private float[] Map(int column, Func<double, double> image, ColumnPreprocessing preprocessing, string name)
    {
        var mapped = new float[_sample.Count];
        for (var row = 0; row < mapped.Length; row++)
        {
            var x = image(_sample.Row(row)[column]);
            if (!preprocessing.TryForward(x, _conditionOfMaps(row), out var t, out _))
            {
                throw new ArgumentException($"Column '{name}' is {x} in event {row}, outside the domain of its maps. Give limits or offsets that hold all values, or take another map.");
            }

            mapped[row] = (float)t;
        }

        return mapped;
    }
}
