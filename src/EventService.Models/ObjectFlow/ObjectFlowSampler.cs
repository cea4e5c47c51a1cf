using EventService.Engine.Kernels;
using EventService.Engine.Random;
using EventService.Engine.Tensors;
using EventService.Models.Contracts;
using EventService.Models.ObjectFlow.Azimuths;
using EventService.Models.ObjectFlow.States;
using EventService.Models.Sampling;
using EventService.Models.WholeEvents;
using EventService.Numerics.Functions;
using EventService.Physics.Events;
using EventService.Physics.Kinematics;

namespace EventService.Models.ObjectFlow;

/// <summary>
/// Samples an object flow incrementally: slot after slot over all events of a chunk that have the slot, in tiles of lanes.
/// Each network runs once for each object that exists. For one thread.
/// </summary>
/// <remarks>
/// A lane's numbers do not depend on its tile, its chunk or its neighbours: events are functions of (key, index) alone. Random
/// numbers: stream (key, index), substream 0 for the counts, 1 + attempt for the kinematics: four numbers an object in the order
/// of the slots, then two for the missing momentum.
/// </remarks>
internal sealed class ObjectFlowSampler(ObjectFlowNetwork network, EventCoordinates coordinates, ValidityFilter filter, double weight, int tileLanes)
{
    private sealed class Lane
    {
        public EventState State { get; } = new();

        public int[] Counts { get; } = new int[EventSlots.TypeCount];

        public CountVector Vector { get; set; }

        /// <summary>Key and condition of the event's stream, and its index there.</summary>
        public ulong Key;
        public ObjectFlowCondition Condition = null!;
        public long Index;
        public PhiloxStream Random;
        public float[] Uniforms { get; } = new float[4];
        public uint Attempt;
        public double LogDensity;
        public double Met, MetCos, MetSin;

        /// <summary>Place of the latest attempt among the candidates.</summary>
        public int Candidate;
    }

    private readonly List<Lane> _lanes = [];

    // Number of objects of each type, lane after lane.
    private readonly int[][] _counts = [.. Enumerable.Range(0, EventSlots.TypeCount).Select(_ => Array.Empty<int>())];
    private readonly List<int> _pending = [];
    private readonly List<int> _rejected = [];
    private readonly List<int> _present = [];
    private readonly EventSample _candidates = new();
    private bool _withDensity;
    private readonly ObjectFlowNetwork.Workspace _work = new();
    private readonly Tensor _rows = new(0, 0);
    private readonly Tensor _inputs = new(0, 0);
    private readonly Tensor _further = new(0, 0);
    private readonly AzimuthFactors _factors = new(coordinates.Azimuth.RecoilWidth);
    private readonly float[] _y = new float[Whole(tileLanes)];
    private readonly float[] _logDerivative = new float[Whole(tileLanes)];
    private readonly float[] _logarithms = new float[tileLanes * AzimuthCorrelations.Nodes];
    private readonly float[] _uniform = new float[Whole(tileLanes)];
    private readonly double[] _pt = new double[tileLanes];
    private readonly float[] _unitPt = new float[tileLanes];
    private readonly double[] _eta = new double[tileLanes];
    private readonly double[] _warp = new double[tileLanes];
    private readonly (double Cos, double Sin)[] _direction = new (double, double)[tileLanes];
    private readonly double[] _mass = new double[tileLanes];

