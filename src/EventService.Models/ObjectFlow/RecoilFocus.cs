using EventService.Models.Flows.Networks;

namespace EventService.Models.ObjectFlow;

/// <summary>
/// A map of the unit interval onto itself that widens the neighbourhood of one point: z = (1 - share) y + share (S(y) - S(0)) / (S(1) -
/// S(0)) with S(y) = u / sqrt(1 + u^2), u = (y - centre) / width. For the pT of an object that balances a recoil of several hundred GeV: a
/// peak of a few per cent at a place that is another one in every event becomes as wide as the share, and needs no narrow bins of a spline.
/// </summary>
/// <param name="Share">The share of z that the neighbourhood takes, 0 to below 1; 0 for no focus at all.</param>
/// <param name="Centre">The point, in [0, 1].</param>
/// <param name="Width">Width of the neighbourhood, above 0.</param>
internal readonly record struct RecoilFocus(double Share, double Centre, double Width)
{
    /// <summary>z and dz/dy.</summary>
    public (double Z, double Slope) Forward(double y)
    {
        if (Share == 0)
        {
            return (y, 1);
        }

        var low = Sigmoid(0).S;
        var range = Sigmoid(1).S - low;
        var (s, slope) = Sigmoid(y);
        return (((1 - Share) * y) + (Share * (s - low) / range), 1 - Share + (Share * slope / range));
    }

    /// <summary>y of z, by Newton's method within a bracket, to the accuracy of doubles.</summary>
    public double Inverse(double z)
    {
        if (Share == 0)
        {
            return z;
        }

        const int MostSteps = 100;
        var (low, high, y) = (0.0, 1.0, Centre);
        for (var step = 0; step < MostSteps; step++)
        {
            var (at, slope) = Forward(y);
            (low, high) = at < z ? (y, high) : (low, y);
            var next = y - ((at - z) / slope);
            next = next > low && next < high ? next : 0.5 * (low + high);
            if (next == y || at == z)
            {
                break;
            }

            y = next;
        }

        return y;
    }

    private (double S, double Slope) Sigmoid(double y)
    {
        var u = (y - Centre) / Width;
        var root = Math.Sqrt(1 + (u * u));
        return (u / root, 1 / (Width * root * root * root));
    }
}
