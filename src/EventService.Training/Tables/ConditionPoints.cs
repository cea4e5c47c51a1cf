using EventService.Models.Conditions;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Training.Tables;

/// <summary>The points of a table of simulated events, and the split of their events.</summary>
public static class ConditionPoints
{
    /// <summary>More different values are no grid of points.</summary>
    private const int Most = 64;

    /// <summary>Rows of a point that no training uses.</summary>
    public static int[] TestRows(this ConditionPoint point)
    {
        ArgumentNullException.ThrowIfNull(point);
        return [.. Enumerable.Range(0, point.Sample.Count).Where(k => DataSplit.IsTest(point.Sample.EventNumber[k]))];
    }

    /// <summary>The points of a table, by rising values.</summary>
    /// <param name="sample">Rows with the values of the conditions as last columns.</param>
    /// <param name="recipe">A recipe with conditions.</param>
    /// <exception cref="ArgumentException">There are too many different values.</exception>
    public static IReadOnlyList<ConditionPoint> Of(EventSample sample, TableRecipe recipe)
    {
        ArgumentNullException.ThrowIfNull(sample);
        ArgumentNullException.ThrowIfNull(recipe);
        var columns = recipe.Data.Columns.Count;
        Dictionary<string, ConditionPoint> points = [];
        for (var k = 0; k < sample.Count; k++)
        {
            var values = sample.Row(k)[columns..].ToArray();
            var name = ConditionPoint.NameOf(recipe.Data.Conditions.Select(c => c.Name), values);
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
