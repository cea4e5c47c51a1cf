using EventService.Engine.Kernels;
using EventService.Models.WholeEvents;
using EventService.Numerics.Functions;
using EventService.Physics.Events;
using EventService.Physics.Selection;

namespace EventService.Models.ObjectFlow.States;

/// <summary>One object in the coordinates of the flow's features. Angles as direction cosines, in double precision.</summary>
/// <param name="Type">Kind of object.</param>
/// <param name="Index">Rank in pT within its type, from 0.</param>
/// <param name="Pt">Transverse momentum [GeV].</param>
/// <param name="Eta">Pseudorapidity.</param>
/// <param name="Cos">Cosine of the azimuth.</param>
/// <param name="Sin">Sine of the azimuth.</param>
/// <param name="Mass">Mass [GeV], zero for leptons and photons.</param>
public readonly record struct FlowObject(ObjectType Type, int Index, double Pt, double Eta, double Cos, double Sin, double Mass);

/// <summary>
/// What is known of an event at one step of the flow: the object counts, the condition and the objects so far; and the
/// network inputs that follow from it. All azimuths enter relative to the recoil, the direction opposite to the vector
/// sum of the objects so far, so that rotating an event changes nothing.
/// </summary>
public sealed class EventState
{
    // Inputs that do not depend on earlier objects one by one.
    private const int BJetCounts = 4, JetCounts = 10;
    private const int TypeInputs = BJetCounts + JetCounts + EventSlots.TypeCount - 2;
    private const int CandidateInputs = 6;
    private const int GlobalInputs = TypeInputs + 13 + CandidateInputs;

    // Inputs of each earlier object: log pT, eta, cos, sin, log pT cos, log pT sin, log(m / pT).
    private const int PositionInputs = 7;

    // Inputs to eta of each earlier light jet, or b-jet for a lepton: between which values, on both sides of the earlier object, the pair
    // has an azimuth with the mass of the W, or below the edge of top decays.
    private const int OvalInputs = 2;
    private const double LargestOval = 6;

    // Inputs of each earlier object to the azimuth: its distance in eta, a window of the jet radius times (1, cos, sin), and the
    // two directions in which the pair has its telling mass.
    private const int PairInputs = 4 + PairDirections.Inputs;
    private const int AzimuthGlobals = 4;
    private const int MetAzimuthGlobals = 4;
    private const int FirstB = 0, FirstJet = 3, FirstLepton = 9, LastLepton = 12;

    private const double WMass = 80.4, ZMass = 91.2, TopMass = 172.5;

    // Greatest mass of lepton and b-jet from one top quark: sqrt(173^2 - 80.4^2).
    private const double LeptonJetEdge = 153;

    private readonly int[] _counts = new int[EventSlots.TypeCount];

    // How many b-jets and jets, one input for each number, and how many of each other type: the same for all objects of an event.
    private readonly float[] _countInputs = new float[TypeInputs];

    // Place among the objects of what stands at each position, or -1.
    private readonly sbyte[] _at = new sbyte[EventSlots.PositionCount];

    // (Mass / expected mass)^2 of the pair of jets nearest to the W, the triple nearest to the top, and of the smallest mass of
    // lepton and b-jet over its edge; NaN without a candidate.
    private readonly double[] _candidates = new double[CandidateInputs / 2];
    private SeenObject[] _objects = new SeenObject[16];
    private double[] _condition = [];
    private double _px, _py, _pz, _energy, _ht;
    private double _pt = 20, _logPt;
    private double _frameCos, _frameSin;
    private bool _fired;
    private int _total;

    /// <summary>Objects so far.</summary>
    public int ObjectCount { get; private set; }

    /// <summary>Magnitude of the vector sum of the objects' pT [GeV].</summary>
    public double Recoil { get; private set; }

    /// <summary>True if the next object is the event's last.</summary>
    public bool NextIsLast => ObjectCount + 1 == _total;

    /// <summary>pT of the last object [GeV].</summary>
    public double LastPt { get; private set; }

    /// <summary>The objects so far, in their order.</summary>
    internal ReadOnlySpan<SeenObject> Objects => _objects.AsSpan(0, ObjectCount);

