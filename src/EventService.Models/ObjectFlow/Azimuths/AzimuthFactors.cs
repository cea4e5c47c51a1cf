using System.Runtime.InteropServices;

using EventService.Models.ObjectFlow.States;
using EventService.Models.Sampling;
using EventService.Models.WholeEvents;
using EventService.Numerics.Functions;
using EventService.Physics.Events;

namespace EventService.Models.ObjectFlow.Azimuths;

/// <summary>The factors of one object's azimuth, and their logarithms at the nodes. For one thread.</summary>
/// <param name="recoilWidth">Width of the imbalance that the nodes resolve [GeV], or 0: see <see cref="AzimuthWarp"/>.</param>
internal sealed class AzimuthFactors(double recoilWidth = 0)
{
    // Below this largest squared pT a triple has no weight at any node, in single precision either.
    private const double MayBeHard = AzimuthCorrelations.HardLowest * (1 - 1e-5);

    private readonly List<AzimuthFactor> _factors = [];
    private readonly AzimuthGrid _warped = new(0);

    public List<AzimuthFactor> Items => _factors;

    /// <summary>Parameter a of the map of the circle, from the last momenta that factors were collected for.</summary>
    public double Warp { get; private set; }

    /// <summary>The nodes under that map.</summary>
    public AzimuthGrid Grid
    {
        get
        {
            if (Warp == 0)
            {
                return AzimuthGrid.Equidistant;
            }

            _warped.Set(Warp);
            return _warped;
        }
    }

    /// <summary>Collects the factors of an object with this pT and eta.</summary>
    public void Collect(ReadOnlySpan<CorrelationTable?> tables, EventState state, SlotClass slot, ObjectType type, double pt, double eta)
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
                _factors.Add(new AzimuthFactor(separation, 0, AzimuthFactorKind.Separation, deta * deta, 0, 0, Atan2.Of(sin, cos)));
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
    public void CollectMet(ReadOnlySpan<CorrelationTable?> tables, EventState state, double met)
    {
        _factors.Clear();
        AddBalance(tables, state, SlotClass.Met, met);
        if (tables[AzimuthCorrelations.MetAngleTable] is not null)
        {
            _factors.Add(new AzimuthFactor(AzimuthCorrelations.MetAngleTable, 0, AzimuthFactorKind.Separation, 0, 0, 0, 0));
        }

        foreach (ref readonly var other in state.Objects)
        {
            if (other.Position >= 0 && AzimuthCorrelations.PairField(SlotClass.Met, other.Position) is var field and > 0)
            {
                AddMass(tables, MassFactor(AzimuthCorrelations.PairTable(SlotClass.Met, other.Position), field, state, met, 1, 0, other.Pt, other.Px, other.Py, 0, 0));
            }
        }
    }

    /// <summary>
    /// Writes the factors' logarithms, summed for each field apart: field after field, node after node. The first has the logarithm of the
    /// map's slope as well, so that the factors multiply a density in the azimuth.
    /// </summary>
    public void Write(AzimuthCorrelations correlations, Span<float> fields) => Write(correlations, default, fields[..((AzimuthCorrelations.Fields + 1) * AzimuthCorrelations.Nodes)]);

    /// <summary>Writes the factors' logarithms, summed over all fields with these exponents, node after node.</summary>
    public void WriteSum(AzimuthCorrelations correlations, ReadOnlySpan<float> exponents, Span<float> sums) => Write(correlations, exponents, sums[..AzimuthCorrelations.Nodes]);

    private unsafe void Write(AzimuthCorrelations correlations, ReadOnlySpan<float> exponents, Span<float> sums)
    {
        var grid = Grid;
        grid.LogSlopes.CopyTo(sums);
        sums[AzimuthCorrelations.Nodes..].Clear();
        var tables = correlations.TableSpan;
        fixed (float* sum = sums)
        {
            foreach (ref readonly var factor in CollectionsMarshal.AsSpan(_factors))
            {
                var exponent = exponents.IsEmpty ? 1 : exponents[factor.Field];
                var field = exponents.IsEmpty ? factor.Field * AzimuthCorrelations.Nodes : 0;
                AzimuthNodes.AddLogarithms(factor, tables[factor.Table]!, correlations.SegmentsOf(factor.Table), exponent, grid, sum + field);
            }
        }

        GC.KeepAlive(correlations);
    }

