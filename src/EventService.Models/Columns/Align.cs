using EventService.Numerics.Functions;

namespace EventService.Models.Columns;

public abstract partial record ObservableMap
{
    /// <summary>
    /// t = (x - mean) / scale with the mean and the scale of the condition: linear between those that the column has at each trained value,
    /// so that what is left for a flow to learn of the condition is how the shape changes. It is moment morphing (Baak, Gadatsu, Harrington
    /// and Verkerke, NIM A 771 (2015) 39, arXiv:1410.7388, eqs. 12 to 16) as a map of each event.
    /// </summary>
    /// <param name="Anchors">Values of the condition, as gates take it from -1 to 1, rising strictly; before the first and behind the last
    /// the map is theirs.</param>
    /// <param name="Means">What becomes 0, at each of them.</param>
    /// <param name="Scales">What becomes 1 above that, at each of them; above 0.</param>
    /// <remarks>Under no condition every number is NaN.</remarks>
    public sealed record Align(double[] Anchors, double[] Means, double[] Scales) : ObservableMap
    {
        public override bool TakesCondition => true;

        public override string? Fault()
        {
            if (Anchors is null || Means is null || Scales is null || Anchors.Length < 2 || Anchors.Length != Means.Length || Anchors.Length != Scales.Length)
            {
                return "align has differing numbers of anchors, means and scales, expected as many, at least two of each";
            }

            for (var k = 0; k < Anchors.Length; k++)
            {
                if (!(Anchors[k] is >= -1 and <= 1) || (k > 0 && Anchors[k] <= Anchors[k - 1]) || !double.IsFinite(Means[k]) || !(Scales[k] > 0) || !double.IsFinite(Scales[k]))
                {
                    return $"align has the anchor {Anchors[k]} with mean {Means[k]} and scale {Scales[k]} at place {k}, expected anchors that rise from -1 to 1, finite numbers and scales above 0";
                }
            }

            return null;
        }

        public override ObservableMap At(double condition)
        {
            var (mean, scale) = MomentsAt(condition);
            return new Standardise(mean, scale);
        }

        public override (double T, double LogDerivative) Forward(double x) => (double.NaN, double.NaN);

        public override double Inverse(double t) => double.NaN;

        public override (double T, double LogDerivative) Forward(double x, double condition)
        {
            var (mean, scale) = MomentsAt(condition);
            return ((x - mean) / scale, -Log.Of(scale));
        }

        public override double Inverse(double t, double condition)
        {
            var (mean, scale) = MomentsAt(condition);
            return (t * scale) + mean;
        }

        private (double Mean, double Scale) MomentsAt(double condition)
        {
            var last = Anchors.Length - 1;
            if (condition <= Anchors[0] || condition >= Anchors[last])
            {
                var end = condition <= Anchors[0] ? 0 : last;
                return (Means[end], Scales[end]);
            }

            var k = 1;
            while (k < last && condition > Anchors[k])
            {
                k++;
            }

            // Written with both ends, not as start and rise: at an anchor its numbers come out exactly.
            var share = (condition - Anchors[k - 1]) / (Anchors[k] - Anchors[k - 1]);
            return (((1 - share) * Means[k - 1]) + (share * Means[k]), ((1 - share) * Scales[k - 1]) + (share * Scales[k]));
        }
    }
}
