using EventService.Numerics.Functions;

namespace EventService.Physics.Kinematics;

/// <summary>The energy of an object [GeV].</summary>
public static class Energy
{
    /// <summary>sqrt(m^2 + (pT cosh eta)^2).</summary>
    public static double OfPtEtaMass(double pt, double eta, double mass)
    {
        var p = pt * Cosh.Of(eta);
        return mass == 0 ? p : Math.Sqrt((mass * mass) + (p * p));
    }
}
