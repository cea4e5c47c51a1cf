using EventService.Physics.Events;

namespace EventService.Physics.Observables;

/// <summary>
/// An event as numbers of fixed length for a classifier, object by object: counts by type, log MET, then for each slot
/// (3 b-jets, 6 jets, 2 leptons, 1 photon) a presence flag, log pT, eta, the azimuth relative to MET as cosine and sine, for jets
/// log(mass + 1 GeV), for leptons charge and flavour. Pure rotations of the event leave the features as they are.
/// </summary>
/// <remarks>
/// Where a slot is empty its flag is 0 and its other features are NaN: the filler, which <c>Standardiser</c> turns into the
/// mean of the events that have the object, and which boosted trees take as "missing".
/// </remarks>
public static class ObjectLevelFeatures
{
    public static IReadOnlyList<string> Names { get; } = [.. AllNames()];

    /// <summary>Writes the features of an event; <paramref name="x"/> is as long as <see cref="Names"/>.</summary>
    public static void Fill(EventKinematics e, Span<float> x)
    {
        var at = 0;
        for (var type = ObjectType.BJet; type <= ObjectType.Photon; type++)
        {
            x[at++] = e.CountOf(type);
        }

        x[at++] = (float)Math.Log(Math.Max(e.Met, 0.01));
        for (var n = 1; n <= EventObservables.BJetSlots; n++)
        {
            FillSlot(e, e.BJet(n), x, ref at);
            x[at++] = (float)Math.Log(e.BJet(n).Mass + 1);
        }

        for (var n = 1; n <= EventObservables.JetSlots; n++)
        {
            FillSlot(e, e.LightJet(n), x, ref at);
            x[at++] = (float)Math.Log(e.LightJet(n).Mass + 1);
        }

        for (var n = 1; n <= EventObservables.LeptonSlots; n++)
        {
            var lepton = e.Lepton(n);
            FillSlot(e, lepton, x, ref at);
            x[at++] = lepton.IsPresent ? lepton.Charge : float.NaN;
            x[at++] = lepton.IsPresent ? (lepton.IsElectron ? 1 : -1) : float.NaN;
        }

        FillSlot(e, e.Photon(1), x, ref at);
    }

    private static void FillSlot(EventKinematics e, in ObjectKinematics o, Span<float> x, ref int at)
    {
        var (sin, cos) = Math.SinCos(o.Phi - e.MetPhi);
        x[at++] = o.IsPresent ? 1 : 0;
        x[at++] = (float)Math.Log(o.Pt);
        x[at++] = (float)o.Eta;
        x[at++] = (float)cos;
        x[at++] = (float)sin;
    }

    private static IEnumerable<string> AllNames()
    {
        foreach (var count in new[] { "n_b", "n_j", "n_eminus", "n_eplus", "n_muminus", "n_muplus", "n_gamma" })
        {
            yield return count;
        }

        yield return "log_MET";
        string[] common = ["present", "log_pt", "eta", "cos_dphi_MET", "sin_dphi_MET"];
        (string Kind, int Slots, string[] More)[] kinds =
        [
            ("b", EventObservables.BJetSlots, ["log_m"]),
            ("j", EventObservables.JetSlots, ["log_m"]),
            ("l", EventObservables.LeptonSlots, ["charge", "is_electron"]),
            ("g", 1, []),
        ];
        foreach (var (kind, slots, more) in kinds)
        {
            for (var n = 1; n <= slots; n++)
            {
                foreach (var name in common.Concat(more))
                {
                    yield return $"{kind}{n}_{name}";
                }
            }
        }
    }
}
