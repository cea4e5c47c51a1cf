using System.Globalization;

using EventService.Models.Sampling;

namespace EventService.Models.Conditions;

/// <summary>
/// What every values of the parameters have to fulfil: the sum of factor times parameter is above a bound, as mGluino - mLSP is above 0.
/// </summary>
/// <param name="Terms">Factor of each parameter that takes part.</param>
/// <param name="Above">The bound, in the parameters' unit; it does not belong to what is allowed.</param>
/// <param name="Meaning">Why, as a sentence without its end: "a gluino is heavier than the neutralino it decays to".</param>
public sealed record ConditionConstraint(IReadOnlyDictionary<string, double> Terms, double Above, string Meaning)
{
    /// <param name="parameters">All parameters of the model.</param>
    /// <param name="values">Their values, in the same order.</param>
    public bool HoldsFor(IReadOnlyList<ConditionParameter> parameters, IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(values);
        var sum = 0.0;
        for (var k = 0; k < parameters.Count; k++)
        {
            sum += Terms.GetValueOrDefault(parameters[k].Name) * values[k];
        }

        return sum > Above;
    }

    /// <summary>As in "mGluino - mLSP > 0".</summary>
    public override string ToString() => string.Concat(Terms.Select((t, k) => (t.Value, k) switch
    {
        (1, 0) => t.Key,
        (1, _) => $" + {t.Key}",
        (-1, 0) => $"-{t.Key}",
        (-1, _) => $" - {t.Key}",
        (_, 0) => string.Create(CultureInfo.InvariantCulture, $"{t.Value} {t.Key}"),
        _ => string.Create(CultureInfo.InvariantCulture, $" + {t.Value} {t.Key}"),
    })) + string.Create(CultureInfo.InvariantCulture, $" > {Above}");
}
