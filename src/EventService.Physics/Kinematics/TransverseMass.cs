using EventService.Numerics.Functions;

namespace EventService.Physics.Kinematics;

/// <summary>The transverse mass [GeV].</summary>
public static class TransverseMass
{
    /// <summary>
    /// The transverse mass of two massless objects, or of an object and the missing momentum: mT^2 = 2 pT1 pT2 (1 - cos(phi1 - phi2)), in
    /// the form mT = 2 sqrt(pT1 pT2) |sin((phi1 - phi2) / 2)|.
    /// </summary>
    public static double OfPair(double pt1, double phi1, double pt2, double phi2) =>
        2 * Math.Sqrt(pt1 * pt2) * Math.Abs(SinCos.Of((phi1 - phi2) / 2).Sin);
}
