using EventService.Numerics.Functions;
using EventService.Physics.Events;

namespace EventService.Generation.Preprocessing;

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
    private const int CountInputs = 22;
    private const int GlobalInputs = CountInputs + 8;

    // Inputs of each earlier object: log pT, eta, cos, sin, log pT cos, log pT sin, log(m / pT).
    private const int PositionInputs = 7;

    // Inputs of each earlier object to the azimuth: its distance in eta, and a window of the jet radius times (1, cos, sin).
    private const int PairInputs = 4;
    private const int AzimuthGlobals = 4;

    private readonly int[] _counts = new int[EventSlots.TypeCount];
    private readonly bool[] _present = new bool[EventSlots.PositionCount];
    private readonly double[] _cos = new double[EventSlots.PositionCount];
    private readonly double[] _sin = new double[EventSlots.PositionCount];
    private readonly double[] _logPt = new double[EventSlots.PositionCount];
    private readonly double[] _eta = new double[EventSlots.PositionCount];
    private readonly double[] _logMass = new double[EventSlots.PositionCount];
    private double[] _condition = [];
    private double _px, _py, _pz, _energy, _ht;
    private double _frameCos, _frameSin;

    /// <summary>Objects so far.</summary>
    public int ObjectCount { get; private set; }

    /// <summary>Magnitude of the vector sum of the objects' pT [GeV].</summary>
    public double Recoil { get; private set; }

    /// <summary>pT of the last object [GeV].</summary>
    public double LastPt { get; private set; }

    /// <summary>Direction of the recoil: minus the vector sum of pT; the x axis before the first object.</summary>
    public (double Cos, double Sin) Frame => (_frameCos, _frameSin);

    public static int InputCount(SlotClass slot, int conditions) =>
        GlobalInputs + conditions + (PositionInputs * EventSlots.SeenPositions(slot));

    public static int AzimuthInputCount(SlotClass slot) => AzimuthGlobals + (PairInputs * EventSlots.SeenPositions(slot));

    /// <summary>Starts an event.</summary>
    /// <param name="counts">Number of objects of each type.</param>
    /// <param name="condition">Network inputs of the condition, scaled.</param>
    public void Reset(ReadOnlySpan<int> counts, double[] condition)
    {
        counts.CopyTo(_counts);
        _condition = condition;
        Array.Clear(_present);
        _px = _py = _pz = _energy = _ht = 0;
        (_frameCos, _frameSin) = (1, 0);
        Recoil = 0;
        LastPt = 0;
        ObjectCount = 0;
    }

    /// <summary>Adds an object; the recoil direction turns with it.</summary>
    public void Add(in FlowObject item)
    {
        double sinh = Sinh.Of(item.Eta), pz = item.Pt * sinh;
        _px += item.Pt * item.Cos;
        _py += item.Pt * item.Sin;
        _pz += pz;
        _energy += Math.Sqrt((item.Pt * item.Pt) + (pz * pz) + (item.Mass * item.Mass));
        _ht += item.Pt;
        Recoil = Math.Sqrt((_px * _px) + (_py * _py));
        (_frameCos, _frameSin) = Recoil > 1e-9 ? (-_px / Recoil, -_py / Recoil) : (1, 0);
        LastPt = item.Pt;
        ObjectCount++;
        var position = EventSlots.PositionOf(item.Type, item.Index);
        if (position >= 0)
        {
            _present[position] = true;
            _cos[position] = item.Cos;
            _sin[position] = item.Sin;
            _logPt[position] = Log.Of(item.Pt / 20);
            _eta[position] = item.Eta;
            _logMass[position] = item.Mass > 0 ? Log.Of(item.Mass / item.Pt) + 1.8 : 0;
        }
    }

    /// <summary>Writes the network inputs for the next object into a column of a feature-major matrix.</summary>
    /// <param name="slot">Class of the next object, or <see cref="SlotClass.Met"/>.</param>
    /// <param name="type">Type of the next object; not used for the missing momentum.</param>
    /// <param name="index">Rank of the next object within its type.</param>
    /// <param name="column">Matrix from the column's first element on.</param>
    /// <param name="stride">Distance of rows.</param>
    public void WriteInputs(SlotClass slot, ObjectType type, int index, Span<float> column, int stride)
    {
        var at = 0;
        void Put(Span<float> destination, double value)
        {
            destination[at] = (float)value;
            at += stride;
        }

        for (var k = 0; k < 4; k++)
        {
            Put(column, Math.Min(_counts[0], 3) == k ? 1 : 0);
        }

        for (var k = 0; k < 10; k++)
        {
            Put(column, Math.Min(_counts[1], 9) == k ? 1 : 0);
        }

        var total = _counts[0] + _counts[1];
        for (var t = 2; t < EventSlots.TypeCount; t++)
        {
            total += _counts[t];
            Put(column, Math.Min(_counts[t], 2));
        }

        Put(column, 0.1 * total);
        Put(column, 0.2 * ObjectCount);
        Put(column, slot == SlotClass.Met ? 0 : 0.2 * (index - (int)slot + (int)EventSlots.ClassOf(type, 0)));
        Put(column, slot == SlotClass.Met ? 0 : EventSlots.ChargeOf(type));
        Put(column, Log1p.Of(Recoil / 20));
        Put(column, Log1p.Of(_ht / 50));
        Put(column, Recoil / (_ht + 20));
        Put(column, _pz < 0 ? -Log1p.Of(-_pz / 50) : Log1p.Of(_pz / 50));
        Put(column, 0.5 * Log1p.Of(Math.Max((_energy * _energy) - (_px * _px) - (_py * _py) - (_pz * _pz), 0) / 2500));
        Put(column, LastPt > 0 ? Log.Of(LastPt / 20) : 0);
        Put(column, 0.5 * Log1p.Of(_energy / 50));
        foreach (var value in _condition)
        {
            Put(column, value);
        }

        for (var p = 0; p < EventSlots.SeenPositions(slot); p++)
        {
            if (!_present[p])
            {
                for (var k = 0; k < PositionInputs; k++)
                {
                    Put(column, 0);
                }

                continue;
            }

            var (cos, sin) = Relative(p);
            Put(column, _logPt[p]);
            Put(column, _eta[p]);
            Put(column, cos);
            Put(column, sin);
            Put(column, _logPt[p] * cos);
            Put(column, _logPt[p] * sin);
            Put(column, _logMass[p]);
        }
    }

    /// <summary>Writes the further inputs of the next object's azimuth, given its pT and eta.</summary>
    public void WriteAzimuthInputs(SlotClass slot, double pt, double eta, float unitPt, Span<float> column, int stride)
    {
        var at = 0;
        void Put(Span<float> destination, double value)
        {
            destination[at] = (float)value;
            at += stride;
        }

        Put(column, Log.Of(pt / 20));
        Put(column, eta);
        Put(column, unitPt);
        Put(column, Recoil / (Recoil + pt));
        for (var p = 0; p < EventSlots.SeenPositions(slot); p++)
        {
            if (!_present[p])
            {
                for (var k = 0; k < PairInputs; k++)
                {
                    Put(column, 0);
                }

                continue;
            }

            var (cos, sin) = Relative(p);
            var distance = eta - _eta[p];
            var window = Exp.Of(-distance * distance / (0.4 * 0.4));
            Put(column, distance);
            Put(column, window);
            Put(column, window * cos);
            Put(column, window * sin);
        }
    }

    private (double Cos, double Sin) Relative(int position) =>
        ((_cos[position] * _frameCos) + (_sin[position] * _frameSin), (_sin[position] * _frameCos) - (_cos[position] * _frameSin));
}
