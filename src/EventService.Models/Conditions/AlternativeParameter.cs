using System.Globalization;
using System.Text.Json.Serialization;


namespace EventService.Models.Conditions;

/// <summary>
/// Another way to say the value of a parameter: alternative = offset + scale * parameter, as the mass of a chargino is 100 GeV + 2100 GeV *
/// eps. Requests may have either; models know the parameter only.
/// </summary>
/// <param name="Name">As requests name it, such as "mChargino".</param>
/// <param name="Unit">"GeV", or "1".</param>
/// <param name="Description">What it is.</param>
/// <param name="Offset">Where the parameter is 0.</param>
/// <param name="Scale">By one of the parameter; above 0, so that ranges keep their direction and grids their start.</param>
/// <remarks>
/// Decimal, since both sides are decimals that people write: (1045 - 100) / 2100 is then the very 0.45 that a request by the parameter has,
/// and its events the same bits.
/// </remarks>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record AlternativeParameter(string Name, string Unit, string Description, decimal Offset, decimal Scale)
{
    // With these no quotient or product comes near the largest decimal, 7.9e28.
    private const double Largest = 1e15;
    private const decimal LargestOffset = 1e12m;
    private const decimal SmallestScale = 1e-9m;
    private const decimal LargestScale = 1e9m;

    /// <summary>The parameter at a value of this: the number nearest to the quotient, which is right to 28 decimal places.</summary>
    public double ParameterAt(double value) => Scaled(value, Offset);

    /// <summary>The step of the parameter that is a step of this.</summary>
    public double ParameterStep(double step) => Scaled(step, 0);

    /// <summary>
    /// The value of this at a parameter, to 15 digits of the larger term: what a request gave, whose parameter may be a repeating decimal
    /// (1000 GeV are eps = 0.428571...).
    /// </summary>
    public double At(double parameter)
    {
        if (!(Math.Abs(parameter) <= Largest))
        {
            return (double)Offset + ((double)Scale * parameter);
        }

        // Where both terms cancel, the digits behind the 15th are those of the parameter's rounding.
        var product = Scale * Exact(parameter);
        var larger = Math.Max(Math.Abs(Offset), Math.Abs(product)).ToString("E14", CultureInfo.InvariantCulture);
        var places = 14 - int.Parse(larger.AsSpan(larger.IndexOf('E') + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return Number(decimal.Round(Offset + product, Math.Clamp(places, 0, 28)).ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>As in "mChargino = 100 + 2100 eps".</summary>
    public string Formula(string parameter) => string.Create(CultureInfo.InvariantCulture, $"{Name} = {Offset} + {Scale} {parameter}");

    /// <summary>What is wrong; null if nothing is.</summary>
    internal string? Fault() =>
        Name.Length == 0 ? "an alternative has no name, expected one as requests name it, such as mChargino"
        : Scale is not (>= SmallestScale and <= LargestScale) ? string.Create(CultureInfo.InvariantCulture, $"the alternative '{Name}' has the scale {Scale}, expected {SmallestScale} to {LargestScale}: it rises with the parameter")
        : Math.Abs(Offset) > LargestOffset ? string.Create(CultureInfo.InvariantCulture, $"the alternative '{Name}' has the offset {Offset}, expected at most {LargestOffset}")
        : null;

    // What is beyond is outside of any hull, whatever its last digits.
    private double Scaled(double value, decimal origin) => Math.Abs(value) <= Largest
        ? Number(((Exact(value) - origin) / Scale).ToString(CultureInfo.InvariantCulture))
        : (value - (double)origin) / (double)Scale;

    // The shortest decimal of a double is what a person wrote; the conversion of the language would cut it to 15 digits.
    private static decimal Exact(double value) => decimal.Parse(value.ToString("R", CultureInfo.InvariantCulture), NumberStyles.Float, CultureInfo.InvariantCulture);

    // By way of the text, which is rounded once.
    private static double Number(string text) => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
}
