using System.Buffers.Binary;
using System.Security.Cryptography;

using EventService.Engine.Random;
using EventService.Engine.Tensors;
using EventService.Models.ObjectFlow;
using EventService.Models.ObjectFlow.Azimuths;
using EventService.Models.ObjectFlow.States;
using EventService.Models.Sampling;
using EventService.Models.WholeEvents;
using EventService.Numerics.Functions;
using EventService.Physics.Events;
using EventService.Physics.Kinematics;

namespace EventService.Models.Tests.ObjectFlow;

/// <summary>
/// The sampler's plain twin: one event at a time, one lane wide, values in double precision as they are before they are written. It
/// follows the documented order of random numbers: stream (key, index), substream 0 for the counts, 1 + attempt for the kinematics.
/// </summary>
/// <param name="flow">The model.</param>
/// <param name="condition">Values of its conditions.</param>
internal sealed class PlainSampler(AutoregressiveObjectFlow flow, params double[] condition)
{
    private readonly ObjectFlowCondition _at = flow.Conditions.At(condition);
    private readonly ObjectFlowNetwork.Workspace _work = new();
    private readonly EventState _state = new();
    private readonly AzimuthFactors _factors = new(flow.Coordinates.Azimuth.RecoilWidth);
    private readonly Tensor _inputs = new(0, 0);
    private readonly float[] _u = new float[1], _y = new float[1], _logSlope = new float[1];

    /// <summary>Appends the event to the sample, not rounded; returns its log-density and the attempts it took.</summary>
    public (double LogDensity, int Attempts) Draw(ulong seed, long index, EventSample exact)
    {
        var text = new byte[flow.Digest.Length + 8 + (8 * condition.Length)];
        flow.Digest.Span.CopyTo(text);
        BinaryPrimitives.WriteUInt64LittleEndian(text.AsSpan(flow.Digest.Length), seed);
        for (var k = 0; k < condition.Length; k++)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(text.AsSpan(flow.Digest.Length + 8 + (8 * k)), condition[k]);
        }

