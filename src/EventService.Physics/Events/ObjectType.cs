namespace EventService.Physics.Events;

/// <summary>The seven kinds of reconstructed object of a Dark Machines record, in the order of the file.</summary>
public enum ObjectType : byte
{
    BJet,
    Jet,
    ElectronMinus,
    ElectronPlus,
    MuonMinus,
    MuonPlus,
    Photon,
}
