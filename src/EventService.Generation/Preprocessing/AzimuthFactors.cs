using System.Runtime.Intrinsics;

using EventService.Numerics.Functions;
using EventService.Physics.Events;

namespace EventService.Generation.Preprocessing;

/// <summary>What x a factor's table is a function of.</summary>
internal enum AzimuthFactorKind
{
    /// <summary>The squared distance in eta and phi.</summary>
    Separation,

    /// <summary>A squared mass.</summary>
    Mass,

    /// <summary>The smaller one of two squared masses.</summary>
    SmallerMass,

    /// <summary>A squared mass, weighted by how near a second one is to that of the W.</summary>
    Cascade,

    /// <summary>The root of a squared transverse momentum.</summary>
    Balance,
}

/// <summary>
/// One factor of an azimuth's density: a table of x, with x = offset + (phi - phi_p)^2 for a separation and x = offset - scale cos(phi - phi_p)
/// for a squared mass. Azimuths relative to the recoil.
/// </summary>
internal readonly record struct AzimuthFactor(int Table, int Field, AzimuthFactorKind Kind, double Offset, double Scale, double Cos, double Sin, double Phi)
{
    /// <summary>Of the second mass, where the kind has one.</summary>
    public double SecondOffset { get; init; }

    public double SecondScale { get; init; }

    public double SecondCos { get; init; }

    public double SecondSin { get; init; }

    public AzimuthFactor WithSecond(AzimuthFactorKind kind, in AzimuthFactor second) =>
        this with { Kind = kind, SecondOffset = second.Offset, SecondScale = second.Scale, SecondCos = second.Cos, SecondSin = second.Sin };
}

/// <summary>The factors of one object's azimuth, and their logarithms at the nodes. For one thread.</summary>
internal sealed class AzimuthFactors
{
    private const double Step = 2 * Math.PI / AzimuthCorrelations.Nodes;

    private static readonly double[] s_cos = [.. Enumerable.Range(0, AzimuthCorrelations.Nodes).Select(g => SinCos.Of((g * Step) - Math.PI).Cos)];
    private static readonly double[] s_sin = [.. Enumerable.Range(0, AzimuthCorrelations.Nodes).Select(g => SinCos.Of((g * Step) - Math.PI).Sin)];

    private readonly List<AzimuthFactor> _factors = [];
    private readonly int[] _nodes = new int[AzimuthCorrelations.Nodes];
    private readonly double[] _places = new double[AzimuthCorrelations.Nodes];
    private readonly double[] _weights = new double[AzimuthCorrelations.Nodes];
    private readonly float[] _sums = new float[(AzimuthCorrelations.Fields + 1) * AzimuthCorrelations.Nodes];

    public List<AzimuthFactor> Items => _factors;

    /// <summary>Collects the factors of an object with this pT and eta.</summary>
    public void Collect(IReadOnlyList<CorrelationTable?> tables, EventState state, SlotClass slot, ObjectType type, double pt, double eta)
    {
        _factors.Clear();
        AddBalance(tables, state, slot, pt);
        double cosh = Cosh.Of(eta), sinh = Sinh.Of(eta);
        var family = ValidityFilter.FamilyOf(type);
        var seen = EventSlots.SeenPositions(slot);
        foreach (ref readonly var other in state.Objects)
        {
            var separation = AzimuthCorrelations.SeparationTable(family, ValidityFilter.FamilyOf(other.Type));
            var deta = eta - other.Eta;
            if (tables[separation] is { } window && deta * deta < window.Highest)
            {
                var (cos, sin) = state.Relative(other.Cos, other.Sin);
                _factors.Add(new AzimuthFactor(separation, 0, AzimuthFactorKind.Separation, deta * deta, 0, cos, sin, Atan2.Of(sin, cos)));
            }

            if (other.Position < 0 || other.Position >= seen)
            {
                continue;
            }

            var field = AzimuthCorrelations.PairField(slot, other.Position);
            if (field > 0)
            {
                AddMass(tables, MassFactor(AzimuthCorrelations.PairTable(slot, other.Position), field, state, pt, cosh, sinh, other.Energy, other.Px, other.Py, other.Pz, other.MassSquared));
            }
        }

        var table = AzimuthCorrelations.CombinationTable(slot);
        if (tables[table] is null)
        {
            return;
        }

        if (EventSlots.GroupOf(slot) == SlotGroup.Jet)
        {
            AddTriples(tables, slot, state, pt, cosh, sinh);
        }
        else
        {
            AddSmallest(tables, table, state, pt, cosh, sinh);
        }
    }

