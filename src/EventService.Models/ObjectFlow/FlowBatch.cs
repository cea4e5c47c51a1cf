using EventService.Engine.Kernels;
using EventService.Engine.Tensors;
using EventService.Models.ObjectFlow.Azimuths;
using EventService.Models.ObjectFlow.States;
using EventService.Models.Sampling;
using EventService.Models.WholeEvents;
using EventService.Numerics.Functions;
using EventService.Physics.Events;

namespace EventService.Models.ObjectFlow;

/// <summary>What the networks of one slot class take and are asked for, one column an object.</summary>
public sealed class SlotBatch(SlotClass slot)
{
    public SlotClass Slot => slot;

    public int Count { get; private set; }

    /// <summary>Trunk inputs [inputs, Count].</summary>
    public Tensor Inputs { get; } = new(0, 0);

    /// <summary>Further inputs of eta: log pT, pT's unit coordinate, and for jets the ovals of the W mass.</summary>
    public Tensor EtaInputs { get; } = new(0, 0);

    /// <summary>Further inputs of the azimuth.</summary>
    public Tensor AzimuthInputs { get; } = new(0, 0);

    /// <summary>Fields of the azimuth's density [Count, <see cref="Engine.Kernels.CircularDensity.FieldCount"/>].</summary>
    public Tensor AzimuthFields { get; } = new(0, 0);

    /// <summary>Further inputs of the mass: log pT, eta, cosine and sine relative to the recoil.</summary>
    public Tensor MassInputs { get; } = new(0, 0);

    /// <summary>Unit coordinates of pT (or MET), eta, azimuth and mass.</summary>
    public float[][] Targets { get; } = [[], [], [], []];

    /// <summary>1, or 0 where the azimuth is uniform: the first object of an event.</summary>
    public float[] AzimuthWeight { get; private set; } = [];

    /// <summary>Row of each object's event in the batch.</summary>
    public int[] Event { get; private set; } = [];

    /// <summary>What the head of a coordinate takes besides the trunk's result; null for pT.</summary>
    public Tensor? FurtherInputs(Coordinate coordinate) => coordinate switch
    {
        Coordinate.Eta => EtaInputs,
        Coordinate.Azimuth => AzimuthInputs,
        Coordinate.Mass => MassInputs,
        _ => null,
    };

    /// <summary>The inputs as they are written, one row an object.</summary>
    internal Tensor InputRows { get; } = new(0, 0);

    internal Tensor EtaRows { get; } = new(0, 0);

    internal Tensor AzimuthRows { get; } = new(0, 0);

    internal Tensor MassRows { get; } = new(0, 0);

    internal void Start(int count, int conditions)
    {
        Count = 0;
        InputRows.Reshape(count, EventState.InputCount(slot, conditions));
        EtaRows.Reshape(count, EventState.EtaInputCount(slot));
        AzimuthRows.Reshape(count, EventState.AzimuthInputCount(slot));
        MassRows.Reshape(count, FlowBatch.MassInputCount);
        AzimuthFields.Reshape(count, slot == SlotClass.BJet1 ? 0 : (AzimuthCorrelations.Fields + 1) * AzimuthCorrelations.Nodes);
        if (Event.Length < count)
        {
            for (var t = 0; t < Targets.Length; t++)
            {
                Targets[t] = new float[count];
            }

            AzimuthWeight = new float[count];
            Event = new int[count];
        }
    }

    internal int Next() => Count++;

    /// <summary>Turns the rows that have been written into columns.</summary>
    internal void Finish()
    {
        Transpose.Of(InputRows, Inputs);
        Transpose.Of(EtaRows, EtaInputs);
        Transpose.Of(AzimuthRows, AzimuthInputs);
        Transpose.Of(MassRows, MassInputs);
    }
}

