using System.Security.Cryptography;
using System.Text;

using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Physics.Events;
using EventService.Physics.Formats;
using EventService.Physics.Observables;
using EventService.Training.Recipes;

namespace EventService.Training.Tables;

/// <summary>
/// The events of a recipe with several points: one file a point, the rows of all behind each other; those of tables with the values of
/// their point as last columns.
/// </summary>
/// <remarks>Rows are numbered within their point, so that the split into training and test events is that of each file alone.</remarks>
public sealed class PointTable : TrainingData
{
    // Cross-sections are told with four digits, weights with six.
    private const double Rounding = 5e-4;

    private PointTable(EventSample sample, IReadOnlyList<TrainedPoint> points, IReadOnlyList<int> starts, ConditionDomain domain, string sha256)
        : base(sample, sha256)
    {
        (Points, Starts, Domain) = (points, starts, domain);
    }

    /// <summary>The points in the order of the recipe.</summary>
    public IReadOnlyList<TrainedPoint> Points { get; }

    /// <summary>First row of each point, and the number of all rows.</summary>
    public IReadOnlyList<int> Starts { get; }

    /// <summary>What model documents say of them.</summary>
    public ConditionDomain Domain { get; }

    /// <param name="recipe">A recipe with points.</param>
    /// <param name="folder">Where their files are.</param>
    /// <exception cref="DataFormatException">A file has faults.</exception>
    /// <exception cref="ModelFormatException">A point has no events that the recipe takes, or its efficiency is not a share.</exception>
    public static PointTable Read(TableRecipe recipe, string folder)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        var data = recipe.Data;
        var sample = new EventSample(data.Columns.Count + data.Conditions.Count) { ProcessName = recipe.Process };
        return Read(sample, data.Points, data.Constraints, [.. data.Conditions.Select(c => c.Name)], folder, (point, path, values) =>
            recipe.TakesWholeEvents ? AddObservables(recipe, point, path, values, sample) : AddRows(recipe, point, path, values, sample));
    }

    /// <summary>Whole events: their rows have no columns, and the values of a row are those of its point.</summary>
    /// <param name="process">Their process.</param>
    /// <param name="points">The points.</param>
    /// <param name="constraints">What must hold of any values of the parameters.</param>
    /// <param name="conditions">Names of the parameters.</param>
    /// <param name="folder">Where the files are.</param>
    /// <exception cref="DataFormatException">A file has faults.</exception>
    /// <exception cref="ModelFormatException">A point has no events, or its efficiency is not a share.</exception>
    public static PointTable ReadWholeEvents(
        string process,
        IReadOnlyList<PointRecipe> points,
        IReadOnlyList<ConditionConstraint> constraints,
        string[] conditions,
        string folder)
    {
        var sample = new EventSample { ProcessName = process };
        return Read(sample, points, constraints, conditions, folder, (point, path, _) =>
        {
            var events = DarkMachinesReader.ReadAll(path);
            for (var k = 0; k < events.Count; k++)
            {
                sample.AddFrom(events, k, k);
            }

            return point.SelectionEfficiency ?? SampleTotals.SelectionEfficiency(SampleTotals.SumOfWeights(events), point.CrossSectionPb);
        });
    }

    /// <param name="sample">Receives the events of all points.</param>
    /// <param name="recipes">The points.</param>
    /// <param name="constraints">The constraints of the domain.</param>
    /// <param name="conditions">Names of the parameters, in their order.</param>
    /// <param name="folder">Where the files are.</param>
    /// <param name="add">Adds the events of a point, given its file and values, and returns their efficiency.</param>
    private static PointTable Read(EventSample sample, IReadOnlyList<PointRecipe> recipes, IReadOnlyList<ConditionConstraint> constraints, string[] conditions, string folder, Func<PointRecipe, string, double[], double> add)
    {
        List<TrainedPoint> points = [];
        List<int> starts = [0];
        var list = new StringBuilder();
        foreach (var point in recipes)
        {
            var path = Path.Combine(folder, point.File);
            if (!File.Exists(path))
            {
                throw new FileNotFoundException($"'{path}' not found. Give the folder that has the files of the recipe's points: {string.Join(", ", recipes.Select(p => p.File))}.", path);
            }

            double[] values = [.. conditions.Select(c => point.Values[c])];
            var efficiency = add(point, path, values);
            if (sample.Count == starts[^1])
            {
                throw new ModelFormatException($"{point.File} has no event that the recipe takes, expected some.");
            }

            if (efficiency is not (> 0 and <= 1 + Rounding))
            {
                throw new ModelFormatException($"{point.File} has the efficiency {efficiency} with the cross-section {point.CrossSectionPb} pb, expected a number above 0 and at most 1. Weights of a file add up to the events expected in 10/fb; or give selectionEfficiency.");
            }

            var sha256 = Digest(path);
            list.Append($"{sha256}  {point.File}\n");
            points.Add(new TrainedPoint(values)
            {
                CrossSectionPb = point.CrossSectionPb,
                SelectionEfficiency = Math.Min(efficiency, 1),
                TrainingEvents = DataSplit.Rows(sample.Count - starts[^1], DataSplit.IsTraining).Length,
                DataFile = point.File,
                DataSha256 = sha256,
            });
            starts.Add(sample.Count);
        }

        return new PointTable(sample, points, starts, new ConditionDomain { Points = points, Constraints = constraints }, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(list.ToString()))));
    }

    /// <summary>The whole events of each point, by rising values.</summary>
    /// <param name="conditions">Names of the parameters.</param>
    public IReadOnlyList<ConditionPoint> ToConditionPoints(IEnumerable<string> conditions) =>
        [.. Points.Select((p, k) => new ConditionPoint(ConditionPoint.NameOf(conditions, p.Values), p.Values, EventSubset.At(Sample, Enumerable.Range(Starts[k], Starts[k + 1] - Starts[k]))))
            .OrderBy(p => p.Values[0]).ThenBy(p => p.Name, StringComparer.Ordinal)];

    /// <summary>The table without the rows of these values, for a model that is to be judged there.</summary>
    public PointTable Without(IReadOnlyList<double> values)
    {
        var left = Enumerable.Range(0, Points.Count).Where(p => !Points[p].Values.SequenceEqual(values)).ToArray();
        TrainedPoint[] points = [.. left.Select(p => Points[p])];
        int[] starts = [0, .. left.Select((_, k) => left[..(k + 1)].Sum(p => Starts[p + 1] - Starts[p]))];
        return new PointTable(EventSubset.At(Sample, left.SelectMany(p => Enumerable.Range(Starts[p], Starts[p + 1] - Starts[p]))), points, starts, Domain with { Points = points }, Sha256);
    }

    /// <summary>Adds the observables of the events that have them all; returns the share of the generated events that these are.</summary>
    private static double AddObservables(TableRecipe recipe, PointRecipe point, string path, double[] values, EventSample to)
    {
        var events = DarkMachinesReader.ReadAll(path);
        Observable[] columns = [.. recipe.Data.Columns.Select(c => JetObservables.Find(c.Observable!)!)];
        Observable[] required = [.. columns, .. recipe.Data.Require.Select(name => JetObservables.Find(name)!)];
        var kinematics = new EventKinematics();
        var row = new double[to.ColumnCount];
        values.CopyTo(row, columns.Length);
        var (kept, weight, all) = (0, 0.0, 0.0);
        for (var k = 0; k < events.Count; k++)
        {
            all += events.Weight[k];
            kinematics.Load(events, k);
            if (!required.All(o => double.IsFinite(o.Value(kinematics))))
            {
                continue;
            }

            for (var c = 0; c < columns.Length; c++)
            {
                row[c] = columns[c].Value(kinematics);
            }

            weight += events.Weight[k];
            to.AddRow(kept++, row);
        }

        return point.SelectionEfficiency is { } efficiency ? efficiency * weight / all : SampleTotals.SelectionEfficiency(weight, point.CrossSectionPb);
    }

    private static double AddRows(TableRecipe recipe, PointRecipe point, string path, double[] values, EventSample to)
    {
        var table = recipe.ReadColumns(File.OpenRead(path), point.File);
        var row = new double[to.ColumnCount];
        values.CopyTo(row, recipe.Data.Columns.Count);
        for (var k = 0; k < table.Count; k++)
        {
            table.Row(k).CopyTo(row);
            to.AddRow(k, row);
        }

        return point.SelectionEfficiency ?? 1;
    }

    private static string Digest(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