    /// <summary>Appends the events of the ranges to the sample, one range after the other, values rounded to float32.</summary>
    /// <param name="ranges">Key and condition of the stream, index of the first event, number of events.</param>
    /// <param name="sample">Receives the events.</param>
    /// <param name="logDensity">Empty, or receives one number an event.</param>
    public void Draw(ReadOnlySpan<(ulong Key, ObjectFlowCondition Condition, long First, int Count)> ranges, EventSample sample, Span<double> logDensity)
    {
        _withDensity = !logDensity.IsEmpty;
        var count = Start(ranges);
        while (_pending.Count > 0)
        {
            DrawKinematics();
            _rejected.Clear();
            foreach (var k in _pending)
            {
                var lane = _lanes[k];
                if (!IsValid(lane))
                {
                    if (++lane.Attempt == AutoregressiveObjectFlow.MaximumAttempts)
                    {
                        throw new AttemptsExhaustedException($"Event {lane.Index} with counts {lane.Vector} failed the validity filter {AutoregressiveObjectFlow.MaximumAttempts} times. The model does not describe such events; report it with the receipt.");
                    }

                    _rejected.Add(k);
                }
            }

            _pending.Clear();
            _pending.AddRange(_rejected);
        }

        for (var k = 0; k < count; k++)
        {
            var lane = _lanes[k];
            sample.AddFrom(_candidates, lane.Candidate);
            if (_withDensity)
            {
                logDensity[k] = lane.LogDensity + lane.Condition.LogProbability(lane.Vector) - lane.Condition.Acceptance(lane.Vector).LogAcceptance;
            }
        }
    }

    /// <summary>Draws the first attempt of each event and reports whether it is valid.</summary>
    public void FirstAttempts(ulong key, ObjectFlowCondition condition, long first, int count, Action<CountVector, bool> report)
    {
        Start([(key, condition, first, count)]);
        DrawKinematics();
        for (var k = 0; k < count; k++)
        {
            report(_lanes[k].Vector, IsValid(_lanes[k]));
        }
    }

    /// <summary>Draws the counts of all events. Returns their number.</summary>
    private int Start(ReadOnlySpan<(ulong Key, ObjectFlowCondition Condition, long First, int Count)> ranges)
    {
        _pending.Clear();
        _candidates.Clear();
        foreach (var (key, condition, first, count) in ranges)
        {
            for (var index = first; index < first + count; index++)
            {
                var k = _pending.Count;
                if (_lanes.Count == k)
                {
                    _lanes.Add(new Lane());
                }

                var lane = _lanes[k];
                (lane.Key, lane.Condition, lane.Index) = (key, condition, index);
                lane.Random = new PhiloxStream(key, (ulong)index, 0);
                lane.Vector = condition.Draw(ref lane.Random);
                lane.Vector.CopyTo(lane.Counts);
                SetCounts(k, lane.Counts);
                lane.Attempt = 0;
                _pending.Add(k);
            }
        }

        return _pending.Count;
    }

    private void SetCounts(int k, int[] counts)
    {
        for (var t = 0; t < counts.Length; t++)
        {
            if (_counts[t].Length <= k)
            {
                Array.Resize(ref _counts[t], Math.Max(256, 2 * k));
            }

            _counts[t][k] = counts[t];
        }
    }

    private void DrawKinematics()
    {
        var greatest = new int[EventSlots.TypeCount];
        foreach (var k in _pending)
        {
            var lane = _lanes[k];
            lane.State.Reset(lane.Counts, lane.Condition.Inputs);
            lane.LogDensity = 0;
            lane.Random = new PhiloxStream(lane.Key, (ulong)lane.Index, 1 + lane.Attempt);
            for (var t = 0; t < greatest.Length; t++)
            {
                greatest[t] = Math.Max(greatest[t], lane.Counts[t]);
            }
        }

        for (var t = 0; t < greatest.Length; t++)
        {
            for (var index = 0; index < greatest[t]; index++)
            {
                _present.Clear();
                var counts = _counts[t];
                foreach (var k in _pending)
                {
                    if (counts[k] > index)
                    {
                        _present.Add(k);
                    }
                }

                for (var start = 0; start < _present.Count; start += tileLanes)
                {
                    DrawObjects((ObjectType)t, index, start, Math.Min(tileLanes, _present.Count - start));
                }
            }
        }

        for (var start = 0; start < _pending.Count; start += tileLanes)
        {
            DrawMet(start, Math.Min(tileLanes, _pending.Count - start));
        }
    }

