using EventService.Physics.Observables;
using EventService.Physics.Selection;

namespace EventService.Physics.Observables;

/// <summary>
/// The leptons and jets of an event that searches count: electrons and muons above 25 GeV (M. Kaech's thesis, table 7.1). Which
/// jets count the thesis leaves to a dissertation on the search (its ref. 193); here those above 30 GeV within |eta| of 2.4,
/// which are the usual ones of CMS.
/// </summary>
/// <param name="Lepton">The hardest lepton, or <see cref="ObjectKinematics.Absent"/>.</param>
/// <param name="LeptonCount">Leptons.</param>
/// <param name="Jet1">The hardest jet, or absent, as the next two.</param>
/// <param name="Jet2">The second.</param>
/// <param name="Jet3">The third.</param>
/// <param name="JetCount">Jets, b-tagged ones among them.</param>
/// <param name="BJetCount">b-tagged jets.</param>
/// <param name="Ht">Sum of the pT of the jets [GeV].</param>
public readonly record struct SelectedObjects(
    ObjectKinematics Lepton, int LeptonCount, ObjectKinematics Jet1, ObjectKinematics Jet2, ObjectKinematics Jet3, int JetCount,
    int BJetCount, double Ht)
{
    public static KinematicCut LeptonCut { get; } = new("electron or muon with pT > 25 GeV", 25, 2.7);

    public static KinematicCut JetCut { get; } = new("jet with pT > 30 GeV and |eta| < 2.4", 30, 2.4);

    public static SelectedObjects Of(EventKinematics e)
    {
        ArgumentNullException.ThrowIfNull(e);
        var (lepton, jet1, jet2, jet3) =
            (ObjectKinematics.Absent, ObjectKinematics.Absent, ObjectKinematics.Absent, ObjectKinematics.Absent);
        var (leptons, jets, bJets, ht) = (0, 0, 0, 0.0);
        foreach (var l in e.Leptons)
        {
            if (LeptonCut.Passes(l.Pt, l.Eta))
            {
                lepton = leptons++ == 0 ? l : lepton;
            }
        }

        foreach (var jet in e.Jets)
        {
            if (!JetCut.Passes(jet.Pt, jet.Eta))
            {
                continue;
            }

            (jets, bJets, ht) = (jets + 1, bJets + (jet.Type == Events.ObjectType.BJet ? 1 : 0), ht + jet.Pt);
            switch (jets)
            {
                case 1: jet1 = jet; break;
                case 2: jet2 = jet; break;
                case 3: jet3 = jet; break;
            }
        }

        return new SelectedObjects(lepton, leptons, jet1, jet2, jet3, jets, bJets, ht);
    }
}