    /// <summary>Collects the factors of the missing momentum: its balance with the recoil, transverse masses with leptons.</summary>
    public void CollectMet(IReadOnlyList<CorrelationTable?> tables, EventState state, double met)
    {
        _factors.Clear();
        AddBalance(tables, state, SlotClass.Met, met);
        foreach (ref readonly var other in state.Objects)
        {
            if (other.Position >= 0 && AzimuthCorrelations.PairField(SlotClass.Met, other.Position) is var field and > 0)
            {
                AddMass(tables, MassFactor(AzimuthCorrelations.PairTable(SlotClass.Met, other.Position), field, state, met, 1, 0, other.Pt, other.Px, other.Py, 0, 0));
            }
        }
    }

    /// <summary>
    /// Writes the factors' logarithms, summed, to a column of a feature-major matrix of zeros, field after field, node after node.
    /// </summary>
    public void Write(AzimuthCorrelations correlations, Span<float> column, int stride)
    {
        var fields = 0;
        foreach (var factor in _factors)
        {
            if ((fields & (1 << factor.Field)) == 0)
            {
                fields |= 1 << factor.Field;
                _sums.AsSpan(factor.Field * AzimuthCorrelations.Nodes, AzimuthCorrelations.Nodes).Clear();
            }

            AddLogarithms(factor, correlations.Tables[factor.Table]!, correlations.SegmentsOf(factor.Table), _sums.AsSpan(factor.Field * AzimuthCorrelations.Nodes, AzimuthCorrelations.Nodes));
        }

        for (var field = 0; field <= AzimuthCorrelations.Fields; field++)
        {
            if ((fields & (1 << field)) != 0)
            {
                var rows = column[(field * AzimuthCorrelations.Nodes * stride)..];
                ReadOnlySpan<float> sums = _sums.AsSpan(field * AzimuthCorrelations.Nodes, AzimuthCorrelations.Nodes);
                for (var node = 0; node < sums.Length; node++)
                {
                    rows[node * stride] = sums[node];
                }
            }
        }
    }

    /// <summary>Adds a table's logarithm at each node where it speaks.</summary>
    private static void AddLogarithms(in AzimuthFactor factor, CorrelationTable table, ReadOnlySpan<double> segments, Span<float> sums)
    {
        if (!Reach(factor, table, out var first, out var last))
        {
            return;
        }

        // Nodes around the circle are one or two runs of neighbours.
        var turn = first < 0 ? -AzimuthCorrelations.Nodes : first >= AzimuthCorrelations.Nodes ? AzimuthCorrelations.Nodes : 0;
        var seam = Math.Min(last, turn + AzimuthCorrelations.Nodes - 1);
        AddRun(factor, table, segments, first, first - turn, seam - first + 1, sums);
        if (last > seam)
        {
            AddRun(factor, table, segments, seam + 1, 0, last - seam, sums);
        }
    }

