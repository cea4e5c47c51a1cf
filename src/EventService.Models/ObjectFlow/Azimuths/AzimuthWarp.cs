using EventService.Models.Flows.Networks;
using EventService.Numerics.Functions;

namespace EventService.Models.ObjectFlow.Azimuths;

/// <summary>
/// A map of the circle onto itself that puts the equidistant nodes of an azimuth's density closer together around the recoil: phi = t - a
/// sin t with 0 &lt;= a &lt; 1, phi relative to the recoil. Two jets of several TeV are back to back to a few hundredths of a radian, less
/// than a node; what is equally wide in GeV becomes about equally wide in t.
/// </summary>
/// <remarks>
/// dphi/dt = 1 - a cos t: nodes are closer by 1 - a at the recoil and farther apart by up to 1 + a opposite to it. This is Kepler's
/// equation (phi the mean, t the eccentric anomaly, a the eccentricity). With the recoil R and the object's pT, the transverse momentum
/// that is left has the square (R - pT)^2 + 2 R pT (1 - cos phi), which doubles at phi = |R - pT| / sqrt(R pT); with w the width below
/// which nothing is resolved, 1 - a = sqrt((R - pT)^2 + w^2) / sqrt(R pT) where this is below 1. A function of what comes before the
/// azimuth alone: the density stays exact.
/// </remarks>
internal static class AzimuthWarp
{
    // Nodes are at most 64 times as dense: 2e-3 rad apart.
    private const double Least = 1.0 / 64;

    /// <summary>The parameter a of the map.</summary>
    /// <param name="width">Width w of the imbalance [GeV]; 0 for no map at all.</param>
    /// <param name="recoil">Recoil R of the objects before [GeV].</param>
    /// <param name="pt">Transverse momentum [GeV].</param>
    public static double At(double width, double recoil, double pt)
    {
        var difference = recoil - pt;
        double square = (difference * difference) + (width * width), product = recoil * pt;
        return width > 0 && square < product ? 1 - Math.Max(Math.Sqrt(square / product), Least) : 0;
    }

    /// <summary>phi = t - a sin t and dphi/dt.</summary>
    public static (double Phi, double Slope) FromCircle(double t, double a)
    {
        var (sin, cos) = SinCos.Of(t);
        return (t - (a * sin), 1 - (a * cos));
    }

    /// <summary>t and dphi/dt of an azimuth from -pi to pi, by Newton's method to the accuracy of doubles.</summary>
    public static (double T, double Slope) ToCircle(double phi, double a)
    {
        // phi(t) is convex on [0, pi]: from above the root, steps only fall.
        const int MostSteps = 100;
        var size = Math.Abs(phi);
        var t = Math.Min(Math.Min(size + a, size / (1 - a)), Math.PI);
        for (var step = 0; step < MostSteps; step++)
        {
            var (at, slope) = FromCircle(t, a);
            var next = Math.Max(t - ((at - size) / slope), 0);
            if (!(next < t))
            {
                break;
            }

            t = next;
        }

        return (Math.CopySign(t, phi), FromCircle(t, a).Slope);
    }
}
