using EventService.Physics.Kinematics;
using EventService.Physics.Observables;

namespace EventService.Physics.Observables;

/// <summary>A selection of events for a search, with the observables that it looks at.</summary>
/// <param name="Name">Name used in commands.</param>
/// <param name="Description">The events that pass.</param>
/// <param name="Passes">The selection.</param>
/// <param name="Observables">Defined for every event that passes.</param>
public sealed record SignalRegion(
    string Name, string Description, Func<EventKinematics, bool> Passes, IReadOnlyList<Observable> Observables)
{
    /// <summary>
    /// Gluino pairs with one lepton: M. Kaech's thesis, table 7.1 and the fifteen observables of figure 7.13, with the angle between lepton
    /// and W candidate as the sixteenth.
    /// </summary>
    public static SignalRegion OneLepton { get; } = new(
        "one-lepton",
        "one lepton above 25 GeV, two jets above 80 GeV, at least 5 jets, none b-tagged, HT > 500 GeV, MET + lepton pT > 250 GeV",
        e =>
        {
            var o = SelectedObjects.Of(e);
            return o.LeptonCount == 1 && o.Jet2.Pt > 80 && e.Met + o.Lepton.Pt > 250 && o.Ht > 500 && o.JetCount >= 5 && o.BJetCount == 0;
        },
        [
            .. Object("lepton", "l", o => o.Lepton),
            .. Object("jet1", "j1", o => o.Jet1),
            .. Object("jet2", "j2", o => o.Jet2),
            .. Event,
            new Observable("dphi_lepton_w", "Delta phi(l, W)", "rad", 0, Math.PI, false, ObservableGroup.Angles, FeatureScale.Linear, e =>
            {
                // W candidate: lepton and MET, as if all of that were the neutrino.
                var lepton = SelectedObjects.Of(e).Lepton;
                var (x, y) = (lepton.P4.Px + e.MetX, lepton.P4.Py + e.MetY);
                return Math.Abs(DeltaPhi.Of(lepton.Phi, Numerics.Functions.Atan2.Of(y, x)));
            }),
        ]);

    /// <summary>
    /// As <see cref="OneLepton"/>, so loose that a few hundred thousand simulated top pairs leave thousands: for studies of classifiers,
    /// which cut again. b-tags do not matter.
    /// </summary>
    public static SignalRegion OneLeptonLoose { get; } = new(
        "one-lepton-loose",
        "one lepton above 25 GeV, two jets above 80 GeV, at least 4 jets, HT > 300 GeV, MET + lepton pT > 150 GeV",
        e =>
        {
            var o = SelectedObjects.Of(e);
            return o.LeptonCount == 1 && o.Jet2.Pt > 80 && e.Met + o.Lepton.Pt > 150 && o.Ht > 300 && o.JetCount >= 4;
        },
        OneLepton.Observables);

    /// <summary>Gluino pairs without leptons: the same jets and sums, with the third jet in the lepton's place.</summary>
    public static SignalRegion ZeroLepton { get; } = new(
        "zero-lepton",
        "no lepton above 25 GeV, two jets above 80 GeV, at least 4 jets, HT > 500 GeV, MET > 250 GeV",
        e =>
        {
            var o = SelectedObjects.Of(e);
            return o.LeptonCount == 0 && o.Jet2.Pt > 80 && e.Met > 250 && o.Ht > 500 && o.JetCount >= 4;
        },
        [.. Object("jet1", "j1", o => o.Jet1), .. Object("jet2", "j2", o => o.Jet2), .. Object("jet3", "j3", o => o.Jet3), .. Event]);

    /// <summary>Like <see cref="ZeroLepton"/>, looser for the same reason as <see cref="OneLeptonLoose"/>.</summary>
    public static SignalRegion ZeroLeptonLoose { get; } = new(
        "zero-lepton-loose",
        "no lepton above 25 GeV, two jets above 80 GeV, at least 4 jets, HT > 300 GeV, MET > 100 GeV",
        e =>
        {
            var o = SelectedObjects.Of(e);
            return o.LeptonCount == 0 && o.Jet2.Pt > 80 && e.Met > 100 && o.Ht > 300 && o.JetCount >= 4;
        },
        ZeroLepton.Observables);

    public static IReadOnlyList<SignalRegion> All { get; } = [OneLepton, ZeroLepton, OneLeptonLoose, ZeroLeptonLoose];

    private static IEnumerable<Observable> Event =>
    [
        new(
            "ht",
            "HT",
            "GeV",
            0,
            double.PositiveInfinity,
            false,
            ObservableGroup.Event,
            FeatureScale.Logarithm,
            e => SelectedObjects.Of(e).Ht),
        new(
            "n_jets",
            "n_{jets}",
            "1",
            0,
            double.PositiveInfinity,
            true,
            ObservableGroup.Multiplicity,
            FeatureScale.Linear,
            e => SelectedObjects.Of(e).JetCount),
        new(
            "jet1_mass",
            "m_{j1}",
            "GeV",
            0,
            double.PositiveInfinity,
            false,
            ObservableGroup.Masses,
            FeatureScale.Logarithm,
            e => SelectedObjects.Of(e).Jet1.Mass),
        new(
            "jet2_mass",
            "m_{j2}",
            "GeV",
            0,
            double.PositiveInfinity,
            false,
            ObservableGroup.Masses,
            FeatureScale.Logarithm,
            e => SelectedObjects.Of(e).Jet2.Mass),
        new("met", "MET", "GeV", 0, double.PositiveInfinity, false, ObservableGroup.Event, FeatureScale.Logarithm, e => e.Met),
        new("met_phi", "phi_{MET}", "rad", -Math.PI, Math.PI, false, ObservableGroup.Event, FeatureScale.Linear, e => e.MetPhi),
    ];

    private static IEnumerable<Observable> Object(string name, string label, Func<SelectedObjects, ObjectKinematics> of)
    {
        var group = name == "lepton" ? ObservableGroup.Leptons : ObservableGroup.Jets;
        return
        [
            new(
                $"{name}_pt",
                $"pT_{{{label}}}",
                "GeV",
                0,
                double.PositiveInfinity,
                false,
                group,
                FeatureScale.Logarithm,
                e => of(SelectedObjects.Of(e)).Pt),
            new($"{name}_eta", $"eta_{{{label}}}", "1", -2.7, 2.7, false, group, FeatureScale.Linear, e => of(SelectedObjects.Of(e)).Eta),
            new(
                $"{name}_phi",
                $"phi_{{{label}}}",
                "rad",
                -Math.PI,
                Math.PI,
                false,
                group,
                FeatureScale.Linear,
                e => of(SelectedObjects.Of(e)).Phi),
        ];
    }
}