    /// <summary>
    /// Adds the logarithm at so many neighbouring nodes, four at a time. Each node goes through the operations of <see cref="Places"/>, none
    /// of them fused, on every processor.
    /// </summary>
    private static unsafe void AddRun(in AzimuthFactor factor, CorrelationTable table, ReadOnlySpan<double> segments, int first, int node, int count, Span<float> sums)
    {
        const int Width = 4;
        var scale = table.Bins / (table.Highest - table.Lowest);
        var floor = table.Lowest == 0 ? 0 : double.NegativeInfinity;
        var (kind, offset, slope, cosP, sinP) = (factor.Kind, factor.Offset, factor.Scale, factor.Cos, factor.Sin);
        var (secondOffset, secondSlope, secondCos, secondSin) = (factor.SecondOffset, factor.SecondScale, factor.SecondCos, factor.SecondSin);
        var steps = Vector256.Create(0.0, 1, 2, 3);
        var outside = Vector256.Create((double)table.Bins);
        if (node < 0 || node + count > AzimuthCorrelations.Nodes || sums.Length < AzimuthCorrelations.Nodes || segments.Length != 2 * (table.Bins + 2))
        {
            throw new ArgumentException($"Nodes {node} to {node + count - 1} of {AzimuthCorrelations.Nodes}, {segments.Length} numbers of a table with {table.Bins} bins.");
        }

        fixed (double* cosines = s_cos, sines = s_sin, pairs = segments)
        fixed (float* sum = sums)
        {
            for (var k = 0; k < count; k += Width)
            {
                // The last four nodes of the circle are the last that can be loaded together; nodes before the run are left out.
                var at = Math.Min(node + k, AzimuthCorrelations.Nodes - Width);
                Vector256<double> x, weight = Vector256<double>.One;
                if (kind == AzimuthFactorKind.Separation)
                {
                    var distance = ((Vector256.Create((double)(first + at - node)) + steps) * Step) - Vector256.Create(Math.PI) - Vector256.Create(factor.Phi);
                    x = Vector256.Create(offset) + (distance * distance);
                }
                else
                {
                    Vector256<double> cos = Vector256.Load(cosines + at), sin = Vector256.Load(sines + at);
                    x = Vector256.Create(offset) - (Vector256.Create(slope) * ((cos * cosP) + (sin * sinP)));
                    if (kind == AzimuthFactorKind.Balance)
                    {
                        x = Vector256.Sqrt(Vector256.Max(x, Vector256<double>.Zero));
                    }
                    else if (kind != AzimuthFactorKind.Mass)
                    {
                        var second = Vector256.Create(secondOffset) - (Vector256.Create(secondSlope) * ((cos * secondCos) + (sin * secondSin)));
                        if (kind == AzimuthFactorKind.SmallerMass)
                        {
                            x = Vector256.Min(x, second);
                        }
                        else
                        {
                            weight = Vector256.Max(Vector256<double>.One - (Vector256.Abs(second - Vector256.Create(AzimuthCorrelations.CascadeCentre)) * (1 / AzimuthCorrelations.CascadeReach)), Vector256<double>.Zero);
                            if (weight == Vector256<double>.Zero)
                            {
                                continue;
                            }
                        }
                    }
                }

                // Rounding must not carry a mass of zero out of a window that begins there.
                var place = Vector256.Max((x - Vector256.Create(table.Lowest)) * scale, Vector256.Create(floor));
                if (Vector256.LessThanAll(place, Vector256<double>.Zero) || Vector256.GreaterThanOrEqualAll(place, outside))
                {
                    continue;
                }

                var bin = Vector256.Min(Vector256.Max(Vector256.Floor(place), -Vector256<double>.One), outside);
                double* p0 = pairs + (2 * ((int)bin[0] + 1)), p1 = pairs + (2 * ((int)bin[1] + 1)), p2 = pairs + (2 * ((int)bin[2] + 1)), p3 = pairs + (2 * ((int)bin[3] + 1));
                var start = Vector256.Create(p0[0], p1[0], p2[0], p3[0]);
                var rise = Vector256.Create(p0[1], p1[1], p2[1], p3[1]);
                var logarithm = weight * (start + ((place - bin) * rise));
                var (from, to) = (node + k - at, node + count - at);
                if (from > 0 || to < Width)
                {
                    var inRun = Vector256.GreaterThanOrEqual(steps, Vector256.Create((double)from)) & Vector256.LessThan(steps, Vector256.Create((double)to));
                    logarithm &= inRun;
                }

                (Vector128.Load(sum + at) + Vector256.Narrow(logarithm, logarithm).GetLower()).Store(sum + at);
            }
        }
    }

