using System.Globalization;

namespace EventService.Generation.Requests;

/// <summary>Texts from a query, a JSON body or a command line as values.</summary>
public static class RequestValue
{
    /// <summary>An unsigned 64-bit number in decimal digits.</summary>
    /// <exception cref="RequestException">It is none.</exception>
    public static ulong Seed(string text) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seed)
            ? seed
            : throw new RequestException(RequestFault.BadValue, $"seed is '{text}', expected a whole number from 0 to {ulong.MaxValue}.");

    /// <exception cref="RequestException">It is neither true nor false.</exception>
    public static bool Flag(string text, string name) => text switch
    {
        "true" or "1" => true,
        "false" or "0" => false,
        _ => throw new RequestException(RequestFault.BadValue, $"{name} is '{text}', expected true or false."),
    };

    /// <summary>A finite decimal number.</summary>
    /// <exception cref="RequestException">It is none.</exception>
    public static double Number(string text, string name) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
            ? value
            : throw new RequestException(RequestFault.BadValue, $"{name} is '{text}', expected a number.");

    /// <summary>The values of the model's conditions, each within the hull of its training points.</summary>
    /// <exception cref="RequestException">A value is missing, not a number, or outside.</exception>
    public static IReadOnlyList<double> Condition(IReadOnlyDictionary<string, string> values, IReadOnlyList<ConditionParameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(parameters);
        return [.. parameters.Select(parameter =>
        {
            var domain = FormattableString.Invariant($"{parameter.Minimum} to {parameter.Maximum} {parameter.Unit}");
            if (!values.TryGetValue(parameter.Name, out var text))
            {
                throw new RequestException(RequestFault.BadValue, $"{parameter.Name} is not given; this model needs it, {domain}: {parameter.Description}.");
            }

            var value = Number(text, parameter.Name);
            return value >= parameter.Minimum && value <= parameter.Maximum
                ? value
                : throw new RequestException(RequestFault.Cannot, FormattableString.Invariant($"{parameter.Name} is {value} {parameter.Unit}, outside what this model was trained on: {domain}."));
        })];
    }

    /// <summary>Checks that the arithmetic asked for is the one there is.</summary>
    /// <exception cref="RequestException">It is another.</exception>
    public static void RequireNumerics(string? profile)
    {
        if (profile is not null and not NumericsProfile.CpuFp32V1)
        {
            throw new RequestException(RequestFault.Cannot, $"Numerics profile '{profile}' is not available here. Available: '{NumericsProfile.CpuFp32V1}'.");
        }
    }
}