    private void DrawObjects(ObjectType type, int index, int start, int n)
    {
        var slot = EventSlots.ClassOf(type, index);
        SetRows(n, EventState.InputCount(slot, network.Hyperparameters.ConditionInputs));
        for (var i = 0; i < n; i++)
        {
            var lane = _lanes[_present[start + i]];
            lane.State.WriteInputs(slot, type, index, _rows.Row(i));
            for (var u = 0; u < lane.Uniforms.Length; u++)
            {
                lane.Uniforms[u] = lane.Random.NextUnitFloat();
            }
        }

        RowsTo(_inputs);
        network.Trunk(_work, slot, _inputs);
        DrawPt(slot, type, index, start, n);
        DrawEta(slot, start, n);
        DrawAzimuth(slot, type, start, n);
        if (EventSlots.HasMass(slot))
        {
            DrawMass(slot, type, index, start, n);
        }

        for (var i = 0; i < n; i++)
        {
            var lane = _lanes[_present[start + i]];
            var item = new FlowObject(type, index, _pt[i], _eta[i], _direction[i].Cos, _direction[i].Sin, EventSlots.HasMass(slot) ? _mass[i] : 0);
            lane.State.Add(item);
        }
    }

    private void DrawPt(SlotClass slot, ObjectType type, int index, int start, int n)
    {
        Invert(slot, Coordinate.Pt, null, _present, start, n);
        for (var i = 0; i < n; i++)
        {
            var lane = _lanes[_present[start + i]];
            _unitPt[i] = _y[i];
            (_pt[i], var logPt) = coordinates.PtFromUnit(slot, type, _y[i], index > 0 ? lane.State.LastPt : 0, lane.State.RequiredPt(type, index), _withDensity, lane.State.Recoil);
            lane.LogDensity += logPt + _logDerivative[i];
        }
    }

    private void DrawEta(SlotClass slot, int start, int n)
    {
        SetRows(n, EventState.EtaInputCount(slot));
        for (var i = 0; i < n; i++)
        {
            _lanes[_present[start + i]].State.WriteEtaInputs(slot, _pt[i], _unitPt[i], _rows.Row(i));
        }

        RowsTo(_further);
        Invert(slot, Coordinate.Eta, _further, _present, start, n);
        for (var i = 0; i < n; i++)
        {
            (_eta[i], var logEta) = coordinates.EtaFromUnit(slot, _y[i], _withDensity);
            _lanes[_present[start + i]].LogDensity += logEta + _logDerivative[i];
        }
    }

    private void DrawAzimuth(SlotClass slot, ObjectType type, int start, int n)
    {
        var uniform = slot == SlotClass.BJet1;
        if (!uniform)
        {
            SetRows(n, EventState.AzimuthInputCount(slot));
            for (var i = 0; i < n; i++)
            {
                _lanes[_present[start + i]].State.WriteAzimuthInputs(slot, _pt[i], _eta[i], _unitPt[i], _rows.Row(i));
            }

            RowsTo(_further);
            var theta = network.Head(_work, slot, Coordinate.Azimuth, _further);
            for (var i = 0; i < n; i++)
            {
                _factors.Collect(coordinates.Azimuth.TableSpan, _lanes[_present[start + i]].State, slot, type, _pt[i], _eta[i]);
                _warp[i] = _factors.Warp;
                WriteLogarithms(theta, i);
            }

            InvertAzimuth(theta, _present, start, n);
        }

        for (var i = 0; i < n; i++)
        {
            // The first object of an event: any azimuth is as likely.
            var lane = _lanes[_present[start + i]];
            if (uniform || lane.State.ObjectCount == 0)
            {
                _y[i] = lane.Uniforms[(int)Coordinate.Azimuth];
                _logDerivative[i] = 0;
                _warp[i] = 0;
            }

            (_direction[i], var logPhi) = EventCoordinates.AzimuthFromUnit(_y[i], lane.State.Frame, _warp[i]);
            lane.LogDensity += _logDerivative[i] + logPhi;
        }
    }

