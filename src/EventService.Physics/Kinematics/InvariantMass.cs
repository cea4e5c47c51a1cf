using EventService.Numerics.Functions;

namespace EventService.Physics.Kinematics;

/// <summary>The invariant mass [GeV]. Where rounding makes its square negative, as with massless objects of six digits, it is 0.</summary>
public static class InvariantMass
{
    /// <summary>m = sqrt(E^2 - p^2) of a particle or a system, as sqrt((E - p)(E + p)).</summary>
    public static double Of(in FourMomentum p4)
    {
        var p = p4.P;
        return Math.Sqrt(Math.Max(0, (p4.E - p) * (p4.E + p)));
    }

    /// <summary>
    /// Mass of two massless objects: m^2 = 2 pT1 pT2 (cosh(eta1 - eta2) - cos(phi1 - phi2)), in the form
    /// 4 pT1 pT2 (sinh^2(d eta / 2) + sin^2(d phi / 2)), which loses no digits for objects close to each other.
    /// </summary>
    public static double OfMasslessPair(double pt1, double eta1, double phi1, double pt2, double eta2, double phi2)
    {
        var sinh = Sinh.Of((eta1 - eta2) / 2);
        var sin = SinCos.Of((phi1 - phi2) / 2).Sin;
        return 2 * Math.Sqrt(pt1 * pt2 * ((sinh * sinh) + (sin * sin)));
    }
}