    /// <summary>Direction of the recoil: minus the vector sum of pT; the x axis before the first object.</summary>
    public (double Cos, double Sin) Frame => (_frameCos, _frameSin);

    public static int InputCount(SlotClass slot, int conditions) =>
        GlobalInputs + conditions + (PositionInputs * EventSlots.SeenPositions(slot));

    /// <summary>
    /// Inputs of eta besides the trunk's: log pT and its unit coordinate; for jets and leptons, the ovals around earlier objects.
    /// </summary>
    public static int EtaInputCount(SlotClass slot) => 2 + (OvalInputs * OvalCount(slot));

    public static int AzimuthInputCount(SlotClass slot) => slot == SlotClass.Met
        ? MetAzimuthGlobals + (PairDirections.Inputs * (LastLepton - FirstLepton + 1))
        : AzimuthGlobals + (PairInputs * EventSlots.SeenPositions(slot));

    /// <summary>
    /// pT [GeV] that the next object must have because it is the last one that can fire the event selection and none before did; 0
    /// where there is no such need.
    /// </summary>
    public double RequiredPt(ObjectType type, int index)
    {
        if (_fired || index > 0)
        {
            return 0;
        }

        for (var t = (int)type + 1; t < _counts.Length; t++)
        {
            if (_counts[t] > 0)
            {
                return 0;
            }
        }

        return EventSelection.EventCut(type).MinimumPt;
    }

    /// <summary>log(pT / 20 GeV).</summary>
    internal double LogPt(double pt)
    {
        // Asked for again and again for one object.
        if (pt != _pt)
        {
            (_pt, _logPt) = (pt, Log.Of(pt / 20));
        }

        return _logPt;
    }

    /// <summary>Starts an event.</summary>
    /// <param name="counts">Number of objects of each type.</param>
    /// <param name="condition">Network inputs of the condition, scaled.</param>
    public void Reset(ReadOnlySpan<int> counts, double[] condition)
    {
        counts.CopyTo(_counts);
        Array.Clear(_countInputs);
        _countInputs[Math.Min(counts[0], BJetCounts - 1)] = 1;
        _countInputs[BJetCounts + Math.Min(counts[1], JetCounts - 1)] = 1;
        for (var t = 2; t < EventSlots.TypeCount; t++)
        {
            _countInputs[BJetCounts + JetCounts + t - 2] = Math.Min(counts[t], 2);
        }

        _total = System.Numerics.Tensors.TensorPrimitives.Sum(counts);
        _condition = condition;
        Array.Fill(_at, (sbyte)-1);
        Array.Fill(_candidates, double.NaN);
        _px = _py = _pz = _energy = _ht = 0;
        (_frameCos, _frameSin) = (1, 0);
        Recoil = 0;
        LastPt = 0;
        ObjectCount = 0;
        _fired = false;
    }

    /// <summary>Adds an object; the recoil direction turns with it.</summary>
    public void Add(in FlowObject item)
    {
        double sinh = Sinh.Of(item.Eta), pz = item.Pt * sinh;
        _px += item.Pt * item.Cos;
        _py += item.Pt * item.Sin;
        _pz += pz;
        var energy = Math.Sqrt((item.Pt * item.Pt) + (pz * pz) + (item.Mass * item.Mass));
        _energy += energy;
        _ht += item.Pt;
        Recoil = Math.Sqrt((_px * _px) + (_py * _py));
        (_frameCos, _frameSin) = Recoil > 1e-9 ? (-_px / Recoil, -_py / Recoil) : (1, 0);
        LastPt = item.Pt;
        var position = EventSlots.PositionOf(item.Type, item.Index);
        var seen = new SeenObject(item.Type, position, item.Pt, item.Eta, item.Cos, item.Sin, item.Mass, energy, item.Pt * item.Cos, item.Pt * item.Sin, pz)
        {
            LogPt = LogPt(item.Pt),
            LogMass = item.Mass > 0 ? Log.Of(item.Mass / item.Pt) + 1.8 : 0,
        };
        FindCandidates(seen);
        if (ObjectCount == _objects.Length)
        {
            Array.Resize(ref _objects, 2 * _objects.Length);
        }

        _objects[ObjectCount] = seen;
        if (position >= 0)
        {
            _at[position] = (sbyte)ObjectCount;
        }

        ObjectCount++;
        _fired |= EventSelection.EventCut(item.Type).Passes(item.Pt, item.Eta);
    }

