using EventService.Engine.Random;
using EventService.Engine.Tensors;
using EventService.Generation.Architectures.Flows;
using EventService.Generation.Training.Recipes;
using EventService.Physics.Events;

namespace EventService.Generation.Training.Tables;

/// <summary>
/// The events of a table as a flow sees them: every column through its maps, once for all but for those on a grid, which are spread over their cells
/// anew in each use. Maps are fitted to the training events only.
/// </summary>
public sealed class TableCoordinates
{
    private readonly EventSample _sample;
    private readonly ulong _seed;
    private readonly bool[] _mirrored;
    private readonly float[][] _values;
    private readonly float[]?[] _mirroredValues;

    /// <param name="sample">The table.</param>
    /// <param name="training">Rows that the maps are fitted to.</param>
    /// <param name="recipe">Maps and mirrored columns.</param>
    /// <param name="seed">Of the places within cells.</param>
    /// <exception cref="ArgumentException">A map cannot be fitted, or a value is outside the domain of its maps.</exception>
    public TableCoordinates(EventSample sample, int[] training, TableRecipe recipe, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(sample);
        ArgumentNullException.ThrowIfNull(training);
        ArgumentNullException.ThrowIfNull(recipe);
        (_sample, _seed) = (sample, seed);
        _mirrored = [.. recipe.Columns.Select(c => recipe.Mirror.Contains(c.Name))];
        var columns = new ColumnPreprocessing[recipe.Columns.Count];
        _values = new float[columns.Length][];
        _mirroredValues = new float[columns.Length][];
        Parallel.For(0, columns.Length, c =>
        {
            columns[c] = Fit(c, recipe.Columns[c].Name, recipe.Columns[c].Maps ?? recipe.Maps, training);
            _values[c] = Map(c, 1, columns[c], recipe.Columns[c].Name);
            _mirroredValues[c] = _mirrored[c] ? Map(c, -1, columns[c], recipe.Columns[c].Name) : null;
        });
        Columns = columns;
    }

    /// <summary>The fitted maps.</summary>
    public IReadOnlyList<ColumnPreprocessing> Columns { get; }

    /// <summary>Fills [columns, rows] with the flow's numbers, and gives the sum of the log-Jacobians of the maps [nat].</summary>
    /// <param name="rows">Events.</param>
    /// <param name="epoch">The use: places in cells and mirror images are functions of it and of the event; below 0 nothing is mirrored.</param>
    /// <param name="to">Receives the numbers; reshaped.</param>
    public double Fill(ReadOnlySpan<int> rows, int epoch, Tensor to)
    {
        ArgumentNullException.ThrowIfNull(to);
        to.Reshape(Columns.Count, rows.Length);
        double sum = 0;
        for (var i = 0; i < rows.Length; i++)
        {
            var random = new PhiloxStream(_seed ^ 0x43_45_4C_4CUL, ((ulong)(uint)epoch << 32) | (uint)rows[i]);
            var mirror = (random.NextUInt32() & 1) != 0 && epoch >= 0;
            for (var c = 0; c < Columns.Count; c++)
            {
                var flip = mirror && _mirrored[c];
                var spread = Columns[c].Dequantisation is { } cells ? cells.Spread(0, random.NextDouble()) : 0;
                if (spread == 0)
                {
                    to[c, i] = (flip ? _mirroredValues[c]! : _values[c])[rows[i]];
                    continue;
                }

                var x = _sample.Row(rows[i])[c];
                Columns[c].TryForward((flip ? -x : x) + spread, out var t, out var log);
                to[c, i] = (float)t;
                sum += log;
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
                Columns[c].TryForward(_sample.Row(row)[c], out _, out var log);
                sum += log;
            }
        }

        return sum;
    }

    private ColumnPreprocessing Fit(int column, string name, IReadOnlyList<MapRecipe> recipes, int[] training)
    {
        List<double> values = new(2 * training.Length);
        foreach (var row in training)
        {
            var x = _sample.Row(row)[column];
            values.Add(x);
            if (_mirrored[column])
            {
                values.Add(-x);
            }
        }

        var sorted = values.ToArray();
        Array.Sort(sorted);
        List<ObservableMap> maps = [];
        foreach (var recipe in recipes)
        {
            ObservableMap map;
            try
            {
                map = recipe.Fit(sorted);
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
                    ? cells.Spread(sorted[k], new PhiloxStream(_seed ^ 0x46_49_54_53UL, (ulong)k, (uint)column).NextDouble())
                    : map.Forward(sorted[k]).T;
            }

            Array.Sort(sorted);
        }

        return new ColumnPreprocessing(maps);
    }

    private float[] Map(int column, int sign, ColumnPreprocessing preprocessing, string name)
    {
        var mapped = new float[_sample.Count];
        for (var row = 0; row < mapped.Length; row++)
        {
            var x = sign * _sample.Row(row)[column];
            if (!preprocessing.TryForward(x, out var t, out _))
            {
                throw new ArgumentException($"Column '{name}' is {x} in event {row}, outside the domain of its maps. Give limits or offsets that hold all values, or take another map.");
            }

            mapped[row] = (float)t;
        }

        return mapped;
    }
}
