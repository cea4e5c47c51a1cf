using EventService.Numerics.Functions;

namespace EventService.Physics.Kinematics;

/// <summary>The rapidity along the beam.</summary>
public static class Rapidity
{
    /// <summary>
    /// y = ln((E + pz) / (E - pz)) / 2, computed as sign(pz) ln((E + |pz|) / mT) with mT^2 = (E - pz)(E + pz). Infinite for |pz| = E,
    /// NaN for |pz| above E.
    /// </summary>
    public static double Of(in FourMomentum p4)
    {
        var pz = Math.Abs(p4.Pz);
        var transverseMass = Math.Sqrt((p4.E - pz) * (p4.E + pz));
        return Math.CopySign(Log.Of((p4.E + pz) / transverseMass), p4.Pz);
    }
}