    /// <summary>Writes the network inputs for the next object into a row.</summary>
    /// <param name="slot">Class of the next object, or <see cref="SlotClass.Met"/>.</param>
    /// <param name="type">Type of the next object; not used for the missing momentum.</param>
    /// <param name="index">Rank of the next object within its type.</param>
    /// <param name="row">Receives <see cref="InputCount"/> numbers.</param>
    public void WriteInputs(SlotClass slot, ObjectType type, int index, Span<float> row)
    {
        // One vector of logarithms in place of eight calls.
        Span<float> logs =
        [
            (float)(1 + (Recoil / 20)),
            (float)(1 + (_ht / 50)),
            (float)(1 + (Math.Abs(_pz) / 50)),
            (float)(1 + (Math.Max((_energy * _energy) - (_px * _px) - (_py * _py) - (_pz * _pz), 0) / 2500)),
            (float)(1 + (_energy / 50)),
            Known(_candidates[0]),
            Known(_candidates[1]),
            Known(_candidates[2]),
        ];
        ElementwiseKernel.Log.Forward(logs, logs);

        _countInputs.CopyTo(row);
        var now = row.Slice(TypeInputs, GlobalInputs - TypeInputs);
        now[0] = (float)(0.1 * _total);
        now[1] = (float)(0.2 * ObjectCount);
        now[2] = slot == SlotClass.Met ? 0 : (float)(0.2 * (index - (int)slot + (int)EventSlots.ClassOf(type, 0)));
        now[3] = slot == SlotClass.Met ? 0 : EventSlots.ChargeOf(type);
        now[4] = logs[0];
        now[5] = logs[1];
        now[6] = (float)(Recoil / (_ht + 20));
        now[7] = _pz < 0 ? -logs[2] : logs[2];
        now[8] = 0.5f * logs[3];
        now[9] = ObjectCount > 0 ? (float)_objects[ObjectCount - 1].LogPt : 0;
        now[10] = 0.5f * logs[4];
        now[11] = _fired ? 1 : 0;
        now[12] = slot != SlotClass.Met && RequiredPt(type, index) > 0 ? 1 : 0;
        for (var k = 0; k < _candidates.Length; k++)
        {
            var known = !double.IsNaN(_candidates[k]);
            var candidate = 0.5f * logs[5 + k];
            now[13 + (2 * k)] = known ? Math.Clamp(candidate, -2, 2) : 0;
            now[14 + (2 * k)] = known ? 1 / (1 + (candidate * candidate * 100)) : 0;
        }

        for (var k = 0; k < _condition.Length; k++)
        {
            row[GlobalInputs + k] = (float)_condition[k];
        }

        var seen = EventSlots.SeenPositions(slot);
        var positions = row.Slice(GlobalInputs + _condition.Length, seen * PositionInputs);
        positions.Clear();
        foreach (ref readonly var other in Objects)
        {
            if (other.Position < 0 || other.Position >= seen)
            {
                continue;
            }

            var to = positions.Slice(other.Position * PositionInputs, PositionInputs);
            var (cos, sin) = Relative(other.Cos, other.Sin);
            to[6] = (float)other.LogMass;
            to[0] = (float)other.LogPt;
            to[1] = (float)other.Eta;
            to[2] = (float)cos;
            to[3] = (float)sin;
            to[4] = (float)(other.LogPt * cos);
            to[5] = (float)(other.LogPt * sin);
        }
    }

