using EventService.Numerics.Functions;

namespace EventService.Physics.Kinematics;

/// <summary>Energy and momentum of a particle or a system [GeV].</summary>
public readonly record struct FourMomentum(double Px, double Py, double Pz, double E)
{
    /// <summary>Transverse momentum, sqrt(px^2 + py^2).</summary>
    public double Pt => Math.Sqrt((Px * Px) + (Py * Py));

    /// <summary>Magnitude of the momentum.</summary>
    public double P => Math.Sqrt((Px * Px) + (Py * Py) + (Pz * Pz));

    /// <summary>Azimuth in [-pi, pi]; 0 for a momentum along the beam.</summary>
    public double Phi => Atan2.Of(Py, Px);

    /// <summary>From transverse momentum, pseudorapidity, azimuth and energy, as the objects of an event are given.</summary>
    public static FourMomentum FromPtEtaPhiE(double pt, double eta, double phi, double energy)
    {
        var (sin, cos) = SinCos.Of(phi);
        return new FourMomentum(pt * cos, pt * sin, pt * Sinh.Of(eta), energy);
    }

    /// <summary>From transverse momentum, pseudorapidity, azimuth and mass.</summary>
    public static FourMomentum FromPtEtaPhiMass(double pt, double eta, double phi, double mass) =>
        FromPtEtaPhiE(pt, eta, phi, Energy.OfPtEtaMass(pt, eta, mass));

    public static FourMomentum operator +(FourMomentum a, FourMomentum b) => new(a.Px + b.Px, a.Py + b.Py, a.Pz + b.Pz, a.E + b.E);

    public static FourMomentum Add(FourMomentum a, FourMomentum b) => a + b;
}
