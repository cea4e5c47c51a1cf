using EventService.Physics.Events;
using EventService.Physics.Kinematics;
using EventService.Physics.Selection;

using static EventService.Physics.Observables.ObjectKinematics;

namespace EventService.Physics.Observables;

/// <summary>
/// The observables by which a sample of events is judged: object counts, the kinematics of each slot, sums, balances,
/// angles and masses. Leptons of both flavours and charges share the slots l1, l2 by falling pT; "jets" without
/// a qualifier are b-tagged and other jets together; slots j1 .. j6 are the other (not b-tagged) jets.
/// </summary>
public static class EventObservables
{
    public const int JetSlots = 6;
    public const int BJetSlots = 3;
    public const int LeptonSlots = 2;

    private static readonly double MaximumEta = EventSelection.JetObject.MaximumAbsEta;   // the widest of the object cuts
    private static readonly double Infinity = double.PositiveInfinity;

    /// <summary>All observables in the order in which they are reported.</summary>
    public static IReadOnlyList<Observable> All { get; } =
    [
        .. Multiplicities(), .. Event(), .. Balance(),
        .. Slots("b", BJetSlots, ObservableGroup.BJets, (e, n) => e.BJet(n)),
        .. Slots("j", JetSlots, ObservableGroup.Jets, (e, n) => e.LightJet(n)),
        .. Slots("l", LeptonSlots, ObservableGroup.Leptons, (e, n) => e.Lepton(n)),
        .. Slots("g", 1, ObservableGroup.Photons, (e, n) => e.Photon(n)),
        .. Angles(), .. Masses(),
    ];

    /// <summary>Observables of the whole event: all but the counts by type and the kinematics of single slots.</summary>
    public static IReadOnlyList<Observable> HighLevel { get; } =
        [.. Event().Where(o => o.Name is not ("MET" or "MET_phi")), .. Balance(), .. Angles(), .. Masses()];

    /// <summary>The observable of this name.</summary>
    /// <exception cref="ArgumentException">No observable has this name.</exception>
    public static Observable Named(string name) =>
        All.FirstOrDefault(o => o.Name == name)
        ?? throw new ArgumentException($"Observable '{name}' not found. Known: {string.Join(", ", All.Select(o => o.Name))}.");

    private static IEnumerable<Observable> Multiplicities()
    {
        yield return Count("n_b", "n(b)", e => e.CountOf(ObjectType.BJet));
        yield return Count("n_j", "n(j)", e => e.CountOf(ObjectType.Jet));
        yield return Count("n_eminus", "n(e⁻)", e => e.CountOf(ObjectType.ElectronMinus));
        yield return Count("n_eplus", "n(e⁺)", e => e.CountOf(ObjectType.ElectronPlus));
        yield return Count("n_muminus", "n(μ⁻)", e => e.CountOf(ObjectType.MuonMinus));
        yield return Count("n_muplus", "n(μ⁺)", e => e.CountOf(ObjectType.MuonPlus));
        yield return Count("n_gamma", "n(γ)", e => e.CountOf(ObjectType.Photon));
        yield return Count("n_jets", "n(all jets)", e => e.Jets.Count);
        yield return Count("n_leptons", "n(leptons)", e => e.Leptons.Count);
        yield return Count("n_objects", "n(objects)", e => e.Objects.Count);
    }

    private static IEnumerable<Observable> Event()
    {
        const ObservableGroup group = ObservableGroup.Event;
        yield return GeV("MET", "MET", group, e => e.Met);
        yield return new("MET_phi", "φ(MET)", "rad", -Math.PI, Math.PI, false, group, FeatureScale.Linear, e => e.MetPhi);
        yield return GeV("HT", "H_T", group, e => e.Ht);
        yield return GeV("sum_pt", "Σp_T", group, e => e.ScalarPt);
        yield return GeV("sum_E", "ΣE", group, e => e.Sum.E);
        yield return GeV("m_eff", "Σp_T + MET", group, e => e.ScalarPt + e.Met);
        yield return GeV("m_all", "m(all objects)", group, e => InvariantMass.Of(e.Sum));
        yield return new("pz_all", "Σp_z", "GeV", -Infinity, Infinity, false, group, FeatureScale.InverseSinh, e => e.Sum.Pz);
    }

