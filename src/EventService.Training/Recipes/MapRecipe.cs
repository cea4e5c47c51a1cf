using System.Text.Json.Serialization;

using EventService.Models.Columns;
using EventService.Models.Sampling;
using EventService.Numerics.Functions;
using EventService.Numerics.Statistics;

namespace EventService.Training.Recipes;

/// <summary>A map of a column as a recipe names it; what it leaves open is fitted to the training events.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind", UnknownDerivedTypeHandling = JsonUnknownDerivedTypeHandling.FailSerialization)]
[JsonDerivedType(typeof(Standardise), "standardise")]
[JsonDerivedType(typeof(Logarithm), "log")]
[JsonDerivedType(typeof(Log10), "log10")]
[JsonDerivedType(typeof(Logit), "logit")]
[JsonDerivedType(typeof(Range), "range")]
[JsonDerivedType(typeof(BoxCox), "box-cox")]
[JsonDerivedType(typeof(GaussRank), "gauss-rank")]
[JsonDerivedType(typeof(Dequantise), "dequantise")]
[JsonDerivedType(typeof(Align), "align")]
public abstract record MapRecipe
{
    private MapRecipe()
    {
    }

    /// <summary>The map for these values, which come from the maps before it; they are sorted upwards.</summary>
    /// <exception cref="ArgumentException">The values are outside its domain, or do not tell its constants.</exception>
    public abstract ObservableMap Fit(ReadOnlySpan<double> sorted);

    /// <summary>The same where the flow has one condition.</summary>
    /// <param name="sorted">The values.</param>
    /// <param name="conditions">The condition of each value, as gates take it.</param>
    /// <exception cref="ArgumentException">The values are outside its domain, or do not tell its constants.</exception>
    public virtual ObservableMap Fit(ReadOnlySpan<double> sorted, ReadOnlySpan<double> conditions) => Fit(sorted);

    /// <summary>(x - mean) / standard deviation.</summary>
    public sealed record Standardise : MapRecipe
    {
        public override ObservableMap Fit(ReadOnlySpan<double> sorted)
        {
            var values = sorted.ToArray();
            return Moments.StandardDeviation(values) is > 0 and var deviation ? new ObservableMap.Standardise(Moments.Mean(values), deviation) : throw Constant(sorted);
        }
    }

    /// <summary>ln(x + offset).</summary>
    public sealed record Logarithm(double Offset = 0) : MapRecipe
    {
        public override ObservableMap Fit(ReadOnlySpan<double> sorted) => new ObservableMap.Logarithm(Offset);
    }

    /// <summary>log10(x + offset).</summary>
    public sealed record Log10(double Offset = 0) : MapRecipe
    {
        public override ObservableMap Fit(ReadOnlySpan<double> sorted) => new ObservableMap.Log10(Offset);
    }

    /// <summary>
    /// Logit between minimum and maximum, by default those of the training events; the margin keeps values at both ends, and some beyond,
    /// finite.
    /// </summary>
    public sealed record Logit(double? Minimum = null, double? Maximum = null, double Margin = 1e-3) : MapRecipe
    {
        public override ObservableMap Fit(ReadOnlySpan<double> sorted) => new ObservableMap.Logit(Minimum ?? sorted[0], Maximum ?? sorted[^1], Margin);
    }

    /// <summary>Linear, the smallest value to toMinimum and the largest to toMaximum.</summary>
    public sealed record Range(double ToMinimum = 0, double ToMaximum = 1) : MapRecipe
    {
        public override ObservableMap Fit(ReadOnlySpan<double> sorted) =>
            sorted[^1] > sorted[0] ? new ObservableMap.Range(sorted[0], sorted[^1], ToMinimum, ToMaximum) : throw Constant(sorted);
    }

    /// <summary>
    /// Box-Cox with the lambda of the largest likelihood under a normal distribution (Box and Cox 1964, sec. 3), or a given one.
    /// </summary>
    public sealed record BoxCox(double? Lambda = null, double Offset = 0) : MapRecipe
    {
        public override ObservableMap Fit(ReadOnlySpan<double> sorted)
        {
            if (!(sorted[0] + Offset > 0))
            {
                throw new ArgumentException($"box-cox needs values above {-Offset}, the smallest is {sorted[0]}. Give an offset.");
            }

            return new ObservableMap.BoxCox(Lambda ?? BestLambda(sorted.ToArray()), Offset);
        }