    /// <summary>Nodes at which a table speaks, where in it (bin and fraction of the bin), and with what weight.</summary>
    public int Places(in AzimuthFactor factor, CorrelationTable table, out int[] nodes, out double[] places, out double[] weights)
    {
        (nodes, places, weights) = (_nodes, _places, _weights);
        if (!Reach(factor, table, out var first, out var last))
        {
            return 0;
        }

        double lowest = table.Lowest, scale = table.Bins / (table.Highest - table.Lowest);
        var count = 0;
        for (var g = first; g <= last; g++)
        {
            var node = g < 0 ? g + AzimuthCorrelations.Nodes : g >= AzimuthCorrelations.Nodes ? g - AzimuthCorrelations.Nodes : g;
            var place = (Of(factor, (g * Step) - Math.PI - factor.Phi, s_cos[node], s_sin[node]) - lowest) * scale;

            // Rounding must not carry a mass of zero out of a window that begins there.
            place = lowest == 0 ? Math.Max(place, 0) : place;
            if (place >= 0 && place < table.Bins)
            {
                _nodes[count] = node;
                _weights[count] = WeightOf(factor, s_cos[node], s_sin[node]);
                _places[count++] = place;
            }
        }

        return count;
    }

    /// <summary>Nodes, counted on around the circle, outside of which a factor is one; false if it is one everywhere.</summary>
    private static bool Reach(in AzimuthFactor factor, CorrelationTable table, out int first, out int last)
    {
        (first, last) = (0, -1);
        double reach;
        if (factor.Kind == AzimuthFactorKind.Separation)
        {
            reach = Math.Sqrt(table.Highest - factor.Offset);
        }
        else if (factor.Kind == AzimuthFactorKind.SmallerMass)
        {
            reach = Math.PI;
        }
        else
        {
            var cos = (factor.Offset - (factor.Kind == AzimuthFactorKind.Balance ? table.Highest * table.Highest : table.Highest)) / factor.Scale;
            if (!(cos < 1) || factor.Offset + factor.Scale <= table.Lowest)
            {
                return false;
            }

            reach = cos <= -1 ? Math.PI : Atan2.Of(Math.Sqrt(1 - (cos * cos)), cos);
        }

        first = (int)Math.Ceiling((factor.Phi - reach + Math.PI) / Step);
        last = Math.Min((int)Math.Floor((factor.Phi + reach + Math.PI) / Step), first + AzimuthCorrelations.Nodes - 1);
        return last >= first;
    }

    /// <summary>Where in its table a factor stands at the azimuth with this cosine and sine, and its weight; outside, not from 0 to below the number of bins.</summary>
    public static (double Place, double Weight) PlaceAt(in AzimuthFactor factor, CorrelationTable table, double cos, double sin)
    {
        var distance = Math.Abs(Atan2.Of((sin * factor.Cos) - (cos * factor.Sin), (cos * factor.Cos) + (sin * factor.Sin)));
        return ((Of(factor, distance, cos, sin) - table.Lowest) * table.Bins / (table.Highest - table.Lowest), WeightOf(factor, cos, sin));
    }

    private static double Of(in AzimuthFactor factor, double distance, double cos, double sin) => factor.Kind switch
    {
        AzimuthFactorKind.Separation => factor.Offset + (distance * distance),
        AzimuthFactorKind.SmallerMass => Math.Min(Mass(factor, cos, sin), SecondMass(factor, cos, sin)),
        AzimuthFactorKind.Balance => Math.Sqrt(Math.Max(Mass(factor, cos, sin), 0)),
        _ => Mass(factor, cos, sin),
    };

    private static double WeightOf(in AzimuthFactor factor, double cos, double sin) => factor.Kind == AzimuthFactorKind.Cascade
        ? Math.Max(1 - (Math.Abs(SecondMass(factor, cos, sin) - AzimuthCorrelations.CascadeCentre) * (1 / AzimuthCorrelations.CascadeReach)), 0)
        : 1;

    private static double Mass(in AzimuthFactor factor, double cos, double sin) => factor.Offset - (factor.Scale * ((cos * factor.Cos) + (sin * factor.Sin)));

    private static double SecondMass(in AzimuthFactor factor, double cos, double sin) =>
        factor.SecondOffset - (factor.SecondScale * ((cos * factor.SecondCos) + (sin * factor.SecondSin)));

