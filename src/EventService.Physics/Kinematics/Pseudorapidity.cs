using EventService.Numerics.Functions;

namespace EventService.Physics.Kinematics;

/// <summary>The pseudorapidity, a stand-in for the polar angle theta to the beam.</summary>
public static class Pseudorapidity
{
    /// <summary>eta = -ln tan(theta / 2) = asinh(pz / pT), computed as sign(pz) ln((|pz| + p) / pT). Infinite along the beam.</summary>
    public static double Of(in FourMomentum p4) => Math.CopySign(Log.Of((Math.Abs(p4.Pz) + p4.P) / p4.Pt), p4.Pz);
}
