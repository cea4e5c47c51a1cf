using EventService.Models.Conditions;
using EventService.Models.Contracts;

namespace EventService.Generation.Requests;

/// <summary>Reads the conditions of a request.</summary>
public static class GivenConditions
{
    /// <summary>Values of all parameters from the texts of a request, checked by <see cref="ConditionSpace.Require"/>.</summary>
    /// <exception cref="RequestException">One is missing, is not a number, or they are not allowed.</exception>
    public static IReadOnlyList<double> Parse(this ConditionSpace space, IReadOnlyDictionary<string, string> texts)
    {
        ArgumentNullException.ThrowIfNull(space);
        ArgumentNullException.ThrowIfNull(texts);
        double[] values = [.. space.Parameters.Select(p => Of(p, texts).Number())];
        space.Require(values);
        return values;
    }

    /// <summary>What a request says about a parameter.</summary>
    /// <exception cref="RequestException">Nothing, then the message says what the parameter may be; or two things.</exception>
    public static GivenCondition Of(ConditionParameter parameter, IReadOnlyDictionary<string, string> texts)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        return GivenCondition.Find(parameter, texts) ?? throw new RequestException(
            RequestFault.BadValue,
            $"{string.Join(" or ", parameter.Names)} is not given; this model needs it, "
            + $"{ConditionSpace.RangeOf(parameter, parameter.Minimum, parameter.Maximum)}: {parameter.Description}.");
    }
}