    // Azimuths are relative to the recoil's own.
    private void AddBalance(IReadOnlyList<CorrelationTable?> tables, EventState state, SlotClass slot, double pt)
    {
        var table = AzimuthCorrelations.BalanceTable(slot);
        double offset = (state.Recoil * state.Recoil) + (pt * pt), scale = 2 * state.Recoil * pt;
        if (tables[table] is { } window && scale > 1e-6 && offset - scale < window.Highest * window.Highest)
        {
            _factors.Add(new AzimuthFactor(table, AzimuthCorrelations.Balance, AzimuthFactorKind.Balance, offset, scale, 1, 0, 0));
        }
    }

    private void AddTriples(IReadOnlyList<CorrelationTable?> tables, SlotClass slot, EventState state, double pt, double cosh, double sinh)
    {
        int combination = AzimuthCorrelations.CombinationTable(slot), cascade = AzimuthCorrelations.CascadeTable(slot);
        foreach (ref readonly var jet in state.Objects)
        {
            if (!AzimuthCorrelations.IsCombinedJet(jet.Position))
            {
                continue;
            }

            var pair = MassFactor(cascade, AzimuthCorrelations.Triples, state, pt, cosh, sinh, jet.Energy, jet.Px, jet.Py, jet.Pz, jet.MassSquared);
            var mayBeW = pair.Offset - pair.Scale < AzimuthCorrelations.CascadeCentre + AzimuthCorrelations.CascadeReach
                && pair.Offset + pair.Scale > AzimuthCorrelations.CascadeCentre - AzimuthCorrelations.CascadeReach;
            foreach (ref readonly var b in state.Objects)
            {
                if (!AzimuthCorrelations.IsCombinedB(b.Position))
                {
                    continue;
                }

                double e = b.Energy + jet.Energy, px = b.Px + jet.Px, py = b.Py + jet.Py, pz = b.Pz + jet.Pz;
                var triple = MassFactor(combination, AzimuthCorrelations.Triples, state, pt, cosh, sinh, e, px, py, pz, (e * e) - (px * px) - (py * py) - (pz * pz));
                AddMass(tables, triple);
                if (mayBeW)
                {
                    AddMass(tables, (triple with { Table = cascade }).WithSecond(AzimuthFactorKind.Cascade, pair));
                }
            }
        }
    }

    private void AddSmallest(IReadOnlyList<CorrelationTable?> tables, int table, EventState state, double pt, double cosh, double sinh)
    {
        var first = _factors.Count;
        foreach (ref readonly var b in state.Objects)
        {
            if (AzimuthCorrelations.IsCombinedB(b.Position))
            {
                AddMass(tables, MassFactor(table, AzimuthCorrelations.OtherPairs, state, pt, cosh, sinh, b.Energy, b.Px, b.Py, b.Pz, b.MassSquared));
            }
        }

        if (_factors.Count == first + 2)
        {
            _factors[first] = _factors[first].WithSecond(AzimuthFactorKind.SmallerMass, _factors[first + 1]);
            _factors.RemoveAt(first + 1);
        }
    }

    private void AddMass(IReadOnlyList<CorrelationTable?> tables, in AzimuthFactor factor)
    {
        if (tables[factor.Table] is { } window && factor.Scale > 1e-6 && factor.Offset - factor.Scale < window.Highest && factor.Offset + factor.Scale > window.Lowest)
        {
            _factors.Add(factor);
        }
    }

    private static AzimuthFactor MassFactor(int table, int field, EventState state, double pt, double cosh, double sinh, double energy, double px, double py, double pz, double massSquared)
    {
        var transverse = Math.Sqrt((px * px) + (py * py));
        double offset = massSquared + (2 * pt * ((energy * cosh) - (pz * sinh))), scale = 2 * pt * transverse;
        var (cos, sin) = transverse > 0 ? state.Relative(px / transverse, py / transverse) : (1, 0);
        return new AzimuthFactor(table, field, AzimuthFactorKind.Mass, offset, scale, cos, sin, Atan2.Of(sin, cos));
    }
}