    private static IEnumerable<Observable> Balance()
    {
        const ObservableGroup group = ObservableGroup.Balance;
        yield return GeV("MHT", "MHT", group, e => e.Mht);
        yield return GeV("balance", "|MET − MHT|", group, e => Math.Sqrt(Square(e.MetX + e.Sum.Px) + Square(e.MetY + e.Sum.Py)));

        // MHT = -(Px, Py). Components of the vector MET - MHT along MHT and across it.
        yield return Signed(
            "balance_parallel",
            "(MET − MHT)_∥",
            group,
            e => e.Mht > 0 ? -((e.MetX + e.Sum.Px) * e.Sum.Px + (e.MetY + e.Sum.Py) * e.Sum.Py) / e.Mht : double.NaN);
        yield return Signed(
            "balance_perpendicular",
            "(MET − MHT)_⊥",
            group,
            e => e.Mht > 0 ? ((e.MetX + e.Sum.Px) * e.Sum.Py - (e.MetY + e.Sum.Py) * e.Sum.Px) / e.Mht : double.NaN);
        yield return Ratio("MET_over_HT", "MET / H_T", group, e => e.Ht > 0 ? e.Met / e.Ht : double.NaN);
        yield return new(
            "MET_significance",
            "MET / √H_T",
            "GeV^1/2",
            0,
            Infinity,
            false,
            group,
            FeatureScale.Logarithm,
            e => e.Ht > 0 ? e.Met / Math.Sqrt(e.Ht) : double.NaN);
        yield return Bounded("MHT_over_sum_pt", "MHT / Σp_T", group, 1, e => e.ScalarPt > 0 ? e.Mht / e.ScalarPt : double.NaN);
        yield return Bounded(
            "sphericity_T",
            "S_T",
            group,
            1,
            e =>
                e.TransverseTensor.Larger > 0
                    ? 2 * e.TransverseTensor.Smaller / (e.TransverseTensor.Larger + e.TransverseTensor.Smaller)
                    : double.NaN);
        yield return Bounded("centrality", "Σp_T / ΣE", group, 1, e => e.Sum.E > 0 ? e.ScalarPt / e.Sum.E : double.NaN);
        yield return Bounded("leading_share", "p_T(leading) / Σp_T", group, 1, e => e.Leading.Pt / e.ScalarPt);
        yield return GeV("softest_jet_pt", "p_T(softest jet)", group, e => e.Jets.Count > 0 ? e.Jets[^1].Pt : double.NaN);
        yield return Bounded("jet_pt_ratio", "p_T(jet 2) / p_T(jet 1)", group, 1, e => e.Jet(2).Pt / e.Jet(1).Pt);
    }

    private static IEnumerable<Observable> Slots(
        string kind, int slots, ObservableGroup group, Func<EventKinematics, int, ObjectKinematics> slot)
    {
        for (var i = 1; i <= slots; i++)
        {
            var n = i;
            var (name, label) = ($"{kind}{n}", $"{(kind == "l" ? "ℓ" : kind == "g" ? "γ" : kind)}_{n}");
            yield return GeV($"{name}_pt", $"p_T({label})", group, e => slot(e, n).Pt);
            yield return new(
                $"{name}_eta", $"η({label})", "1", -MaximumEta, MaximumEta, false, group, FeatureScale.Linear, e => slot(e, n).Eta);
            yield return GeV($"{name}_E", $"E({label})", group, e => slot(e, n).Energy);

            // Leptons and photons are massless in the record.
            if (kind is "b" or "j")
            {
                yield return GeV($"{name}_m", $"m({label})", group, e => slot(e, n).Mass);
            }
        }
    }

    private static IEnumerable<Observable> Angles()
    {
        yield return Angle("dphi_MHT_MET", "Δφ(MHT, MET)", e => Separation(e.MhtPhi, e.MetPhi));
        foreach (var (name, label, get) in Directions())
        {
            yield return Angle($"dphi_{name}_MET", $"Δφ({label}, MET)", e => Separation(get(e).Phi, e.MetPhi));
        }

        yield return Angle("min_dphi_jets_MET", "min Δφ(jet 1–3, MET)", e => MinDeltaPhi(e, 3));
        foreach (var (name, label, get) in Directions())
        {
            // The leading object against itself is no angle.
            yield return Angle(
                $"dphi_{name}_leading",
                $"Δφ({label}, leading)",
                e => get(e).Pt < e.Leading.Pt ? Separation(get(e).Phi, e.Leading.Phi) : double.NaN);
        }

        yield return Distance("min_dR_jets", "min ΔR(jet, jet)", e => e.MinDeltaRJets);
        yield return Distance("min_dR_lepton_jet", "min ΔR(ℓ, jet)", e => e.MinDeltaRLeptonJet);
        yield return Distance("dR_j1_j2", "ΔR(j_1, j_2)", e => DeltaR(e.LightJet(1), e.LightJet(2)));
        yield return Distance("dR_b1_b2", "ΔR(b_1, b_2)", e => DeltaR(e.BJet(1), e.BJet(2)));
        yield return Distance("dR_l1_b1", "ΔR(ℓ_1, b_1)", e => DeltaR(e.Lepton(1), e.BJet(1)));
        yield return Distance("dR_l1_l2", "ΔR(ℓ_1, ℓ_2)", e => DeltaR(e.Lepton(1), e.Lepton(2)));
        yield return new(
            "deta_jets",
            "Δη(jet 1, jet 2)",
            "1",
            0,
            2 * MaximumEta,
            false,
            ObservableGroup.Angles,
            FeatureScale.Linear,
            e => Math.Abs(e.Jet(1).Eta - e.Jet(2).Eta));
    }