        // The profile likelihood -n/2 log variance(t) + (lambda - 1) sum ln x has one maximum; golden section to 1e-4.
        private double BestLambda(double[] values)
        {
            double LogLikelihood(double lambda)
            {
                var map = new ObservableMap.BoxCox(lambda, Offset);
                var mapped = Array.ConvertAll(values, v => map.Forward(v));
                var deviation = Moments.StandardDeviation(Array.ConvertAll(mapped, m => m.T));
                return mapped.Average(m => m.LogDerivative) - Log.Of(deviation);
            }

            const double golden = 0.6180339887498949;
            double low = -3, high = 3;
            while (high - low > 1e-4)
            {
                var (left, right) = (high - (golden * (high - low)), low + (golden * (high - low)));
                (low, high) = LogLikelihood(left) > LogLikelihood(right) ? (low, right) : (left, high);
            }

            return Math.Round((low + high) / 2, 4);
        }
    }

    /// <summary>Gauss-rank through this number of quantiles at equal distances of their share, and more towards both ends.</summary>
    public sealed record GaussRank(int Quantiles = 400) : MapRecipe
    {
        public override ObservableMap Fit(ReadOnlySpan<double> sorted) => GaussRankFit.Of(sorted, Quantiles);
    }

    /// <summary>
    /// Values on a grid, spread evenly over their cells or, if linear, with a density that is linear in each and joins the halves to the
    /// neighbours. No value below the smallest is drawn.
    /// </summary>
    public sealed record Dequantise(double Step, double Offset = 0, bool Linear = false) : MapRecipe
    {
        // Cells of a linear spread: more would be no counts.
        private const int MostCells = 4096;

        public override ObservableMap Fit(ReadOnlySpan<double> sorted)
        {
            if (!Linear)
            {
                return new ObservableMap.Dequantise(Step, Offset, Minimum: sorted[0]);
            }

            var (first, last) = (CellOf(sorted[0]), CellOf(sorted[^1]));
            if (!(last - first < MostCells))
            {
                throw new ArgumentException($"dequantise has {last - first + 1} cells from {sorted[0]} to {sorted[^1]}, expected at most {MostCells} for a linear spread. Spread evenly, or take a larger step.");
            }

            var counts = new double[(int)(last - first) + 1];
            foreach (var value in sorted)
            {
                counts[(int)(CellOf(value) - first)]++;
            }

            // At an edge the density is the mean of both cells'; the tilt is half the difference of both edges, over the cell's own
            // density.
            var tilts = new double[counts.Length];
            for (var k = 0; k < tilts.Length; k++)
            {
                double before = k > 0 ? counts[k - 1] : 0, after = k < tilts.Length - 1 ? counts[k + 1] : 0;
                tilts[k] = counts[k] == 0 ? 0 : Math.Clamp((after - before) / (4 * counts[k]), -1, 1);
            }

            return new ObservableMap.Dequantise(Step, Offset, (long)first, tilts, sorted[0]);
        }

        private double CellOf(double x) => Math.Round((x - Offset) / Step);
    }

    /// <summary>
    /// Columns of all values of the condition onto each other: to mean 0 and standard deviation 1 at each, or, where the column begins at a
    /// threshold that is the same for all, stretched from there to a mean of 1.
    /// </summary>
    public sealed record Align(double? Threshold = null) : MapRecipe
    {
        // Values of the condition: more would be no points that were simulated at.
        private const int MostAnchors = 64;

        public override ObservableMap Fit(ReadOnlySpan<double> sorted) => throw new ArgumentException("align goes by the value of one condition, but there is none.");

        public override ObservableMap Fit(ReadOnlySpan<double> sorted, ReadOnlySpan<double> conditions)
        {
            var groups = new SortedDictionary<double, List<double>>();
            for (var k = 0; k < sorted.Length; k++)
            {
                if (!groups.TryGetValue(conditions[k], out var group))
                {
                    groups.Add(conditions[k], group = []);
                }

                group.Add(sorted[k]);
            }

            if (groups.Count is < 2 or > MostAnchors)
            {
                throw new ArgumentException($"align finds {groups.Count} values of the condition, expected 2 to {MostAnchors}, each with events of its own.");
            }

            var means = groups.Values.Select(g => Moments.Mean([.. g])).ToArray();
            return Threshold is { } threshold
                ? new ObservableMap.Align([.. groups.Keys], [.. means.Select(_ => threshold)], [.. means.Select(m => m - threshold)])
                : new ObservableMap.Align([.. groups.Keys], means, [.. groups.Values.Select(g => Moments.StandardDeviation([.. g]))]);
        }
    }

    private static ArgumentException Constant(ReadOnlySpan<double> sorted) => new($"All values are {sorted[0]}, expected different ones. Leave the column out.");
}
