using EventService.Physics.Events;

namespace EventService.Physics.Observables;

/// <summary>
/// One reconstructed object of an event with its Cartesian momentum [GeV]. The absent object has NaN in every number,
/// so that whatever is computed with it is NaN too: "not defined for this event". The mass is sqrt(E^2 - p^2), zero where
/// rounding in the file makes E smaller than p.
/// </summary>
public readonly record struct ObjectKinematics(
    ObjectType Type, double E, double Pt, double Eta, double Phi, double Px, double Py, double Pz, double Mass)
{
    public static readonly ObjectKinematics Absent = new(
        ObjectType.Jet, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN);

    public bool IsPresent => !double.IsNaN(Pt);

    /// <summary>+1, -1, or 0 for an object without a measured charge.</summary>
    public int Charge => Type switch
    {
        ObjectType.ElectronPlus or ObjectType.MuonPlus => 1,
        ObjectType.ElectronMinus or ObjectType.MuonMinus => -1,
        _ => 0,
    };

    public bool IsElectron => Type is ObjectType.ElectronMinus or ObjectType.ElectronPlus;

    public static ObjectKinematics FromPtEtaPhiE(ObjectType type, double energy, double pt, double eta, double phi)
    {
        var (sin, cos) = Math.SinCos(phi);
        var px = pt * cos;
        var py = pt * sin;
        var pz = pt * Math.Sinh(eta);
        return new(type, energy, pt, eta, phi, px, py, pz, Invariant(energy, px, py, pz));
    }

    /// <summary>Invariant mass [GeV] of the sum of two objects.</summary>
    public static double MassOf(in ObjectKinematics a, in ObjectKinematics b) =>
        Invariant(a.E + b.E, a.Px + b.Px, a.Py + b.Py, a.Pz + b.Pz);

    /// <summary>Invariant mass [GeV] of the sum of three objects.</summary>
    public static double MassOf(in ObjectKinematics a, in ObjectKinematics b, in ObjectKinematics c) =>
        Invariant(a.E + b.E + c.E, a.Px + b.Px + c.Px, a.Py + b.Py + c.Py, a.Pz + b.Pz + c.Pz);

    /// <summary>sqrt(max(0, E^2 - p^2)); NaN stays NaN.</summary>
    public static double Invariant(double energy, double px, double py, double pz)
    {
        var square = energy * energy - px * px - py * py - pz * pz;
        return square < 0 ? 0 : Math.Sqrt(square);
    }

    /// <summary>|phi1 - phi2| taken the short way round, in [0, pi].</summary>
    public static double DeltaPhi(double phi1, double phi2) => Math.Abs(Math.IEEERemainder(phi1 - phi2, 2 * Math.PI));

    /// <summary>sqrt(delta-eta^2 + delta-phi^2).</summary>
    public static double DeltaR(in ObjectKinematics a, in ObjectKinematics b)
    {
        var dEta = a.Eta - b.Eta;
        var dPhi = DeltaPhi(a.Phi, b.Phi);
        return Math.Sqrt(dEta * dEta + dPhi * dPhi);
    }
}
