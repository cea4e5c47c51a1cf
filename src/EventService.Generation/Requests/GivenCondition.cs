using EventService.Models.Conditions;
using EventService.Models.Contracts;

namespace EventService.Generation.Requests;

/// <summary>
/// What a request says of a parameter, by its name or by that of its alternative. The one door at which values of alternatives become
/// values of parameters: behind it there are none, so that both ways of asking give the same events and the same receipt.
/// </summary>
public sealed class GivenCondition
{
    private readonly ConditionParameter _parameter;
    private readonly string _given;
    private readonly bool _isAlternative;

    private GivenCondition(ConditionParameter parameter, string given, bool isAlternative) => (_parameter, _given, _isAlternative) = (parameter, given, isAlternative);

    /// <summary>
    /// As it would be asked for by the parameter: the text as it was given, or with the parameter's values in place of the alternative's.
    /// </summary>
    /// <exception cref="RequestException">The alternative's values are not understood.</exception>
    public string Text => _isAlternative ? ConditionSource.Parse(_given, _parameter.Alternative!.Name).Through(_parameter.Alternative).Text : _given;

    /// <summary>What a request says of the parameter; null if nothing.</summary>
    /// <param name="parameter">The parameter of the model.</param>
    /// <param name="texts">The parameters of the request.</param>
    /// <exception cref="RequestException">It has the parameter and its alternative.</exception>
    public static GivenCondition? Find(ConditionParameter parameter, IReadOnlyDictionary<string, string> texts)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        ArgumentNullException.ThrowIfNull(texts);
        var own = texts.GetValueOrDefault(parameter.Name);
        var other = parameter.Alternative is { } alternative ? texts.GetValueOrDefault(alternative.Name) : null;
        if (own is not null && other is not null)
        {
            throw new RequestException(RequestFault.BadValue,
                $"{parameter.Name} is given as '{own}' and {parameter.Alternative!.Name} as '{other}', expected one of them: {parameter.Alternative.Formula(parameter.Name)}.");
        }

        return own is not null ? new GivenCondition(parameter, own, isAlternative: false)
            : other is not null ? new GivenCondition(parameter, other, isAlternative: true)
            : null;
    }

    /// <summary>The one value of the parameter.</summary>
    /// <exception cref="RequestException">It is no number.</exception>
    public double Number() => _isAlternative
        ? _parameter.Alternative!.ParameterAt(RequestValue.Number(_given, _parameter.Alternative.Name))
        : RequestValue.Number(_given, _parameter.Name);
}
