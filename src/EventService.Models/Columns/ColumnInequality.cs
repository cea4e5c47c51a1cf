using System.Globalization;
using System.Text.Json.Serialization;

using EventService.Models.Sampling;

namespace EventService.Models.Columns;

/// <summary>
/// What holds of the columns of every event: a sum of factor times column, or times a product of columns, is at least a bound, as jet1_pt -
/// jet2_pt is at least 0.
/// </summary>
/// <param name="Terms">Factor of each column that takes part; the key of a product is "n_jets*jet3_pt".</param>
/// <param name="AtLeast">The bound, which belongs to what is allowed.</param>
/// <param name="Meaning">Why, as a sentence without its end: "jets are sorted by pT".</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ColumnInequality(IReadOnlyDictionary<string, double> Terms, double AtLeast, string Meaning)
{
    private const char Times = '*';

    /// <summary>As in "jet1_pt - jet2_pt >= 0".</summary>
    public override string ToString() => string.Concat(Terms.Select((t, k) => (Math.Sign(t.Value), Math.Abs(t.Value), k) switch
    {
        ( < 0, 1, 0) => $"-{t.Key}",
        ( < 0, 1, _) => $" - {t.Key}",
        (_, 1, 0) => t.Key,
        (_, 1, _) => $" + {t.Key}",
        (_, _, 0) => string.Create(CultureInfo.InvariantCulture, $"{t.Value} {t.Key}"),
        ( < 0, var factor, _) => string.Create(CultureInfo.InvariantCulture, $" - {factor} {t.Key}"),
        (_, var factor, _) => string.Create(CultureInfo.InvariantCulture, $" + {factor} {t.Key}"),
    })) + string.Create(CultureInfo.InvariantCulture, $" >= {AtLeast}");

    /// <summary>The columns that take part.</summary>
    [JsonIgnore]
    public IEnumerable<string> Columns => Terms.Keys.SelectMany(Factors);

    /// <summary>What is wrong; null if nothing is.</summary>
    public string? Fault(IReadOnlyList<string> columns)
    {
        if (Terms is null or { Count: 0 } || string.IsNullOrWhiteSpace(Meaning) || !double.IsFinite(AtLeast) || Terms.Values.Any(f => !double.IsFinite(f)))
        {
            return "has no terms, no meaning, or a number that is not finite, expected factors of columns, a bound and a reason";
        }

        return Columns.FirstOrDefault(name => !columns.Contains(name)) is { } unknown
            ? $"names '{unknown}', expected columns of the events: {string.Join(", ", columns)}"
            : null;
    }

    /// <summary>The terms with the places of their columns.</summary>
    internal (double Factor, int[] Columns)[] Over(string[] columns) =>
        [.. Terms.Select(t => (t.Value, Factors(t.Key).Select(name => Array.IndexOf(columns, name)).ToArray()))];

    private static string[] Factors(string term) => term.Split(Times, StringSplitOptions.TrimEntries);
}