    /// <summary>Writes the further inputs of the next object's eta, given its pT.</summary>
    public void WriteEtaInputs(SlotClass slot, double pt, float unitPt, Span<float> row)
    {
        row[0] = (float)LogPt(pt);
        row[1] = unitPt;
        var isJet = EventSlots.GroupOf(slot) == SlotGroup.Jet;
        var mass = isJet ? WMass : LeptonJetEdge;
        int count = OvalCount(slot), first = isJet ? FirstJet : FirstB;

        // cosh(deta) = 1 + z where the pair has that mass at the same azimuth.
        Span<float> reaches = stackalloc float[EventSlots.PositionCount];
        reaches = reaches[..count];
        for (var k = 0; k < count; k++)
        {
            var z = _at[first + k] < 0 ? 0 : mass * mass / (2 * pt * _objects[_at[first + k]].Pt);
            reaches[k] = (float)(1 + z + Math.Sqrt(z * (z + 2)));
        }

        ElementwiseKernel.Log.Forward(reaches, reaches);
        for (var k = 0; k < count; k++)
        {
            var p = first + k;
            var to = row.Slice(2 + (k * OvalInputs), OvalInputs);
            if (_at[p] < 0)
            {
                to.Clear();
                continue;
            }

            ref readonly var other = ref _objects[_at[p]];
            var reach = Math.Min(reaches[k], LargestOval);
            to[0] = (float)(other.Eta - reach);
            to[1] = (float)(other.Eta + reach);
        }
    }

    /// <summary>Writes the further inputs of the next object's azimuth, given its pT and eta.</summary>
    public void WriteAzimuthInputs(SlotClass slot, double pt, double eta, float unitPt, Span<float> row)
    {
        row[0] = (float)LogPt(pt);
        row[1] = (float)eta;
        row[2] = unitPt;
        row[3] = (float)(Recoil / (Recoil + pt));
        var seen = EventSlots.SeenPositions(slot);
        Span<float> distances = stackalloc float[EventSlots.PositionCount], exponentials = stackalloc float[2 * EventSlots.PositionCount];
        Span<float> windows = exponentials[..seen], powers = exponentials.Slice(seen, seen);
        var directions = new PairDirections(stackalloc float[PairDirections.Room]);
        for (var p = 0; p < seen; p++)
        {
            if (_at[p] < 0)
            {
                windows[p] = powers[p] = 0;
                continue;
            }

            ref readonly var other = ref _objects[_at[p]];
            var distance = eta - other.Eta;
            windows[p] = (float)(-distance * distance / (0.4 * 0.4));
            powers[p] = distances[p] = (float)distance;
            FindPair(directions, p, other, TellingMass(slot, p), pt);
        }

        ElementwiseKernel.Exp.Forward(exponentials[..(2 * seen)], exponentials[..(2 * seen)]);
        for (var p = 0; p < seen; p++)
        {
            directions.Cosh[p] = 0.5f * (powers[p] + (1 / powers[p]));
        }

        directions.Find(seen);
        for (var p = 0; p < seen; p++)
        {
            var to = row.Slice(AzimuthGlobals + (p * PairInputs), PairInputs);
            if (_at[p] < 0)
            {
                to.Clear();
                continue;
            }

            to[0] = distances[p];
            to[1] = windows[p];
            to[2] = windows[p] * directions.Cos[p];
            to[3] = windows[p] * directions.Sin[p];
            directions.Write(p, to[^PairDirections.Inputs..]);
        }
    }

    /// <summary>Writes the further inputs of the missing momentum's azimuth, given its size.</summary>
    public void WriteMetAzimuthInputs(float unitMet, double met, Span<float> row)
    {
        row[0] = unitMet;
        row[1] = (float)Log1p.Of(met / 20);
        row[2] = (float)Log1p.Of(Recoil / 20);
        row[3] = (float)Log.Of((met + 5) / (Recoil + 5));
        const int Leptons = LastLepton - FirstLepton + 1;
        var directions = new PairDirections(stackalloc float[PairDirections.Room]);
        directions.Cosh[..Leptons].Fill(1);
        for (var p = 0; p < Leptons; p++)
        {
            if (_at[FirstLepton + p] >= 0)
            {
                FindPair(directions, p, _objects[_at[FirstLepton + p]], WMass, met);
            }
        }

        directions.Find(Leptons);
        for (var p = 0; p < Leptons; p++)
        {
            var to = row.Slice(MetAzimuthGlobals + (p * PairDirections.Inputs), PairDirections.Inputs);
            if (_at[FirstLepton + p] >= 0)
            {
                directions.Write(p, to);
            }
            else
            {
                to.Clear();
            }
        }
    }