        var key = BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(text));
        var random = new PhiloxStream(key, (ulong)index);
        var vector = _at.Draw(ref random);
        for (uint attempt = 0; ; attempt++)
        {
            random = new PhiloxStream(key, (ulong)index, 1 + attempt);
            var before = exact.Count;
            var log = Kinematics(vector, index, ref random, exact);
            if (flow.Filter.Violation(Rounded(exact, before), 0) is null)
            {
                return (log + _at.LogProbability(vector) - _at.Acceptance(vector).LogAcceptance, (int)attempt + 1);
            }

            exact.Truncate(before);
        }
    }

    public static EventSample Rounded(EventSample exact, int e)
    {
        var rounded = new EventSample();
        rounded.AddEvent(exact.EventNumber[e], (float)exact.Weight[e], (float)exact.Met[e], (float)exact.MetPhi[e]);
        for (var k = exact.Offsets[e]; k < exact.Offsets[e + 1]; k++)
        {
            // The energy is that of the rounded numbers: the formula with the runtime's cosh, which differs in the last bit of a double.
            double pt = (float)exact.Pt[k], eta = (float)exact.Eta[k], mass = (float)exact.Mass[k];
            var energy = Math.Sqrt(Math.Pow(pt * Math.Cosh(eta), 2) + (mass * mass));
            rounded.AddObject(exact.Type[k], (float)energy, pt, eta, (float)exact.Phi[k], mass);
        }

        return rounded;
    }

    private double Kinematics(CountVector vector, long index, ref PhiloxStream random, EventSample exact)
    {
        _state.Reset(vector.ToArray(), _at.Inputs);
        double log = 0, previousPt = 0;
        List<FlowObject> objects = [];
        for (var t = 0; t < EventSlots.TypeCount; t++)
        {
            for (var rank = 0; rank < vector[t]; rank++)
            {
                var item = Object((ObjectType)t, rank, previousPt, ref random, ref log);
                objects.Add(item);
                _state.Add(item);
                previousPt = item.Pt;
            }
        }

        _inputs.Reshape(EventState.InputCount(SlotClass.Met, flow.Network.Hyperparameters.ConditionInputs), 1);
        _state.WriteInputs(SlotClass.Met, default, 0, _inputs.Span);
        flow.Network.Trunk(_work, SlotClass.Met, _inputs);
        float uMet = random.NextUnitFloat(), uPhi = random.NextUnitFloat();
        var y = Invert(SlotClass.Met, Coordinate.Pt, uMet, null, ref log);
        var further = new Tensor(EventState.AzimuthInputCount(SlotClass.Met), 1);
        double met, cos, sin;
        if (flow.Network.Hyperparameters.Imbalance)
        {
            // The recoil along its own direction, plus the imbalance along and across; dMETx dMETy = MET dMET dphi.
            var (along, logAlong) = flow.Coordinates.AlongFromUnit(y);
            _state.WriteMetAzimuthInputs(y, Math.Abs(_state.Recoil + along), further.Span);
            var (across, logAcross) = flow.Coordinates.AcrossFromUnit(Invert(SlotClass.Met, Coordinate.Azimuth, uPhi, further, ref log));
            var (fx, fy) = _state.Frame;
            cos = (fx * (_state.Recoil + along)) - (fy * across);
            sin = (fy * (_state.Recoil + along)) + (fx * across);
            met = Math.Sqrt(((_state.Recoil + along) * (_state.Recoil + along)) + (across * across));
            log += logAlong + logAcross + Math.Log(met);
        }
        else
        {
            (met, var logMet) = flow.Coordinates.MetFromUnit(y);
            _state.WriteMetAzimuthInputs(y, met, further.Span);
            _factors.CollectMet(flow.Coordinates.Azimuth.TableSpan, _state, met);
            ((cos, sin), var logPhi) = EventCoordinates.AzimuthFromUnit(Invert(SlotClass.Met, Coordinate.Azimuth, uPhi, further, ref log), _state.Frame, _factors.Warp);
            log += logMet + logPhi;
        }

        exact.AddEvent(index, 2.5, met, Atan2.Of(sin, cos));
        foreach (var item in objects)
        {
            exact.AddObject(item.Type, Energy.OfPtEtaMass(item.Pt, item.Eta, item.Mass), item.Pt, item.Eta, Atan2.Of(item.Sin, item.Cos), item.Mass);
        }

        return log;
    }

    private FlowObject Object(ObjectType type, int rank, double previousPt, ref PhiloxStream random, ref double log)
    {
        var slot = EventSlots.ClassOf(type, rank);
        _inputs.Reshape(EventState.InputCount(slot, flow.Network.Hyperparameters.ConditionInputs), 1);
        _state.WriteInputs(slot, type, rank, _inputs.Span);
        flow.Network.Trunk(_work, slot, _inputs);
        float[] u = [random.NextUnitFloat(), random.NextUnitFloat(), random.NextUnitFloat(), random.NextUnitFloat()];

        var yPt = Invert(slot, Coordinate.Pt, u[0], null, ref log);
        var (pt, logPt) = flow.Coordinates.PtFromUnit(slot, type, yPt, previousPt, _state.RequiredPt(type, rank), recoil: _state.Recoil);

        var beforeEta = new Tensor(EventState.EtaInputCount(slot), 1);
        _state.WriteEtaInputs(slot, pt, yPt, beforeEta.Span);
        var yEta = Invert(slot, Coordinate.Eta, u[1], beforeEta, ref log);
        var (eta, logEta) = flow.Coordinates.EtaFromUnit(slot, yEta);

        var yPhi = u[2];
        if (_state.ObjectCount > 0)
        {
            var further = new Tensor(EventState.AzimuthInputCount(slot), 1);
            _state.WriteAzimuthInputs(slot, pt, eta, yPt, further.Span);
            _factors.Collect(flow.Coordinates.Azimuth.TableSpan, _state, slot, type, pt, eta);
            yPhi = Invert(slot, Coordinate.Azimuth, u[2], further, ref log);
        }

        var ((cos, sin), logPhi) = EventCoordinates.AzimuthFromUnit(yPhi, _state.Frame, _state.ObjectCount > 0 ? _factors.Warp : 0);
        log += logPt + logEta + logPhi;
        double mass = 0;
        if (DarkMachinesSchema.HasMass(type))
        {
            var (frameCos, frameSin) = _state.ObjectCount == 0 ? (0, 0) : _state.Frame;
            var further = Column(Log.Of(pt / 20), eta, (cos * frameCos) + (sin * frameSin), (sin * frameCos) - (cos * frameSin));
            (mass, var logMass) = flow.Coordinates.MassFromUnit(slot, Invert(slot, Coordinate.Mass, u[3], further, ref log), pt);
            log += logMass;
        }

        return new FlowObject(type, rank, pt, eta, cos, sin, mass);
    }

    private float Invert(SlotClass slot, Coordinate coordinate, float u, Tensor? further, ref double log)
    {
        _u[0] = u;
        var theta = flow.Network.Head(_work, slot, coordinate, further);
        if (coordinate == Coordinate.Azimuth && !(slot == SlotClass.Met && flow.Network.Hyperparameters.Imbalance))
        {
            var density = flow.Network.AzimuthDensity;
            float[] exponents = [1, .. Enumerable.Range(density.Knots, density.Fields).Select(k => 1 + theta[k, 0])];
            var logarithms = new float[density.Nodes];
            _factors.WriteSum(flow.Coordinates.Azimuth, exponents, logarithms);
            (density with { Fields = 0 }).Inverse(theta.Span, 1, logarithms, _u, _y, _logSlope);
        }
        else
        {
            flow.Network.Spline.Inverse(theta.Span, 1, _u, _y, _logSlope);
        }

        log += _logSlope[0];
        return _y[0];
    }

    private static Tensor Column(params double[] values)
    {
        var column = new Tensor(values.Length, 1);
        for (var k = 0; k < values.Length; k++)
        {
            column[k, 0] = (float)values[k];
        }

        return column;
    }
}
