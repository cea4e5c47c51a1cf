using EventService.Physics.Events;
using EventService.Physics.Observables;
using EventService.Physics.Selection;

namespace EventService.Physics.Tests.Selection;

/// <summary>Signal regions on events made by hand, whose sums and angles are known.</summary>
public sealed class SignalRegionTests
{
    private static readonly (double Pt, double Eta, double Phi)[] s_jets =
    [
        (250, 0.5, 3), (120, -1, -2), (90, 2, 1), (60, 0, 0.5), (40, -2.2, -1),
    ];

    [Fact]
    public void OneLepton_OfAnEventThatPasses_HasTheObservablesOfTheThesis()
    {
        // A jet of 25 GeV and one at |eta| = 2.6 count neither as jets nor for HT. W = lepton + MET = (60, 200):
        // atan(200 / 60) from the lepton.
        var (table, weights) = RegionTable.Of(Event(met: 200, jets: [.. s_jets, (25, 0, 0), (50, 2.6, 0)]), SignalRegion.OneLepton);

        Assert.Equal(1, table.Count);
        Assert.Equal(0.5, weights);
        double Of(string name) => table.Row(0)[SignalRegion.OneLepton.Observables.ToList().FindIndex(o => o.Name == name)];
        Assert.Equal(16, SignalRegion.OneLepton.Observables.Count);
        Assert.Equal((60, 0.25, 0), (Of("lepton_pt"), Of("lepton_eta"), Of("lepton_phi")));
        Assert.Equal((250, 0.5, 3), (Of("jet1_pt"), Of("jet1_eta"), Of("jet1_phi")));
        Assert.Equal((120, -1, -2), (Of("jet2_pt"), Of("jet2_eta"), Of("jet2_phi")));
        Assert.Equal((560, 5), (Of("ht"), Of("n_jets")));
        Assert.Equal((200, Math.PI / 2), (Of("met"), Of("met_phi")));
        Assert.Equal(20, Of("jet1_mass"), 1e-6);
        Assert.Equal(Math.Atan2(200, 60), Of("dphi_lepton_w"), 1e-9);
    }

    [Fact]
    public void OneLepton_WhereACutFails_DropsTheEvent()
    {
        static int Passing(EventSample sample) => RegionTable.Of(sample, SignalRegion.OneLepton).Table.Count;
        Assert.Equal(1, Passing(Event()));
        Assert.Equal(0, Passing(Event(met: 150)));                                    // MET + lepton pT = 210
        Assert.Equal(0, Passing(Event(leptonPt: 20)));                                // no lepton
        Assert.Equal(0, Passing(Event(secondLepton: 30)));                            // two of them
        Assert.Equal(1, Passing(Event(secondLepton: 20)));
        Assert.Equal(0, Passing(Event(jets: [.. s_jets[..4], (29, 0, 0)])));          // four jets
        Assert.Equal(0, Passing(Event(jets: [(300, 0, 0), (79, 0, 0), (70, 0, 0), (60, 0, 0), (50, 0, 0)])));   // second jet
        Assert.Equal(0, Passing(Event(jets: [(150, 0, 0), (120, 0, 0), .. s_jets[2..]])));   // HT = 460
        Assert.Equal(0, Passing(Event(bJet: true)));
    }

    [Fact]
    public void ZeroLepton_OfAnEventWithoutLeptons_HasThreeJets()
    {
        static int Passing(EventSample sample) => RegionTable.Of(sample, SignalRegion.ZeroLepton).Table.Count;
        Assert.Equal(1, Passing(Event(met: 300, leptonPt: 20)));
        Assert.Equal(0, Passing(Event(met: 300)));
        Assert.Equal(0, Passing(Event(met: 240, leptonPt: 20)));
        var names = SignalRegion.ZeroLepton.Observables.Select(o => o.Name).ToArray();
        Assert.Equal(15, names.Length);
        Assert.Contains("jet3_pt", names);
    }

    private static EventSample Event(
        double met = 200, double leptonPt = 60, double secondLepton = 0, bool bJet = false,
        (double Pt, double Eta, double Phi)[]? jets = null)
    {
        var sample = new EventSample();
        sample.AddEvent(7, 0.5, met, Math.PI / 2);
        void Add(ObjectType type, double pt, double eta, double phi, double mass) =>
            sample.AddObject(type, Math.Sqrt(Math.Pow(pt * Math.Cosh(eta), 2) + (mass * mass)), pt, eta, phi, mass);

        if (bJet)
        {
            Add(ObjectType.BJet, 35, 0, 0, 5);
        }

        foreach (var (pt, eta, phi) in (jets ?? s_jets).OrderByDescending(j => j.Pt))
        {
            Add(ObjectType.Jet, pt, eta, phi, 20);
        }

        Add(ObjectType.MuonMinus, leptonPt, 0.25, 0, 0);
        if (secondLepton > 0)
        {
            Add(ObjectType.MuonMinus, secondLepton, 1, 1, 0);
        }

        return sample;
    }
}
