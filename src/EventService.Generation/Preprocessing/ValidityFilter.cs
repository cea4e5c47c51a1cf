using System.Globalization;

using EventService.Physics.Events;
using EventService.Physics.Selection;

namespace EventService.Generation.Preprocessing;

/// <summary>Objects that a separation rule speaks of.</summary>
public enum ObjectFamily { Hadronic, Electron, Muon, Photon }

/// <summary>No event has an object of the first and one of the second family nearer than this distance in (eta, phi).</summary>
public sealed record SeparationRule(ObjectFamily First, ObjectFamily Second, double MinimumDeltaR);

/// <summary>
/// What every event of a sample fulfils and a network would smear: the event selection of the Dark Machines samples, and the
/// smallest separations that clustering radius and isolation leave.
/// </summary>
public sealed class ValidityFilter(IReadOnlyList<SeparationRule> rules)
{
    // A rule is kept only where it excludes something that a network could miss.
    private const double SmallestRule = 0.05;

    public IReadOnlyList<SeparationRule> Rules => rules;

    /// <summary>Null if event k of the sample is valid, else which rule it breaks.</summary>
    public string? Violation(EventSample sample, int k)
    {
        ArgumentNullException.ThrowIfNull(sample);
        return NotFinite(sample, k) is { } what ? "the rule that every number is finite: " + what : BrokenRule(sample, k);
    }

    /// <summary>As <see cref="Violation"/>, for an event whose numbers are known to be finite.</summary>
    internal string? BrokenRule(EventSample sample, int k)
    {
        var (start, end) = (sample.Offsets[k], sample.Offsets[k + 1]);
        if (!EventSelection.Selects(sample.Type[start..end], sample.Pt[start..end], sample.Eta[start..end]))
        {
            return "the event selection: no jet above 60 GeV and no electron, muon or photon above 25 GeV in its acceptance";
        }

        foreach (var rule in rules)
        {
            if (SmallestSeparationSquared(sample, k, rule.First, rule.Second) < rule.MinimumDeltaR * rule.MinimumDeltaR)
            {
                return $"the separation of {rule.First} and {rule.Second} objects: below {rule.MinimumDeltaR:G6} in (eta, phi)";
            }
        }

        return null;
    }

    /// <summary>Which number of event k that its density depends on is NaN or infinite, or null if all are finite.</summary>
    public static string? NotFinite(EventSample sample, int k)
    {
        ArgumentNullException.ThrowIfNull(sample);
        static string? Check(double value, string name) =>
            double.IsFinite(value) ? null : string.Create(CultureInfo.InvariantCulture, $"{name} is {value}, expected a finite number");

        if ((Check(sample.Met[k], "MET") ?? Check(sample.MetPhi[k], "MET phi")) is { } met)
        {
            return met;
        }

        for (var i = sample.Offsets[k]; i < sample.Offsets[k + 1]; i++)
        {
            var what = Check(sample.Pt[i], "pT") ?? Check(sample.Eta[i], "eta") ?? Check(sample.Phi[i], "phi") ?? Check(sample.Energy[i], "energy");
            if (what is not null)
            {
                return $"{sample.Type[i]} {i - sample.Offsets[k]}: {what}";
            }
        }

        return null;
    }

    /// <summary>The rules that all these events fulfil, each at the smallest separation found.</summary>
    public static ValidityFilter Fit(EventSample sample, ReadOnlySpan<int> events)
    {
        ArgumentNullException.ThrowIfNull(sample);
        List<SeparationRule> rules = [];
        foreach (var first in Enum.GetValues<ObjectFamily>())
        {
            foreach (var second in Enum.GetValues<ObjectFamily>().Where(f => f >= first))
            {
                var smallest = double.PositiveInfinity;
                var pairs = 0;
                foreach (var k in events)
                {
                    var separation = SmallestSeparationSquared(sample, k, first, second);
                    smallest = Math.Min(smallest, separation);
                    pairs += double.IsFinite(separation) ? 1 : 0;
                }

                // With few events the smallest one says little about the next.
                var limit = Math.Sqrt(smallest) * (1 - 1e-6);
                if (pairs >= 1000 && limit >= SmallestRule)
                {
                    rules.Add(new SeparationRule(first, second, limit));
                }
            }
        }

        return new ValidityFilter(rules);
    }

    private static double SmallestSeparationSquared(EventSample sample, int k, ObjectFamily first, ObjectFamily second)
    {
        var smallest = double.PositiveInfinity;
        int start = sample.Offsets[k], end = sample.Offsets[k + 1];
        for (var i = start; i < end; i++)
        {
            var family = FamilyOf(sample.Type[i]);
            if (family != first && family != second)
            {
                continue;
            }

            for (var j = i + 1; j < end; j++)
            {
                var other = FamilyOf(sample.Type[j]);
                if ((family == first && other == second) || (family == second && other == first))
                {
                    var deta = sample.Eta[i] - sample.Eta[j];
                    var dphi = Math.Abs(sample.Phi[i] - sample.Phi[j]);
                    dphi = Math.Min(dphi, Math.Abs((2 * Math.PI) - dphi));
                    smallest = Math.Min(smallest, (deta * deta) + (dphi * dphi));
                }
            }
        }

        return smallest;
    }

    internal static ObjectFamily FamilyOf(ObjectType type) => type switch
    {
        ObjectType.BJet or ObjectType.Jet => ObjectFamily.Hadronic,
        ObjectType.ElectronMinus or ObjectType.ElectronPlus => ObjectFamily.Electron,
        ObjectType.MuonMinus or ObjectType.MuonPlus => ObjectFamily.Muon,
        _ => ObjectFamily.Photon,
    };
}
