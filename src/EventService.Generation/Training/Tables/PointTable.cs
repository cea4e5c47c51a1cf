using System.Security.Cryptography;
using System.Text;

using EventService.Generation.Conditions;
using EventService.Generation.Training.Recipes;
using EventService.Physics.Events;
using EventService.Physics.Formats;
using EventService.Physics.Observables;

namespace EventService.Generation.Training.Tables;

/// <summary>The events of a recipe with several points: one file a point, the rows of all behind each other with the values of their point as last columns.</summary>
/// <remarks>Rows are numbered within their point, so that the split into training and test events is that of each file alone.</remarks>
public sealed class PointTable
{
    private PointTable(EventSample sample, IReadOnlyList<TrainedPoint> points, IReadOnlyList<int> starts, ConditionDomain domain, string sha256)
    {
        (Sample, Points, Starts, Domain, Sha256) = (sample, points, starts, domain, sha256);
    }

    /// <summary>All rows.</summary>
    public EventSample Sample { get; }

    /// <summary>The points in the order of the recipe.</summary>
    public IReadOnlyList<TrainedPoint> Points { get; }

    /// <summary>First row of each point, and the number of all rows.</summary>
    public IReadOnlyList<int> Starts { get; }

    /// <summary>What model documents say of them.</summary>
    public ConditionDomain Domain { get; }

    /// <summary>Digest of the list of files as sha256sum prints it.</summary>
    public string Sha256 { get; }

    /// <param name="recipe">A recipe with points.</param>
    /// <param name="folder">Where their files are.</param>
    /// <exception cref="DataFormatException">A file has faults.</exception>
    /// <exception cref="ModelFormatException">A point has no events that the recipe takes, or its efficiency is none.</exception>
    public static PointTable Read(Recipe recipe, string folder)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        var data = recipe.Data;
        var sample = new EventSample(data.Columns.Count + data.Conditions.Count) { ProcessName = recipe.Process };
        List<TrainedPoint> points = [];
        List<int> starts = [0];
        var list = new StringBuilder();
        foreach (var point in data.Points)
        {
            var path = Path.Combine(folder, point.File);
            if (!File.Exists(path))
            {
                throw new FileNotFoundException($"'{path}' not found. Give the folder that has the files of the recipe's points: {string.Join(", ", data.Points.Select(p => p.File))}.", path);
            }

            double[] values = [.. data.Conditions.Select(c => point.Values[c.Name])];
            var efficiency = recipe.TakesWholeEvents ? AddWholeEvents(recipe, point, path, values, sample) : AddRows(recipe, point, path, values, sample);
            if (sample.Count == starts[^1])
            {
                throw new ModelFormatException($"{point.File} has no event that the recipe takes, expected some.");
            }

            if (efficiency is not (> 0 and <= 1 + 1e-6))
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

        return new PointTable(sample, points, starts, new ConditionDomain { Points = points, Constraints = data.Constraints }, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(list.ToString()))));
    }

    /// <summary>The table without the rows of these values, for a model that is to be judged there.</summary>
    public PointTable Without(IReadOnlyList<double> values)
    {
        var left = Enumerable.Range(0, Points.Count).Where(p => !Points[p].Values.SequenceEqual(values)).ToArray();
        TrainedPoint[] points = [.. left.Select(p => Points[p])];
        int[] starts = [0, .. left.Select((_, k) => left[..(k + 1)].Sum(p => Starts[p + 1] - Starts[p]))];
        return new PointTable(EventSubset.At(Sample, left.SelectMany(p => Enumerable.Range(Starts[p], Starts[p + 1] - Starts[p]))), points, starts, Domain with { Points = points }, Sha256);
    }

    /// <summary>Adds the observables of the events that have them all; returns the share of the generated events that these are.</summary>
    private static double AddWholeEvents(Recipe recipe, PointRecipe point, string path, double[] values, EventSample to)
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

    private static double AddRows(Recipe recipe, PointRecipe point, string path, double[] values, EventSample to)
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
