using System.Text.Json.Serialization;

using EventService.Models.Flows.Networks;
using EventService.Numerics.Functions;

namespace EventService.Models.Columns;

/// <summary>
/// An increasing map t = g(x) from an observable towards the number that a flow was trained on, given as data. Several in
/// a row make up the preprocessing of a column.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind", UnknownDerivedTypeHandling = JsonUnknownDerivedTypeHandling.FailSerialization)]
[JsonDerivedType(typeof(Standardise), "standardise")]
[JsonDerivedType(typeof(Logarithm), "log")]
[JsonDerivedType(typeof(Logit), "logit")]
[JsonDerivedType(typeof(Range), "range")]
[JsonDerivedType(typeof(Log10), "log10")]
[JsonDerivedType(typeof(BoxCox), "box-cox")]
[JsonDerivedType(typeof(GaussRank), "gauss-rank")]
[JsonDerivedType(typeof(Dequantise), "dequantise")]
[JsonDerivedType(typeof(Align), "align")]
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public abstract partial record ObservableMap
{
    private ObservableMap()
    {
    }

    /// <summary>The kinds and their fields, for messages.</summary>
    public const string Kinds = "standardise (mean, scale), log (offset), logit (minimum, maximum, margin), range (minimum, maximum, toMinimum, toMaximum), log10 (offset), box-cox (lambda, offset), gauss-rank (knots, values, slopes), dequantise (step, offset, firstCell, tilts, minimum)";

    /// <summary>What is wrong with the parameters; null if nothing is.</summary>
    public abstract string? Fault();

    /// <summary>t and log dt/dx; t is NaN where x is outside the domain.</summary>
    public abstract (double T, double LogDerivative) Forward(double x);

    /// <summary>x with g(x) = t.</summary>
    public abstract double Inverse(double t);

    /// <summary>Whether the map is another one under each value of the flow's condition.</summary>
    [JsonIgnore]
    public virtual bool TakesCondition => false;

    /// <summary>The map under a condition, as gates take it, -1 to 1; itself if it is the same under all.</summary>
    public virtual ObservableMap At(double condition) => this;

    /// <summary>What the map <see cref="At"/> the condition gives, to the bit.</summary>
    public virtual (double T, double LogDerivative) Forward(double x, double condition) => Forward(x);

    /// <inheritdoc cref="Forward(double, double)"/>
    public virtual double Inverse(double t, double condition) => Inverse(t);

    /// <summary>t = (x - mean) / scale.</summary>
    public sealed record Standardise(double Mean, double Scale) : ObservableMap
    {
        public override string? Fault() => double.IsFinite(Mean) && Scale > 0 && double.IsFinite(Scale) ? null : $"standardise has mean {Mean} and scale {Scale}, expected finite numbers and a scale above 0";

        public override (double T, double LogDerivative) Forward(double x) => ((x - Mean) / Scale, -Log.Of(Scale));

        public override double Inverse(double t) => (t * Scale) + Mean;
    }

    /// <summary>t = ln(x + offset), for x above -offset.</summary>
    public sealed record Logarithm(double Offset = 0) : ObservableMap
    {
        public override string? Fault() => double.IsFinite(Offset) ? null : $"log has the offset {Offset}, expected a finite number";

        public override (double T, double LogDerivative) Forward(double x)
        {
            var t = x + Offset > 0 ? Log.Of(x + Offset) : double.NaN;
            return (t, -t);
        }

        public override double Inverse(double t) => Exp.Of(t) - Offset;
    }

    /// <summary>t = ln(u / (1 - u)) with u = margin + (1 - 2 margin) (x - minimum) / (maximum - minimum), for u between 0 and 1.</summary>
    public sealed record Logit(double Minimum, double Maximum, double Margin = 0) : ObservableMap
    {
        private double Inner => 1 - (2 * Margin);

        public override string? Fault() => double.IsFinite(Minimum) && Maximum > Minimum && double.IsFinite(Maximum) && Margin is >= 0 and < 0.5
            ? null
            : $"logit has minimum {Minimum}, maximum {Maximum} and margin {Margin}, expected a minimum below the maximum and a margin from 0 to below 0.5";

        public override (double T, double LogDerivative) Forward(double x)
        {
            var u = Margin + (Inner * (x - Minimum) / (Maximum - Minimum));
            var rest = Margin + (Inner * (Maximum - x) / (Maximum - Minimum));
            if (!(u > 0 && rest > 0))
            {
                return (double.NaN, double.NaN);
            }

            double logU = Log.Of(u), logRest = Log.Of(rest);
            return (logU - logRest, Log.Of(Inner / (Maximum - Minimum)) - logU - logRest);
        }

        public override double Inverse(double t) => Minimum + ((Maximum - Minimum) * ((Sigmoid.Of(t) - Margin) / Inner));
    }

    /// <summary>t = toMinimum + (toMaximum - toMinimum) (x - minimum) / (maximum - minimum): linear, also beyond the limits.</summary>
    public sealed record Range(double Minimum, double Maximum, double ToMinimum, double ToMaximum) : ObservableMap
    {
        private double Slope => (ToMaximum - ToMinimum) / (Maximum - Minimum);

        public override string? Fault() => Maximum > Minimum && ToMaximum > ToMinimum && double.IsFinite(Slope) && Slope > 0 && double.IsFinite(Minimum) && double.IsFinite(ToMinimum)
            ? null
            : $"range maps {Minimum} .. {Maximum} to {ToMinimum} .. {ToMaximum}, expected finite numbers, each minimum below its maximum";

        public override (double T, double LogDerivative) Forward(double x) => (ToMinimum + (Slope * (x - Minimum)), Log.Of(Slope));

        public override double Inverse(double t) => Minimum + ((t - ToMinimum) / Slope);
    }

    /// <summary>t = log10(x + offset), for x above -offset.</summary>
    public sealed record Log10(double Offset = 0) : ObservableMap
    {
        private const double Ln10 = 2.302585092994045684;
        private const double LnLn10 = 0.834032445247956;

        public override string? Fault() => double.IsFinite(Offset) ? null : $"log10 has the offset {Offset}, expected a finite number";

        public override (double T, double LogDerivative) Forward(double x)
        {
            var ln = x + Offset > 0 ? Log.Of(x + Offset) : double.NaN;
            return (ln / Ln10, -ln - LnLn10);
        }

        public override double Inverse(double t) => Exp.Of(t * Ln10) - Offset;
    }

    /// <summary>
    /// t = ((x + offset)^lambda - 1) / lambda, or ln(x + offset) where lambda is 0, for x above -offset (Box and Cox, J. R. Stat. Soc. B 26
    /// (1964) 211, eq. 2). The image of the map is a half-line: a number of the flow beyond it becomes the edge of the domain.
    /// </summary>
    public sealed record BoxCox(double Lambda, double Offset = 0) : ObservableMap
    {
        public override string? Fault() => double.IsFinite(Offset) && Math.Abs(Lambda) <= 10 ? null : $"box-cox has lambda {Lambda} and offset {Offset}, expected -10 to 10 and a finite number";

        public override (double T, double LogDerivative) Forward(double x)
        {
            var ln = x + Offset > 0 ? Log.Of(x + Offset) : double.NaN;
            return (Lambda == 0 ? ln : Expm1.Of(Lambda * ln) / Lambda, (Lambda - 1) * ln);
        }

        public override double Inverse(double t) => Exp.Of(Lambda == 0 ? t : Log1p.Of(Math.Max(Lambda * t, -1)) / Lambda) - Offset;
    }
}