    private static (string Name, string Label, Func<EventKinematics, ObjectKinematics> Get)[] Directions() =>
    [
        ("b1", "b_1", e => e.BJet(1)), ("b2", "b_2", e => e.BJet(2)),
        ("j1", "j_1", e => e.LightJet(1)), ("j2", "j_2", e => e.LightJet(2)), ("j3", "j_3", e => e.LightJet(3)),
        ("j4", "j_4", e => e.LightJet(4)),
        ("l1", "ℓ_1", e => e.Lepton(1)), ("g1", "γ_1", e => e.Photon(1)),
    ];

    private static IEnumerable<Observable> Masses()
    {
        const ObservableGroup group = ObservableGroup.Masses;
        yield return GeV("m_j1_j2", "m(j_1 j_2)", group, e => InvariantMass.Of(e.LightJet(1).P4 + e.LightJet(2).P4));
        yield return GeV("m_jj_W", "m(jj) closest to m_W", group, e => e.WCandidateMass);
        yield return GeV("m_bjj_top", "m(b jj_W) closest to m_t", group, e => e.TopCandidateMass);
        yield return GeV("m_bjj_hardest", "m(bjj) of largest p_T", group, e => e.HardestTripletMass);
        yield return GeV("m_b1_b2", "m(b_1 b_2)", group, e => InvariantMass.Of(e.BJet(1).P4 + e.BJet(2).P4));
        yield return GeV("m_jet1_jet2", "m(jet 1, jet 2)", group, e => InvariantMass.Of(e.Jet(1).P4 + e.Jet(2).P4));
        yield return GeV("m_l1_l2", "m(ℓ_1 ℓ_2)", group, e => InvariantMass.Of(e.Lepton(1).P4 + e.Lepton(2).P4));
        yield return GeV("min_m_l1_b", "min m(ℓ_1 b)", group, e => e.MinMassLeptonB);
        yield return GeV(
            "mT_l1_MET", "m_T(ℓ_1, MET)", group, e => TransverseMass.OfPair(e.Lepton(1).Pt, e.Lepton(1).Phi, e.Met, e.MetPhi));
        yield return GeV("mT_b1_MET", "m_T(b_1, MET)", group, e => TransverseMass.OfPair(e.BJet(1).Pt, e.BJet(1).Phi, e.Met, e.MetPhi));
    }

    /// <summary>|phi1 - phi2| by the short way round, in [0, pi].</summary>
    private static double Separation(double phi1, double phi2) => Math.Abs(DeltaPhi.Of(phi1, phi2));

    private static double MinDeltaPhi(EventKinematics e, int jets)
    {
        var smallest = double.NaN;
        for (var n = 1; n <= Math.Min(jets, e.Jets.Count); n++)
        {
            var dPhi = Separation(e.Jet(n).Phi, e.MetPhi);
            smallest = smallest <= dPhi ? smallest : dPhi;
        }

        return smallest;
    }

    private static double Square(double x) => x * x;

    private static Observable Count(string name, string label, Func<EventKinematics, double> value) =>
        new(name, label, "1", 0, Infinity, true, ObservableGroup.Multiplicity, FeatureScale.Linear, value);

    private static Observable GeV(string name, string label, ObservableGroup group, Func<EventKinematics, double> value) =>
        new(name, label, "GeV", 0, Infinity, false, group, FeatureScale.Logarithm, value);

    private static Observable Signed(string name, string label, ObservableGroup group, Func<EventKinematics, double> value) =>
        new(name, label, "GeV", -Infinity, Infinity, false, group, FeatureScale.InverseSinh, value);

    private static Observable Ratio(string name, string label, ObservableGroup group, Func<EventKinematics, double> value) =>
        new(name, label, "1", 0, Infinity, false, group, FeatureScale.Logarithm, value);

    private static Observable Bounded(
        string name, string label, ObservableGroup group, double maximum, Func<EventKinematics, double> value) =>
        new(name, label, "1", 0, maximum, false, group, FeatureScale.Linear, value);

    private static Observable Angle(string name, string label, Func<EventKinematics, double> value) =>
        new(name, label, "rad", 0, Math.PI, false, ObservableGroup.Angles, FeatureScale.Linear, value);

    private static Observable Distance(string name, string label, Func<EventKinematics, double> value) =>
        new(name, label, "1", 0, Infinity, false, ObservableGroup.Angles, FeatureScale.Linear, value);
}