    private void FindPair(in PairDirections directions, int place, in SeenObject other, double mass, double pt)
    {
        var (cos, sin) = Relative(other.Cos, other.Sin);
        directions.Cos[place] = (float)cos;
        directions.Sin[place] = (float)sin;
        directions.Ratio[place] = (float)(mass * mass / (2 * pt * other.Pt));
    }

    // Masses at which pairs of objects pile up or end, whatever the process: W to jets, Z to leptons, the edge of top decays.
    private static double TellingMass(SlotClass slot, int position) => EventSlots.GroupOf(slot) switch
    {
        SlotGroup.BJet or SlotGroup.Jet => WMass,
        SlotGroup.Photon => position < FirstLepton ? 0 : ZMass,
        _ => position < FirstLepton ? LeptonJetEdge : ZMass,
    };

    private static int OvalCount(SlotClass slot) => EventSlots.GroupOf(slot) switch
    {
        SlotGroup.Jet => Math.Max(0, Math.Min(EventSlots.SeenPositions(slot), FirstLepton) - FirstJet),
        SlotGroup.Lepton => 2,
        _ => 0,
    };

    // With each jet come pairs and triples, with each lepton pairs with b-jets.
    private void FindCandidates(in SeenObject item)
    {
        var isLepton = item.Type is >= ObjectType.ElectronMinus and <= ObjectType.MuonPlus;
        if (item.Position < 0 || (item.Type != ObjectType.Jet && !isLepton))
        {
            return;
        }

        for (var k = 0; k < ObjectCount; k++)
        {
            ref readonly var other = ref _objects[k];
            if (isLepton && other.Type == ObjectType.BJet && other.Position >= 0)
            {
                Keep(2, MassRatioSquared(item, other, default, LeptonJetEdge), smallest: true);
            }
            else if (!isLepton && other.Type == ObjectType.Jet && other.Position >= 0)
            {
                Keep(0, MassRatioSquared(item, other, default, WMass), smallest: false);
                for (var b = 0; b < k && _objects[b].Type == ObjectType.BJet && _objects[b].Position >= FirstB; b++)
                {
                    Keep(1, MassRatioSquared(item, other, _objects[b], TopMass), smallest: false);
                }
            }
        }
    }

    private static float Known(double candidate) => double.IsNaN(candidate) ? 1 : (float)candidate;

    private void Keep(int candidate, double ratio, bool smallest)
    {
        ref var kept = ref _candidates[candidate];
        if (double.IsNaN(kept) || (smallest ? ratio < kept : Math.Max(ratio, 1 / ratio) < Math.Max(kept, 1 / kept)))
        {
            kept = ratio;
        }
    }

    private static double MassRatioSquared(in SeenObject a, in SeenObject b, in SeenObject c, double mass)
    {
        double e = a.Energy + b.Energy + c.Energy, px = a.Px + b.Px + c.Px, py = a.Py + b.Py + c.Py, pz = a.Pz + b.Pz + c.Pz;
        return Math.Max((e * e) - (px * px) - (py * py) - (pz * pz), 1) / (mass * mass);
    }

    /// <summary>A direction relative to that of the recoil.</summary>
    internal (double Cos, double Sin) Relative(double cos, double sin) =>
        ((cos * _frameCos) + (sin * _frameSin), (sin * _frameCos) - (cos * _frameSin));
}

/// <summary>An object of the event so far, with its four-momentum [GeV] and its place among those seen one by one, or -1.</summary>
internal readonly record struct SeenObject(
    ObjectType Type, int Position, double Pt, double Eta, double Cos, double Sin, double Mass, double Energy, double Px, double Py, double Pz)
{
    public double MassSquared => Mass * Mass;

    /// <summary>log(pT / 20 GeV).</summary>
    public double LogPt { get; init; }

    /// <summary>log(m / pT), centred; 0 without a mass.</summary>
    public double LogMass { get; init; }
}