    // Azimuths are relative to the recoil's own.
    private void AddBalance(ReadOnlySpan<CorrelationTable?> tables, EventState state, SlotClass slot, double pt)
    {
        Warp = AzimuthWarp.At(recoilWidth, state.Recoil, pt);
        var table = AzimuthCorrelations.BalanceTable(slot);
        double offset = (state.Recoil * state.Recoil) + (pt * pt), scale = 2 * state.Recoil * pt;
        if (tables[table] is { } window && scale > 1e-6 && offset - scale < window.Highest * window.Highest)
        {
            _factors.Add(new AzimuthFactor(table, AzimuthCorrelations.Balance, AzimuthFactorKind.Balance, offset, scale, 0, 0));
        }

        table = slot == SlotClass.Met ? AzimuthCorrelations.MetRecoilTable : AzimuthCorrelations.RecoilTable(state.NextIsLast ? SlotClass.Met : slot);
        if (tables[table] is not null && scale > 1e-6)
        {
            _factors.Add(new AzimuthFactor(table, 0, AzimuthFactorKind.FourthRoot, offset, scale, 0, 0));
        }
    }

    private void AddTriples(ReadOnlySpan<CorrelationTable?> tables, SlotClass slot, EventState state, double pt, double cosh, double sinh)
    {
        int combination = AzimuthCorrelations.CombinationTable(slot), cascade = AzimuthCorrelations.CascadeTable(slot), hard = AzimuthCorrelations.HardMassTable(slot);
        foreach (ref readonly var jet in state.Objects)
        {
            if (!AzimuthCorrelations.IsCombinedJet(jet.Position))
            {
                continue;
            }

            var pair = MassFactor(cascade, AzimuthCorrelations.Triples, state, pt, cosh, sinh, jet.Energy, jet.Px, jet.Py, jet.Pz, jet.MassSquared);
            var scale = pair.Scale;
            var mayBeW = pair.Offset - scale < AzimuthCorrelations.CascadeCentre + AzimuthCorrelations.CascadeReach
                && pair.Offset + scale > AzimuthCorrelations.CascadeCentre - AzimuthCorrelations.CascadeReach;
            foreach (ref readonly var b in state.Objects)
            {
                if (!AzimuthCorrelations.IsCombinedB(b.Position))
                {
                    continue;
                }

                double e = b.Energy + jet.Energy, px = b.Px + jet.Px, py = b.Py + jet.Py, pz = b.Pz + jet.Pz;
                var triple = MassFactor(combination, AzimuthCorrelations.Triples, state, pt, cosh, sinh, e, px, py, pz, (e * e) - (px * px) - (py * py) - (pz * pz));
                AddMass(tables, triple);
                if (tables[hard] is not null)
                {
                    var together = triple with { Offset = (px * px) + (py * py) + (pt * pt), Cos = -triple.Cos, Sin = -triple.Sin };
                    if (together.Offset + together.Scale > MayBeHard)
                    {
                        _factors.Add((triple with { Table = hard, Field = 0 }).WithSecond(AzimuthFactorKind.HardMass, together));
                    }
                }

                if (mayBeW)
                {
                    AddMass(tables, (triple with { Table = cascade }).WithSecond(AzimuthFactorKind.Cascade, pair));
                }
            }
        }
    }

    private void AddSmallest(ReadOnlySpan<CorrelationTable?> tables, int table, EventState state, double pt, double cosh, double sinh)
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

    private void AddMass(ReadOnlySpan<CorrelationTable?> tables, in AzimuthFactor factor)
    {
        var scale = factor.Scale;
        if (tables[factor.Table] is { } window && scale > 1e-6 && factor.Offset - scale < window.Highest && factor.Offset + scale > window.Lowest)
        {
            _factors.Add(factor);
        }
    }

    private static AzimuthFactor MassFactor(int table, int field, EventState state, double pt, double cosh, double sinh, double energy, double px, double py, double pz, double massSquared)
    {
        var (cos, sin) = state.Relative(2 * pt * px, 2 * pt * py);
        return new AzimuthFactor(table, field, AzimuthFactorKind.Mass, massSquared + (2 * pt * ((energy * cosh) - (pz * sinh))), cos, sin, 0);
    }
}