/// <summary>
/// Cuts events into slots: fills one <see cref="SlotBatch"/> a class with inputs and unit coordinates, and adds up the
/// logarithms of the coordinate maps' derivatives. Used alike by training and by densities.
/// </summary>
public sealed class FlowBatch(EventCoordinates coordinates, int conditions)
{
    private readonly EventState _state = new();
    private readonly AzimuthFactors _factors = new(coordinates.Azimuth.RecoilWidth);
    private readonly int[] _counts = new int[EventSlots.TypeCount];

    /// <summary>One batch a slot class, empty ones included.</summary>
    public SlotBatch[] Slots { get; } = [.. Enumerable.Range(0, EventSlots.ClassCount).Select(s => new SlotBatch((SlotClass)s))];

    /// <summary>Sum of log |dy / dx| of each event's coordinates.</summary>
    public double[] LogDerivative { get; private set; } = [];

    /// <summary>Fills the batches.</summary>
    /// <param name="sample">Events in double precision, objects in order.</param>
    /// <param name="events">Rows of the sample to take.</param>
    /// <param name="condition">Network inputs of each taken event's condition; empty arrays for an unconditional model.</param>
    /// <param name="mirror">Bit 0 mirrors eta, bit 1 mirrors the azimuth of an event; null for none.</param>
    public void Fill(EventSample sample, ReadOnlySpan<int> events, Func<int, double[]> condition, Func<int, int>? mirror)
    {
        ArgumentNullException.ThrowIfNull(sample);
        ArgumentNullException.ThrowIfNull(condition);
        CountSlots(sample, events);
        if (LogDerivative.Length < events.Length)
        {
            LogDerivative = new double[events.Length];
        }

        for (var row = 0; row < events.Length; row++)
        {
            var e = events[row];
            var flips = mirror?.Invoke(e) ?? 0;
            Fill(sample, e, row, condition(e), (flips & 1) != 0 ? -1 : 1, (flips & 2) != 0 ? -1 : 1);
        }

        foreach (var slot in Slots)
        {
            slot.Finish();
        }
    }

    private void CountSlots(EventSample sample, ReadOnlySpan<int> events)
    {
        Span<int> counts = stackalloc int[EventSlots.ClassCount];
        counts.Clear();
        counts[(int)SlotClass.Met] = events.Length;
        foreach (var e in events)
        {
            var index = 0;
            for (var k = sample.Offsets[e]; k < sample.Offsets[e + 1]; k++)
            {
                index = k > sample.Offsets[e] && sample.Type[k - 1] == sample.Type[k] ? index + 1 : 0;
                counts[(int)EventSlots.ClassOf(sample.Type[k], index)]++;
            }
        }

        for (var s = 0; s < counts.Length; s++)
        {
            Slots[s].Start(counts[s], conditions);
        }
    }

    private void Fill(EventSample sample, int e, int row, double[] condition, int etaSign, int phiSign)
    {
        Array.Clear(_counts);
        for (var k = sample.Offsets[e]; k < sample.Offsets[e + 1]; k++)
        {
            _counts[(int)sample.Type[k]]++;
        }

        _state.Reset(_counts, condition);
        double sum = 0;
        var index = 0;
        for (var k = sample.Offsets[e]; k < sample.Offsets[e + 1]; k++)
        {
            var type = sample.Type[k];
            index = k > sample.Offsets[e] && sample.Type[k - 1] == type ? index + 1 : 0;
            var (sin, cos) = SinCos.Of(phiSign * sample.Phi[k]);
            var item = new FlowObject(type, index, sample.Pt[k], etaSign * sample.Eta[k], cos, sin, sample.Mass[k]);
            sum += Fill(item, index > 0 ? sample.Pt[k - 1] : 0, row);
            _state.Add(item);
        }

        LogDerivative[row] = sum + FillMet(sample.Met[e], phiSign * sample.MetPhi[e], row);
    }

