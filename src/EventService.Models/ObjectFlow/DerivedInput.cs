using EventService.Models.Conditions;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Models.ObjectFlow;

/// <summary>
/// A further input of the networks under conditions: constant + sum of factor times parameter, such as the mass difference mStop - mLSP -
/// 173 GeV that a decay has for its momenta.
/// </summary>
/// <param name="Terms">Factor of each parameter that takes part.</param>
/// <param name="Constant">What is added, in the parameters' unit.</param>
public sealed record DerivedInput(IReadOnlyDictionary<string, double> Terms, double Constant = 0)
{
    /// <param name="parameters">All parameters of the model.</param>
    /// <param name="values">Their values, in the same order.</param>
    public double Of(IReadOnlyList<ConditionParameter> parameters, IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(values);
        var sum = Constant;
        for (var k = 0; k < parameters.Count; k++)
        {
            sum += Terms.GetValueOrDefault(parameters[k].Name) * values[k];
        }

        return sum;
    }

    /// <summary>What is wrong with an input of these parameters; null if nothing is.</summary>
    internal string? Fault(IEnumerable<string> parameters) =>
        Terms is not { Count: > 0 } || !Terms.Values.All(double.IsFinite) || !double.IsFinite(Constant) ? "a derived input without terms, or with a factor that is not finite"
        : Terms.Keys.FirstOrDefault(name => !parameters.Contains(name)) is { } unknown ? $"a derived input of '{unknown}', expected of {string.Join(", ", parameters)}"
        : null;
}
