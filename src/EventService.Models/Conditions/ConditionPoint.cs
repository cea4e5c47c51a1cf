using System.Globalization;

using EventService.Physics.Events;

namespace EventService.Models.Conditions;

/// <summary>The simulated events at one point of the conditions.</summary>
/// <param name="Name">As in "mGluino=1400"; it is no harm to a file system.</param>
/// <param name="Values">Values of the conditions, in the order of the recipe.</param>
/// <param name="Sample">Whole events, or the rows without the columns of the conditions; their numbers tell what the split made of
/// them.</param>
public sealed record ConditionPoint(string Name, IReadOnlyList<double> Values, EventSample Sample)
{
    /// <summary>As in "mGluino=1400".</summary>
    public static string NameOf(IEnumerable<string> conditions, IReadOnlyList<double> values) =>
        string.Join(',', conditions.Zip(values, (c, v) => string.Create(CultureInfo.InvariantCulture, $"{c}={v}")));
}
