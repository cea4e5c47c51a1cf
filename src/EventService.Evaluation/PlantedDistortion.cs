using EventService.Engine.Random;
using EventService.Models.Flows.Networks;
using EventService.Models.Sampling;
using EventService.Physics.Events;
using EventService.Physics.Selection;

namespace EventService.Evaluation;

/// <summary>
/// A known fault put into real Monte Carlo events, to see whether the evaluation would find a generator's fault of that size
/// (as Kansal et al., Phys. Rev. D 107 (2023) 076017, arXiv:2211.10295, sec. IV).
/// </summary>
/// <param name="Name">Identifier.</param>
/// <param name="Description">What is done to the events.</param>
/// <param name="Apply">Distorts a sample with a seed; may drop events.</param>
public sealed record PlantedDistortion(string Name, string Description, Func<EventSample, ulong, EventSample> Apply)
{
    private static readonly double JetThreshold = EventSelection.JetObject.MinimumPt;

    public static IReadOnlyList<PlantedDistortion> All { get; } =
    [
        new("jet-pt-smear", "pT of every jet and b-jet times 1 + 0.03 N(0,1), mass kept, sorted again", (s, seed) => SmearJets(s, 0.03, false, seed)),
        new("jet-pt-smear-inside", "the same, mirrored at the 20 GeV threshold so that no cut tells", (s, seed) => SmearJets(s, 0.03, true, seed)),
        new("jet-pt-smear-10-inside", "the same with 10 %", (s, seed) => SmearJets(s, 0.1, true, seed)),
        new("jet-met-shuffle", "the azimuth of MET relative to the leading jet taken from another event", ShuffleMetAngles),
        new("ht-tail-cut", "the 1 % of events with the largest HT removed", (s, _) => CutTail(s, 0.01, Ht)),
        new("jet-pt-tail-cut", "the 1 % of events with the largest jet pT removed", (s, _) => CutTail(s, 0.01, LeadingJetPt)),
        new("met-scale", "MET times 1.03", (s, _) => ScaleMet(s, 1.03)),
    ];

    /// <summary>
    /// Widens the jet resolution; counts, angles and masses stay. Without the mirror some jets fall below the threshold, as they do
    /// in a generator that does not know it; with the mirror only the spectra and the balance can tell.
    /// </summary>
    public static EventSample SmearJets(EventSample sample, double width, bool mirror, ulong seed)
    {
        var random = new PhiloxStream(seed, 0);
        var smeared = sample.Empty();
        var jets = new List<(double E, double Pt, double Eta, double Phi, double Mass)>();
        for (var k = 0; k < sample.Count; k++)
        {
            smeared.AddEvent(sample.EventNumber[k], sample.Weight[k], sample.Met[k], sample.MetPhi[k]);
            for (int begin = sample.Offsets[k], end; begin < sample.Offsets[k + 1]; begin = end)
            {
                var type = sample.Type[begin];
                jets.Clear();
                for (end = begin; end < sample.Offsets[k + 1] && sample.Type[end] == type; end++)
                {
                    var (energy, pt) = (sample.Energy[end], sample.Pt[end]);
                    if (type is ObjectType.Jet or ObjectType.BJet)
                    {
                        pt *= Math.Max(0.1, 1 + width * RandomDraws.Normal(ref random));
                        pt = mirror ? JetThreshold + Math.Abs(pt - JetThreshold) : pt;

                        // E^2 - p^2 stays, with p = pT cosh(eta).
                        energy = Math.Sqrt(energy * energy + (pt - sample.Pt[end]) * (pt + sample.Pt[end]) * Math.Pow(Math.Cosh(sample.Eta[end]), 2));
                    }

                    jets.Add((energy, pt, sample.Eta[end], sample.Phi[end], sample.Mass[end]));
                }

                foreach (var (energy, pt, eta, phi, mass) in jets.OrderByDescending(jet => jet.Pt))
                {
                    smeared.AddObject(type, energy, pt, eta, phi, mass);
                }
            }
        }

        return smeared;
    }

    /// <summary>Each event keeps its objects, its MET and every marginal distribution, and loses what ties MET to its own jets.</summary>
    public static EventSample ShuffleMetAngles(EventSample sample, ulong seed)
    {
        var random = new PhiloxStream(seed, 0);
        var partner = RandomDraws.Permutation(ref random, sample.Count, sample.Count);
        return WithMet(sample, k => sample.Met[k], k =>
        {
            var other = partner[k];
            return Math.IEEERemainder(LeadingJetPhi(sample, k) + sample.MetPhi[other] - LeadingJetPhi(sample, other), 2 * Math.PI);
        });
    }

    public static EventSample ScaleMet(EventSample sample, double factor) => WithMet(sample, k => factor * sample.Met[k], k => sample.MetPhi[k]);

    /// <summary>Removes the events above the (1 - fraction) quantile of a quantity.</summary>
    public static EventSample CutTail(EventSample sample, double fraction, Func<EventSample, int, double> quantity)
    {
        var values = new double[sample.Count];
        for (var k = 0; k < values.Length; k++)
        {
            values[k] = quantity(sample, k);
        }

        var sorted = (double[])values.Clone();
        Array.Sort(sorted);
        var limit = sorted[(int)((1 - fraction) * (sorted.Length - 1))];
        return EventSubset.Where(sample, k => values[k] <= limit);
    }

    private static EventSample WithMet(EventSample sample, Func<int, double> met, Func<int, double> metPhi)
    {
        var changed = new EventSample { ProcessName = sample.ProcessName };
        for (var k = 0; k < sample.Count; k++)
        {
            changed.AddEvent(sample.EventNumber[k], sample.Weight[k], met(k), metPhi(k));
            for (var i = sample.Offsets[k]; i < sample.Offsets[k + 1]; i++)
            {
                changed.AddObject(sample.Type[i], sample.Energy[i], sample.Pt[i], sample.Eta[i], sample.Phi[i], sample.Mass[i]);
            }
        }

        return changed;
    }

    private static double Ht(EventSample sample, int k)
    {
        var sum = 0.0;
        for (var i = sample.Offsets[k]; i < sample.Offsets[k + 1]; i++)
        {
            sum += sample.Type[i] is ObjectType.Jet or ObjectType.BJet ? sample.Pt[i] : 0;
        }

        return sum;
    }

    private static double LeadingJetPt(EventSample sample, int k)
    {
        var leading = LeadingJet(sample, k);
        return leading < 0 ? 0 : sample.Pt[leading];
    }

    private static double LeadingJetPhi(EventSample sample, int k)
    {
        var leading = LeadingJet(sample, k);
        return leading < 0 ? 0 : sample.Phi[leading];
    }

    private static int LeadingJet(EventSample sample, int k)
    {
        var leading = -1;
        for (var i = sample.Offsets[k]; i < sample.Offsets[k + 1]; i++)
        {
            if (sample.Type[i] is ObjectType.Jet or ObjectType.BJet && (leading < 0 || sample.Pt[i] > sample.Pt[leading]))
            {
                leading = i;
            }
        }

        return leading;
    }
}
