using System.Runtime.Intrinsics;

using EventService.Numerics.Functions;
using EventService.Physics.Events;

namespace EventService.Generation.Preprocessing;

/// <summary>
/// One factor of an azimuth's density: a table of x, with x = offset + (phi - phi_p)^2 for a separation and x = offset - scale cos(phi - phi_p)
/// for a squared mass, or the smaller one of this and a second mass. Azimuths relative to the recoil.
/// </summary>
internal readonly record struct AzimuthFactor(int Table, int Field, bool IsMass, double Offset, double Scale, double Cos, double Sin, double Phi)
{
    /// <summary>A second mass, or one that is never the smaller.</summary>
    public double SecondOffset { get; init; } = double.PositiveInfinity;

    public double SecondScale { get; init; }

    public double SecondCos { get; init; }

    public double SecondSin { get; init; }
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
    private readonly float[] _sums = new float[(AzimuthCorrelations.Fields + 1) * AzimuthCorrelations.Nodes];

    public List<AzimuthFactor> Items => _factors;

    /// <summary>Collects the factors of an object with this pT and eta.</summary>
    public void Collect(IReadOnlyList<CorrelationTable?> tables, EventState state, SlotClass slot, ObjectType type, double pt, double eta)
    {
        _factors.Clear();
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
                _factors.Add(new AzimuthFactor(separation, 0, false, deta * deta, 0, cos, sin, Atan2.Of(sin, cos)));
            }

            if (other.Position < 0 || other.Position >= seen)
            {
                continue;
            }

            var field = AzimuthCorrelations.PairField(slot, other.Position);
            if (field > 0)
            {
                AddMass(tables, AzimuthCorrelations.PairTable(slot, other.Position), field, state, pt, cosh, sinh, other.Energy, other.Px, other.Py, other.Pz, other.MassSquared);
            }
        }

        var table = AzimuthCorrelations.CombinationTable(slot);
        if (tables[table] is null)
        {
            return;
        }

        if (EventSlots.GroupOf(slot) == SlotGroup.Jet)
        {
            AddTriples(tables, table, state, pt, cosh, sinh);
        }
        else
        {
            AddSmallest(tables, table, state, pt, cosh, sinh);
        }
    }

    /// <summary>Collects the factors of the missing momentum: transverse masses with leptons.</summary>
    public void CollectMet(IReadOnlyList<CorrelationTable?> tables, EventState state, double met)
    {
        _factors.Clear();
        foreach (ref readonly var other in state.Objects)
        {
            if (other.Position >= 0 && AzimuthCorrelations.PairField(SlotClass.Met, other.Position) is var field and > 0)
            {
                AddMass(tables, AzimuthCorrelations.PairTable(SlotClass.Met, other.Position), field, state, met, 1, 0, other.Pt, other.Px, other.Py, 0, 0);
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
            if ((fields & (1 << field)) == 0)
            {
                continue;
            }

            var first = field * AzimuthCorrelations.Nodes;
            for (var row = first; row < first + AzimuthCorrelations.Nodes; row++)
            {
                column[row * stride] = _sums[row];
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
    /// Adds the logarithm at so many neighbouring nodes, four at a time and then up to three more than asked for, where it is zero. Each
    /// node goes through the operations of <see cref="Places"/>, none of them fused, on every processor.
    /// </summary>
    private static unsafe void AddRun(in AzimuthFactor factor, CorrelationTable table, ReadOnlySpan<double> segments, int first, int node, int count, Span<float> sums)
    {
        const int Width = 4;
        var scale = table.Bins / (table.Highest - table.Lowest);
        var floor = table.Lowest == 0 ? 0 : double.NegativeInfinity;
        var (isMass, offset, slope, cosP, sinP) = (factor.IsMass, factor.Offset, factor.Scale, factor.Cos, factor.Sin);
        var (hasSecond, secondOffset, secondSlope, secondCos, secondSin) = (double.IsFinite(factor.SecondOffset), factor.SecondOffset, factor.SecondScale, factor.SecondCos, factor.SecondSin);
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
                Vector256<double> x;
                if (isMass)
                {
                    Vector256<double> cos = Vector256.Load(cosines + at), sin = Vector256.Load(sines + at);
                    x = Vector256.Create(offset) - (Vector256.Create(slope) * ((cos * cosP) + (sin * sinP)));
                    if (hasSecond)
                    {
                        x = Vector256.Min(x, Vector256.Create(secondOffset) - (Vector256.Create(secondSlope) * ((cos * secondCos) + (sin * secondSin))));
                    }
                }
                else
                {
                    var distance = ((Vector256.Create((double)(first + at - node)) + steps) * Step) - Vector256.Create(Math.PI) - Vector256.Create(factor.Phi);
                    x = Vector256.Create(offset) + (distance * distance);
                }

                // Rounding must not carry a mass of zero out of a window that begins there.
                var place = Vector256.Max((x - Vector256.Create(table.Lowest)) * scale, Vector256.Create(floor));
                if (Vector256.LessThanAll(place, Vector256<double>.Zero) || Vector256.GreaterThanOrEqualAll(place, outside))
                {
                    continue;
                }

                var bin = Vector256.Min(Vector256.Max(Vector256.Floor(place), -Vector256<double>.One), outside);
                var (from, to) = (node + k - at, Math.Min(node + count - at, Width));
                for (var j = from; j < to; j++)
                {
                    var pair = pairs + (2 * ((int)bin[j] + 1));
                    sum[at + j] += (float)(pair[0] + ((place[j] - bin[j]) * pair[1]));
                }
            }
        }
    }

    /// <summary>Nodes at which a table speaks, and where in it: bin and fraction of the bin.</summary>
    public int Places(in AzimuthFactor factor, CorrelationTable table, out int[] nodes, out double[] places)
    {
        (nodes, places) = (_nodes, _places);
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
        if (factor.IsMass)
        {
            var cos = (factor.Offset - table.Highest) / factor.Scale;
            var hasSecond = double.IsFinite(factor.SecondOffset);
            if (!hasSecond && (!(cos < 1) || factor.Offset + factor.Scale <= table.Lowest))
            {
                return false;
            }

            reach = hasSecond || cos <= -1 ? Math.PI : Atan2.Of(Math.Sqrt(1 - (cos * cos)), cos);
        }
        else
        {
            reach = Math.Sqrt(table.Highest - factor.Offset);
        }

        first = (int)Math.Ceiling((factor.Phi - reach + Math.PI) / Step);
        last = Math.Min((int)Math.Floor((factor.Phi + reach + Math.PI) / Step), first + AzimuthCorrelations.Nodes - 1);
        return last >= first;
    }

    /// <summary>Where in its table a factor stands at the azimuth with this cosine and sine; outside, not from 0 to below the number of bins.</summary>
    public static double PlaceAt(in AzimuthFactor factor, CorrelationTable table, double cos, double sin)
    {
        var distance = Math.Abs(Atan2.Of((sin * factor.Cos) - (cos * factor.Sin), (cos * factor.Cos) + (sin * factor.Sin)));
        return (Of(factor, distance, cos, sin) - table.Lowest) * table.Bins / (table.Highest - table.Lowest);
    }

    private static double Of(in AzimuthFactor factor, double distance, double cos, double sin) =>
        factor.IsMass
            ? Math.Min(factor.Offset - (factor.Scale * ((cos * factor.Cos) + (sin * factor.Sin))), factor.SecondOffset - (factor.SecondScale * ((cos * factor.SecondCos) + (sin * factor.SecondSin))))
            : factor.Offset + (distance * distance);

    private void AddTriples(IReadOnlyList<CorrelationTable?> tables, int table, EventState state, double pt, double cosh, double sinh)
    {
        foreach (ref readonly var b in state.Objects)
        {
            if (!AzimuthCorrelations.IsCombinedB(b.Position))
            {
                continue;
            }

            foreach (ref readonly var jet in state.Objects)
            {
                if (AzimuthCorrelations.IsCombinedJet(jet.Position))
                {
                    double e = b.Energy + jet.Energy, px = b.Px + jet.Px, py = b.Py + jet.Py, pz = b.Pz + jet.Pz;
                    var massSquared = (e * e) - (px * px) - (py * py) - (pz * pz);
                    AddMass(tables, table, AzimuthCorrelations.Triples, state, pt, cosh, sinh, e, px, py, pz, massSquared);
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
                AddMass(tables, table, AzimuthCorrelations.OtherPairs, state, pt, cosh, sinh, b.Energy, b.Px, b.Py, b.Pz, b.MassSquared);
            }
        }

        if (_factors.Count == first + 2)
        {
            var second = _factors[first + 1];
            _factors[first] = _factors[first] with { SecondOffset = second.Offset, SecondScale = second.Scale, SecondCos = second.Cos, SecondSin = second.Sin };
            _factors.RemoveAt(first + 1);
        }
    }

    private void AddMass(IReadOnlyList<CorrelationTable?> tables, int table, int field, EventState state, double pt, double cosh, double sinh, double energy, double px, double py, double pz, double massSquared)
    {
        var transverse = Math.Sqrt((px * px) + (py * py));
        double offset = massSquared + (2 * pt * ((energy * cosh) - (pz * sinh))), scale = 2 * pt * transverse;
        if (tables[table] is { } window && transverse > 1e-6 && offset - scale < window.Highest && offset + scale > window.Lowest)
        {
            var (cos, sin) = state.Relative(px / transverse, py / transverse);
            _factors.Add(new AzimuthFactor(table, field, true, offset, scale, cos, sin, Atan2.Of(sin, cos)));
        }
    }
}