    private void DrawMass(SlotClass slot, ObjectType type, int index, int start, int n)
    {
        SetRows(n, FlowBatch.MassInputCount);
        for (var i = 0; i < n; i++)
        {
            var item = new FlowObject(type, index, _pt[i], _eta[i], _direction[i].Cos, _direction[i].Sin, 0);
            FlowBatch.WriteMassInputs(item, _lanes[_present[start + i]].State, _rows.Row(i));
        }

        RowsTo(_further);
        Invert(slot, Coordinate.Mass, _further, _present, start, n);
        for (var i = 0; i < n; i++)
        {
            (_mass[i], var logMass) = coordinates.MassFromUnit(slot, _y[i], _pt[i], _withDensity);
            _lanes[_present[start + i]].LogDensity += logMass + _logDerivative[i];
        }
    }

    private void DrawMet(int start, int n)
    {
        SetRows(n, EventState.InputCount(SlotClass.Met, network.Hyperparameters.ConditionInputs));
        for (var i = 0; i < n; i++)
        {
            var lane = _lanes[_pending[start + i]];
            lane.State.WriteInputs(SlotClass.Met, default, 0, _rows.Row(i));
            lane.Uniforms[(int)Coordinate.Pt] = lane.Random.NextUnitFloat();
            lane.Uniforms[(int)Coordinate.Azimuth] = lane.Random.NextUnitFloat();
        }

        RowsTo(_inputs);
        network.Trunk(_work, SlotClass.Met, _inputs);
        Invert(SlotClass.Met, Coordinate.Pt, null, _pending, start, n);
        SetRows(n, EventState.AzimuthInputCount(SlotClass.Met));
        if (coordinates.AcrossMap is not null)
        {
            DrawImbalance(start, n);
            return;
        }

        for (var i = 0; i < n; i++)
        {
            var lane = _lanes[_pending[start + i]];
            (lane.Met, var logMet) = coordinates.MetFromUnit(_y[i], _withDensity);
            lane.LogDensity += logMet + _logDerivative[i];
            lane.State.WriteMetAzimuthInputs(_y[i], lane.Met, _rows.Row(i));
        }

        RowsTo(_further);
        var theta = network.Head(_work, SlotClass.Met, Coordinate.Azimuth, _further);
        for (var i = 0; i < n; i++)
        {
            var lane = _lanes[_pending[start + i]];
            _factors.CollectMet(coordinates.Azimuth.TableSpan, lane.State, lane.Met);
            _warp[i] = _factors.Warp;
            WriteLogarithms(theta, i);
        }

        InvertAzimuth(theta, _pending, start, n);
        for (var i = 0; i < n; i++)
        {
            var lane = _lanes[_pending[start + i]];
            ((lane.MetCos, lane.MetSin), var logPhi) = EventCoordinates.AzimuthFromUnit(_y[i], lane.State.Frame, _warp[i]);
            lane.LogDensity += _logDerivative[i] + logPhi;
        }
    }

    /// <summary>The missing momentum from its imbalance: the one along the recoil has been inverted, the one across follows.</summary>
    private void DrawImbalance(int start, int n)
    {
        for (var i = 0; i < n; i++)
        {
            var lane = _lanes[_pending[start + i]];
            var (along, logAlong) = coordinates.AlongFromUnit(_y[i], _withDensity);
            lane.Met = lane.State.Recoil + along;
            lane.LogDensity += logAlong + _logDerivative[i];
            lane.State.WriteMetAzimuthInputs(_y[i], Math.Abs(lane.Met), _rows.Row(i));
        }

        RowsTo(_further);
        Invert(SlotClass.Met, Coordinate.Azimuth, _further, _pending, start, n);
        for (var i = 0; i < n; i++)
        {
            var lane = _lanes[_pending[start + i]];
            var (across, logAcross) = coordinates.AcrossFromUnit(_y[i], _withDensity);
            var (along, frame) = (lane.Met, lane.State.Frame);
            lane.Met = Math.Sqrt((along * along) + (across * across));
            (lane.MetCos, lane.MetSin) = ((along * frame.Cos) - (across * frame.Sin), (along * frame.Sin) + (across * frame.Cos));
            lane.LogDensity += logAcross + _logDerivative[i] + (_withDensity ? Log.Of(lane.Met) : 0);
        }
    }

