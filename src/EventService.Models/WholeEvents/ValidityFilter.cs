using System.Globalization;

using EventService.Physics.Events;
using EventService.Physics.Selection;

namespace EventService.Models.WholeEvents;

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

    private const int Families = 4;

    // Square of the smallest separation of each pair of families; 0 where there is no rule.
    private readonly double[] _limits = LimitsOf(rules);

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

        for (var i = start; i < end; i++)
        {
            var limits = _limits.AsSpan(Families * (int)FamilyOf(sample.Type[i]), Families);
            for (var j = i + 1; j < end; j++)
            {
                var limit = limits[(int)FamilyOf(sample.Type[j])];
                if (SeparationSquared(sample, i, j) < limit)
                {
                    return $"the separation of {FamilyOf(sample.Type[i])} and {FamilyOf(sample.Type[j])} objects: below {Math.Sqrt(limit):G6} in (eta, phi)";
                }
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
                    smallest = Math.Min(smallest, SeparationSquared(sample, i, j));
                }
            }
        }

        return smallest;
    }

    private static double SeparationSquared(EventSample sample, int i, int j)
    {
        var deta = sample.Eta[i] - sample.Eta[j];
        var dphi = Math.Abs(sample.Phi[i] - sample.Phi[j]);
        dphi = Math.Min(dphi, Math.Abs((2 * Math.PI) - dphi));
        return (deta * deta) + (dphi * dphi);
    }

    private static double[] LimitsOf(IReadOnlyList<SeparationRule> rules)
    {
        var limits = new double[Families * Families];
        foreach (var (first, second, smallest) in rules)
        {
            foreach (var pair in (int[])[(Families * (int)first) + (int)second, (Families * (int)second) + (int)first])
            {
                limits[pair] = Math.Max(limits[pair], smallest * smallest);
            }
        }

        return limits;
    }

    internal static ObjectFamily FamilyOf(ObjectType type) => type switch
    {
        ObjectType.BJet or ObjectType.Jet => ObjectFamily.Hadronic,
        ObjectType.ElectronMinus or ObjectType.ElectronPlus => ObjectFamily.Electron,
        ObjectType.MuonMinus or ObjectType.MuonPlus => ObjectFamily.Muon,
        _ => ObjectFamily.Photon,
    };
}
