using EventService.Numerics.Functions;

namespace EventService.Models.Columns;

public abstract partial record ObservableMap
{
    /// <summary>
    /// Values on a grid, offset + step * k, such as counts or numbers of few digits: training sees them spread over their cell, sampling
    /// rounds to the grid. Evenly (Theis, van den Oord and Bethge, "A note on the evaluation of generative models", ICLR 2016,
    /// arXiv:1511.01844, sec. 3.1), or with a density that is linear in each cell, 1 + tilt (2 u - 1), so that neighbouring cells join
    /// without a step.
    /// </summary>
    /// <param name="Step">Distance of neighbouring values.</param>
    /// <param name="Offset">One of the values.</param>
    /// <param name="FirstCell">k of the first tilt.</param>
    /// <param name="Tilts">Tilt of each cell from there on, -1 to 1; null for even spreading. Cells beyond have none.</param>
    /// <param name="Minimum">Smallest value: what is drawn below becomes it; null for none.</param>
    /// <remarks>
    /// The log of the chance of a cell, divided by its width, is at least the mean of log p(x) - log q(x) over the spread q (ibid., eq. 3):
    /// what a flow with such columns calls a density is this lower bound.
    /// </remarks>
    public sealed record Dequantise(double Step, double Offset = 0, long FirstCell = 0, double[]? Tilts = null, double? Minimum = null) : ObservableMap
    {
        public override string? Fault() => Step > 0 && double.IsFinite(Step) && double.IsFinite(Offset) && double.IsFinite(Minimum ?? 0) && (Tilts is null || Array.TrueForAll(Tilts, t => Math.Abs(t) <= 1))
            ? null
            : $"dequantise has the step {Step}, offset {Offset} and tilts {string.Join(", ", Tilts ?? [])}, expected finite numbers, a step above 0 and tilts from -1 to 1";

        /// <summary>The number itself, the centre of its cell.</summary>
        public override (double T, double LogDerivative) Forward(double x) => (x, 0);

        /// <summary>A number of the cell around a value, and log of the density of the spread there, relative to an even one.</summary>
        /// <param name="x">The value.</param>
        /// <param name="v">A uniform number, 0 to 1: the share of the spread below.</param>
        public (double X, double LogDensity) Spread(double x, double v)
        {
            var tilt = TiltOf(x);

            // u with (1 - tilt) u + tilt u^2 = v, in the form that does not cancel.
            var u = tilt == 0 ? v : 2 * v / (1 - tilt + Math.Sqrt(((1 - tilt) * (1 - tilt)) + (4 * tilt * v)));
            return (x + (Step * (u - 0.5)), tilt == 0 ? 0 : Log.Of(1 + (tilt * ((2 * u) - 1))));
        }

        public override double Inverse(double t) => Math.Max(Offset + (Step * Math.Round((t - Offset) / Step)), Minimum ?? double.NegativeInfinity);

        private double TiltOf(double x)
        {
            if (Tilts is null)
            {
                return 0;
            }

            var cell = Math.Round((x - Offset) / Step) - FirstCell;
            return cell >= 0 && cell < Tilts.Length ? Tilts[(int)cell] : 0;
        }
    }
}