    /// <summary>Unit coordinates of the tile from its uniform numbers, and log dS/dy, by the inverse spline.</summary>
    private void Invert(SlotClass slot, Coordinate coordinate, Tensor? further, List<int> lanes, int start, int n)
    {
        var theta = network.Head(_work, slot, coordinate, further);
        var whole = theta.Columns;
        TakeUniforms(coordinate, lanes, start, n);
        _uniform.AsSpan(n, whole - n).Clear();
        network.Spline.Inverse(theta.Span, whole, _uniform.AsSpan(0, whole), _y.AsSpan(0, whole), LogDerivatives(whole));
    }

    /// <summary>
    /// Azimuths of the tile in turns from its uniform numbers, and their log-densities. The fields have been added up: they need no
    /// exponents.
    /// </summary>
    private void InvertAzimuth(Tensor theta, List<int> lanes, int start, int n)
    {
        TakeUniforms(Coordinate.Azimuth, lanes, start, n);
        var density = network.AzimuthDensity with { Fields = 0 };
        density.Inverse(theta.Span, theta.Columns, _logarithms, _uniform.AsSpan(0, n), _y.AsSpan(0, n), LogDerivatives(n));
    }

    /// <summary>Where kernels write logarithms of densities: nowhere, if none is asked for.</summary>
    private Span<float> LogDerivatives(int n) => _withDensity ? _logDerivative.AsSpan(0, n) : default;

    // Lanes of two vectors, or of one on the widest path.
    private const int WholeLanes = 16;

    private static int Whole(int lanes) => (lanes + WholeLanes - 1) / WholeLanes * WholeLanes;

    /// <summary>
    /// Rows for the events of a tile, and as many empty ones as make whole vectors of lanes: kernels take vectors, and what is left over
    /// one by one, or by way of copies.
    /// </summary>
    private void SetRows(int n, int columns)
    {
        _rows.Reshape(Whole(n), columns);
        _rows.Span[(n * columns)..].Clear();
    }

    /// <summary>
    /// The rows that have been written, one an event, as the networks take them: a column an event. Written at once, each number would
    /// touch a line of its own.
    /// </summary>
    private void RowsTo(Tensor inputs) => Transpose.Of(_rows, inputs);

    private void TakeUniforms(Coordinate coordinate, List<int> lanes, int start, int n)
    {
        for (var i = 0; i < n; i++)
        {
            _uniform[i] = _lanes[lanes[start + i]].Uniforms[(int)coordinate];
        }
    }

    /// <summary>Adds up the collected factors of a lane with the exponents that its parameters give.</summary>
    private void WriteLogarithms(Tensor theta, int lane)
    {
        Span<float> exponents = stackalloc float[AzimuthCorrelations.Fields + 1];
        exponents[0] = 1;
        for (var k = 1; k < exponents.Length; k++)
        {
            exponents[k] = 1 + theta[network.AzimuthDensity.Knots + k - 1, lane];
        }

        _factors.WriteSum(coordinates.Azimuth, exponents, _logarithms.AsSpan(lane * AzimuthCorrelations.Nodes, AzimuthCorrelations.Nodes));
    }

    // Validity is judged on the values as they are written, so that no rounding carries an event across a limit.
    private bool IsValid(Lane lane)
    {
        lane.Candidate = _candidates.Count;
        _candidates.AddEvent(lane.Index, (float)weight, (float)lane.Met, (float)Atan2.Of(lane.MetSin, lane.MetCos));
        foreach (ref readonly var item in lane.State.Objects)
        {
            // The energy is a function of the numbers that are written, so that a format that has no mass can give it back.
            float pt = (float)item.Pt, eta = (float)item.Eta, mass = (float)item.Mass;
            _candidates.AddObject(item.Type, (float)Energy.OfPtEtaMass(pt, eta, mass), pt, eta, (float)Atan2.Of(item.Sin, item.Cos), mass);
        }

        return filter.Violation(_candidates, lane.Candidate) is null;
    }
}
