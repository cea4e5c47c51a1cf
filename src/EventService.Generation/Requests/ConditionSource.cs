using System.Globalization;
using System.Text.RegularExpressions;

using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Sampling;

namespace EventService.Generation.Requests;

/// <summary>
/// Where the values of one condition of a stream come from: a number, several, or a prior that each event's own is drawn from.
/// </summary>
public abstract partial record ConditionSource
{
    /// <summary>
    /// Share of a step by which the end of a grid may be missed: steps such as 0.1, or those through an alternative, are rounded numbers.
    /// </summary>
    private const double Rounding = 1e-9;

    private ConditionSource()
    {
    }

    /// <summary>Values between which all lie.</summary>
    public abstract (double Least, double Greatest) Range { get; }

    /// <summary>As in a request: what <see cref="Parse"/> reads back the same.</summary>
    public abstract string Text { get; }

    /// <summary>The same of a parameter, where this is of its alternative.</summary>
    public abstract ConditionSource Through(AlternativeParameter alternative);

    /// <summary>
    /// Reads 1700; 1500,1600,1700; uniform(1000,2200); uniform(1000,2200,50) on a grid; choice(1500:1,1600:3) with weights.
    /// </summary>
    /// <param name="text">As in a request.</param>
    /// <param name="name">The name of the parameter, for messages.</param>
    /// <exception cref="RequestException">The text is none of these.</exception>
    public static ConditionSource Parse(string text, string name)
    {
        ArgumentNullException.ThrowIfNull(text);
        var match = Pattern().Match(text);
        if (!match.Success)
        {
            double[] values = [.. text.Split(',', StringSplitOptions.TrimEntries).Select(t => Number(t, text, name))];
            return values.Distinct().Count() == values.Length ? new Points(values) : throw Fault(text, name, "each of several once");
        }

        var arguments = match.Groups["arguments"].Value.Split(',', StringSplitOptions.TrimEntries);
        if (match.Groups["kind"].Value == "choice")
        {
            var pairs = arguments.Select(a => a.Split(':', StringSplitOptions.TrimEntries)).ToArray();
            var choice = pairs.All(p => p.Length == 2) ? new Choice([.. pairs.Select(p => Number(p[0], text, name))], [.. pairs.Select(p => Number(p[1], text, name))]) : null;
            return choice is not null && choice.Weights.All(w => w > 0) && choice.Values.Distinct().Count() == choice.Values.Count
                ? choice
                : throw Fault(text, name, "choice(VALUE:WEIGHT,...) with each value once and weights above 0");
        }

        double[] numbers = [.. arguments.Select(a => Number(a, text, name))];
        return numbers is [var from, var to] && from < to ? new Uniform(from, to, null)
            : numbers is [var first, var last, var step] && first < last && step > 0 && step <= (last - first) * (1 + Rounding) ? new Uniform(first, last, step)
            : throw Fault(text, name, "uniform(FROM,TO) or uniform(FROM,TO,STEP) with FROM below TO and a STEP above 0 that fits between");
    }

    private static double Number(string text, string whole, string name) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
            ? value
            : throw Fault(whole, name, "a number, several with commas between, uniform(FROM,TO) or choice(VALUE:WEIGHT,...)");

    private static string Printed(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static RequestException Fault(string text, string name, string expected) => new(RequestFault.BadValue, $"{name} is '{text}', expected {expected}.");

    [GeneratedRegex(@"^\s*(?<kind>uniform|choice)\((?<arguments>[^()]*)\)\s*$")]
    private static partial Regex Pattern();

    /// <summary>One number, or several that take turns.</summary>
    public sealed record Points(IReadOnlyList<double> Values) : ConditionSource
    {
        public override (double Least, double Greatest) Range => (Values.Min(), Values.Max());

        public override string Text => string.Join(',', Values.Select(Printed));

        public override ConditionSource Through(AlternativeParameter alternative) => new Points([.. Values.Select(alternative.ParameterAt)]);
    }

    /// <summary>A distribution that the value of each event is drawn from.</summary>
    public abstract record Prior : ConditionSource
    {
        /// <summary>The value of an event.</summary>
        /// <param name="u">Uniform in (0, 1).</param>
        public abstract double Draw(double u);
    }

    /// <summary>Uniform between two values; with a step, each of From, From + Step, ... up to To equally often.</summary>
    /// <remarks>
    /// Values are the shortest decimals of numbers of float32: what a column prints is the value, and asks for the event alone.
    /// </remarks>
    public sealed record Uniform(double From, double To, double? Step) : Prior
    {
        public override (double Least, double Greatest) Range => (From, To);

        public override string Text => Step is { } step ? $"uniform({Printed(From)},{Printed(To)},{Printed(step)})" : $"uniform({Printed(From)},{Printed(To)})";

        public override ConditionSource Through(AlternativeParameter alternative) =>
            new Uniform(alternative.ParameterAt(From), alternative.ParameterAt(To), Step is { } step ? alternative.ParameterStep(step) : null);

        public override double Draw(double u)
        {
            var exact = Step is { } step ? From + (step * Math.Floor(u * (1 + Math.Floor(((To - From) / step) + Rounding)))) : From + ((To - From) * u);
            var column = (float)exact;
            var value = Decimal(column);
            return value < From ? Decimal(MathF.BitIncrement(column)) : value > To ? Decimal(MathF.BitDecrement(column)) : value;
        }

        private static double Decimal(float value)
        {
            // The longest is as in -1.23456789E-38.
            Span<char> text = stackalloc char[32];
            return value.TryFormat(text, out var length, "R", CultureInfo.InvariantCulture)
                ? double.Parse(text[..length], NumberStyles.Float, CultureInfo.InvariantCulture)
                : throw new InvalidOperationException($"{value} takes more than {text.Length} characters.");
        }
    }

    /// <summary>Certain values with weights.</summary>
    public sealed record Choice(IReadOnlyList<double> Values, IReadOnlyList<double> Weights) : Prior
    {
        public override (double Least, double Greatest) Range => (Values.Min(), Values.Max());

        public override string Text => $"choice({string.Join(',', Values.Zip(Weights, (v, w) => $"{Printed(v)}:{Printed(w)}"))})";

        public override ConditionSource Through(AlternativeParameter alternative) => this with { Values = [.. Values.Select(alternative.ParameterAt)] };

        public override double Draw(double u)
        {
            var left = u * Weights.Sum();
            var k = 0;
            for (; k < Values.Count - 1 && left >= Weights[k]; k++)
            {
                left -= Weights[k];
            }

            return Values[k];
        }
    }
}
