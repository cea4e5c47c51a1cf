using System.Globalization;

using EventService.Generation.Training.Recipes;
using EventService.Physics.Events;

namespace EventService.Generation.Training.Tables;

/// <summary>The events of a table that have the same values of the conditions.</summary>
/// <param name="Name">As in "mGluino=1400"; it is no harm to a file system.</param>
/// <param name="Values">Of the conditions, in the order of the recipe.</param>
/// <param name="Sample">Whole events, or the rows without the columns of the conditions; their numbers tell what the split made of them.</param>
public sealed record ConditionPoint(string Name, IReadOnlyList<double> Values, EventSample Sample)
{
    /// <summary>More different values are no grid of points.</summary>
    private const int Most = 64;

    /// <summary>Rows that no training uses.</summary>
    public int[] TestRows => [.. Enumerable.Range(0, Sample.Count).Where(k => DataSplit.IsTest(Sample.EventNumber[k]))];

    /// <summary>As in "mGluino=1400".</summary>
    public static string NameOf(IEnumerable<string> conditions, IReadOnlyList<double> values) =>
        string.Join(',', conditions.Zip(values, (c, v) => string.Create(CultureInfo.InvariantCulture, $"{c}={v}")));

    /// <summary>The points of a table, by rising values.</summary>
    /// <param name="sample">Rows with the values of the conditions as last columns.</param>
    /// <param name="recipe">A recipe with conditions.</param>
    /// <exception cref="ArgumentException">There are too many different values.</exception>
    public static IReadOnlyList<ConditionPoint> Of(EventSample sample, Recipe recipe)
    {
        ArgumentNullException.ThrowIfNull(sample);
        ArgumentNullException.ThrowIfNull(recipe);
        var columns = recipe.Data.Columns.Count;
        Dictionary<string, ConditionPoint> points = [];
        for (var k = 0; k < sample.Count; k++)
        {
            var values = sample.Row(k)[columns..].ToArray();
            var name = NameOf(recipe.Data.Conditions.Select(c => c.Name), values);
            if (!points.TryGetValue(name, out var point))
            {
                points.Add(name, point = new ConditionPoint(name, values, new EventSample(columns) { ProcessName = sample.ProcessName }));
                if (points.Count > Most)
                {
                    throw new ArgumentException($"The data have more than {Most} different values of {string.Join(", ", recipe.Data.Conditions.Select(c => c.Name))}, expected a grid of points to compare at.");
                }
            }

            point.Sample.AddRow(sample.EventNumber[k], sample.Row(k)[..columns]);
        }

        return [.. points.Values.OrderBy(p => p.Values[0]).ThenBy(p => p.Name, StringComparer.Ordinal)];
    }
}