    private double Fill(in FlowObject item, double previousPt, int row)
    {
        var slot = EventSlots.ClassOf(item.Type, item.Index);
        var batch = Slots[(int)slot];
        var lane = batch.Next();
        batch.Event[lane] = row;
        _state.WriteInputs(slot, item.Type, item.Index, batch.InputRows.Row(lane));

        var (pt, logPt) = coordinates.PtToUnit(slot, item.Type, item.Pt, previousPt, _state.RequiredPt(item.Type, item.Index), _state.Recoil);
        batch.Targets[0][lane] = pt;
        _state.WriteEtaInputs(slot, item.Pt, pt, batch.EtaRows.Row(lane));

        var (eta, logEta) = coordinates.EtaToUnit(slot, item.Eta);
        batch.Targets[1][lane] = eta;
        _state.WriteAzimuthInputs(slot, item.Pt, item.Eta, pt, batch.AzimuthRows.Row(lane));

        batch.AzimuthWeight[lane] = _state.ObjectCount == 0 ? 0 : 1;
        var warp = 0.0;
        if (_state.ObjectCount > 0)
        {
            _factors.Collect(coordinates.Azimuth.TableSpan, _state, slot, item.Type, item.Pt, item.Eta);
            _factors.Write(coordinates.Azimuth, batch.AzimuthFields.Row(lane));
            warp = _factors.Warp;
        }
        else
        {
            batch.AzimuthFields.Row(lane).Clear();
        }

        var (phi, logPhi) = EventCoordinates.AzimuthToUnit(item.Cos, item.Sin, _state.Frame, warp);
        batch.Targets[2][lane] = phi;
        var sum = logPt + logEta + logPhi;
        if (EventSlots.HasMass(slot))
        {
            WriteMassInputs(item, _state, batch.MassRows.Row(lane));
            var (mass, logMass) = coordinates.MassToUnit(slot, item.Mass, item.Pt);
            batch.Targets[3][lane] = mass;
            sum += logMass;
        }

        return sum;
    }

    private double FillMet(double met, double metPhi, int row)
    {
        var batch = Slots[(int)SlotClass.Met];
        var lane = batch.Next();
        batch.Event[lane] = row;
        _state.WriteInputs(SlotClass.Met, default, 0, batch.InputRows.Row(lane));
        batch.AzimuthWeight[lane] = 1;
        if (coordinates.AcrossMap is not null)
        {
            return FillImbalance(met, metPhi, batch, lane);
        }

        var (y, logMet) = coordinates.MetToUnit(met);
        batch.Targets[0][lane] = y;
        _state.WriteMetAzimuthInputs(y, met, batch.AzimuthRows.Row(lane));
        _factors.CollectMet(coordinates.Azimuth.TableSpan, _state, met);
        _factors.Write(coordinates.Azimuth, batch.AzimuthFields.Row(lane));
        var (sin, cos) = SinCos.Of(metPhi);
        var (phi, logPhi) = EventCoordinates.AzimuthToUnit(cos, sin, _state.Frame, _factors.Warp);
        batch.Targets[2][lane] = phi;
        return logMet + logPhi;
    }

    private double FillImbalance(double met, double metPhi, SlotBatch batch, int lane)
    {
        var (sin, cos) = SinCos.Of(metPhi);
        var (along, across) = _state.Relative(met * cos, met * sin);
        var (y, yAcross, logDerivative) = coordinates.ImbalanceToUnit(along - _state.Recoil, across, met);
        batch.Targets[0][lane] = y;
        batch.Targets[2][lane] = yAcross;
        _state.WriteMetAzimuthInputs(y, Math.Abs(along), batch.AzimuthRows.Row(lane));
        batch.AzimuthFields.Row(lane).Clear();
        return logDerivative;
    }

    internal const int MassInputCount = 4;

    /// <summary>Inputs of the mass given the rest of the object. The first object's azimuth means nothing.</summary>
    internal static void WriteMassInputs(in FlowObject item, EventState state, Span<float> row)
    {
        row[0] = (float)state.LogPt(item.Pt);
        row[1] = (float)item.Eta;
        var (cos, sin) = state.ObjectCount == 0 ? (0, 0) : state.Frame;
        row[2] = (float)((item.Cos * cos) + (item.Sin * sin));
        row[3] = (float)((item.Sin * cos) - (item.Cos * sin));
    }
}
