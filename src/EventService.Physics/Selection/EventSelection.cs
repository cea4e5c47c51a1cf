using EventService.Physics.Events;

namespace EventService.Physics.Selection;

/// <summary>
/// The selection of the Dark Machines samples (arXiv:2105.14027). An object is kept if it passes the cut
/// of its type; an event is kept if at least one of its objects is hard enough.
/// </summary>
/// <remarks>
/// The bounds themselves do not pass. In a file of six digits a number can have been rounded onto its bound: two objects in
/// the 462929 events of the samples other than ttbar.
/// </remarks>
public static class EventSelection
{
    public static KinematicCut JetObject { get; } = new("(b-)jet with pT > 20 GeV and |eta| < 2.8", 20, 2.8);

    public static KinematicCut LeptonObject { get; } = new("electron or muon with pT > 15 GeV and |eta| < 2.7", 15, 2.7);

    public static KinematicCut PhotonObject { get; } = new("photon with pT > 20 GeV and |eta| < 2.37", 20, 2.37);

    public static KinematicCut HardJet { get; } = new("(b-)jet with pT > 60 GeV and |eta| < 2.8", 60, 2.8);

    /// <summary>Outside the gap between the barrel and the end caps of the calorimeter.</summary>
    public static KinematicCut HardElectron { get; } = new(
        "electron with pT > 25 GeV and |eta| < 2.47 outside 1.37 < |eta| < 1.52", 25, 2.47, 1.37, 1.52);

    public static KinematicCut HardMuon { get; } = new("muon with pT > 25 GeV and |eta| < 2.7", 25, 2.7);

    public static KinematicCut HardPhoton { get; } = new("photon with pT > 25 GeV and |eta| < 2.37", 25, 2.37);

    /// <summary>The cut that every object of the type passes.</summary>
    public static KinematicCut ObjectCut(ObjectType type) => type switch
    {
        ObjectType.BJet or ObjectType.Jet => JetObject,
        ObjectType.Photon => PhotonObject,
        _ => LeptonObject,
    };

    /// <summary>The cut that at least one object of an event passes.</summary>
    public static KinematicCut EventCut(ObjectType type) => type switch
    {
        ObjectType.BJet or ObjectType.Jet => HardJet,
        ObjectType.ElectronMinus or ObjectType.ElectronPlus => HardElectron,
        ObjectType.MuonMinus or ObjectType.MuonPlus => HardMuon,
        _ => HardPhoton,
    };

    /// <summary>True if all objects pass their cut and at least one selects the event.</summary>
    public static bool Passes(EventSample sample, int k)
    {
        ArgumentNullException.ThrowIfNull(sample);
        var (start, end) = (sample.Offsets[k], sample.Offsets[k + 1]);
        return Passes(sample.Type[start..end], sample.Pt[start..end], sample.Eta[start..end]);
    }

    /// <inheritdoc cref="Passes(EventSample, int)"/>
    public static bool Passes(ReadOnlySpan<ObjectType> type, ReadOnlySpan<double> pt, ReadOnlySpan<double> eta) =>
        FirstFailedObject(type, pt, eta) < 0 && Selects(type, pt, eta);

    /// <summary>True if at least one object selects the event.</summary>
    public static bool Selects(ReadOnlySpan<ObjectType> type, ReadOnlySpan<double> pt, ReadOnlySpan<double> eta)
    {
        for (var i = 0; i < type.Length; i++)
        {
            if (EventCut(type[i]).Passes(pt[i], eta[i]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Index of the first object that does not pass the cut of its type, or -1.</summary>
    public static int FirstFailedObject(ReadOnlySpan<ObjectType> type, ReadOnlySpan<double> pt, ReadOnlySpan<double> eta)
    {
        for (var i = 0; i < type.Length; i++)
        {
            if (!ObjectCut(type[i]).Passes(pt[i], eta[i]))
            {
                return i;
            }
        }

        return -1;
    }
}
