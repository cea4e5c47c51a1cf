using EventService.Physics.Events;
using EventService.Physics.Kinematics;

namespace EventService.Physics.Observables;

/// <summary>
/// One reconstructed object of an event with its four-momentum [GeV]. The absent object has NaN in every number, so that whatever
/// is computed with it is NaN too: "not defined for this event".
/// </summary>
public readonly record struct ObjectKinematics(ObjectType Type, double Pt, double Eta, double Phi, FourMomentum P4)
{
    public static readonly ObjectKinematics Absent =
        new(ObjectType.Jet, double.NaN, double.NaN, double.NaN, new FourMomentum(double.NaN, double.NaN, double.NaN, double.NaN));

    public bool IsPresent => !double.IsNaN(Pt);

    public double Energy => P4.E;

    public double Mass => InvariantMass.Of(P4);

    /// <summary>+1, -1, or 0 for an object without a measured charge.</summary>
    public int Charge => Type switch
    {
        ObjectType.ElectronPlus or ObjectType.MuonPlus => 1,
        ObjectType.ElectronMinus or ObjectType.MuonMinus => -1,
        _ => 0,
    };

    public bool IsElectron => Type is ObjectType.ElectronMinus or ObjectType.ElectronPlus;

    public static ObjectKinematics FromPtEtaPhiE(ObjectType type, double pt, double eta, double phi, double energy) =>
        new(type, pt, eta, phi, FourMomentum.FromPtEtaPhiE(pt, eta, phi, energy));

    public static double DeltaR(in ObjectKinematics a, in ObjectKinematics b) => Kinematics.DeltaR.Of(a.Eta, a.Phi, b.Eta, b.Phi);
}
