using EventService.Physics.Selection;

namespace EventService.Physics.Observables;

/// <summary>Kinematics of the jets of an event, b-tagged and others together by falling pT: jet1_pt, jet1_eta, jet2_pt, ...</summary>
public static class JetObservables
{
    private const int Slots = 6;

    private static readonly double MaximumEta = EventSelection.JetObject.MaximumAbsEta;

    /// <summary>All of them; NaN where an event has fewer jets.</summary>
    public static IReadOnlyList<Observable> All { get; } =
    [
        .. Enumerable.Range(1, Slots).SelectMany(n => new Observable[]
        {
            new(
                $"jet{n}_pt",
                $"p_T(jet {n})",
                "GeV",
                0,
                double.PositiveInfinity,
                false,
                ObservableGroup.Jets,
                FeatureScale.Logarithm,
                e => e.Jet(n).Pt),
            new(
                $"jet{n}_eta",
                $"η(jet {n})",
                "1",
                -MaximumEta,
                MaximumEta,
                false,
                ObservableGroup.Jets,
                FeatureScale.Linear,
                e => e.Jet(n).Eta),
        }),
    ];

    /// <summary>One of these or of <see cref="EventObservables"/>; null if none has this name.</summary>
    public static Observable? Find(string name) => All.Concat(EventObservables.All).FirstOrDefault(o => o.Name == name);
}
