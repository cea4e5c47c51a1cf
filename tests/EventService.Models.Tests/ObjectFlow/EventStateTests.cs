using EventService.Engine.Tensors;
using EventService.Models.ObjectFlow;
using EventService.Models.ObjectFlow.States;
using EventService.Models.Sampling;
using EventService.Models.WholeEvents;
using EventService.Physics.Events;

namespace EventService.Models.Tests.ObjectFlow;

public class EventStateTests
{
    [Fact]
    public void FlowBatch_OfARotatedEvent_HasTheSameInputsAndTargets()
    {
        var events = EventSubset.At(SmallFlow.Data, Enumerable.Range(0, 200));
        var expected = Fill(events, null);
        var turned = Fill(Map(events, 1, x => x + 2.2), null);
        for (var s = 0; s < EventSlots.ClassCount; s++)
        {
            SlotBatch a = expected.Slots[s], b = turned.Slots[s];
            Assert.Equal(a.Count, b.Count);
            AssertNear(a.Inputs, b.Inputs);
            AssertNear(a.EtaInputs, b.EtaInputs);
            AssertNear(a.AzimuthInputs, b.AzimuthInputs);
            AssertNear(a.AzimuthFields, b.AzimuthFields);
            for (var i = 0; i < a.Count; i++)
            {
                foreach (var c in new[] { Coordinate.Pt, Coordinate.Eta, Coordinate.Azimuth, Coordinate.Mass })
                {
                    // The first object's azimuth is the rotation itself: it is uniform and has no weight.
                    if (c != Coordinate.Azimuth || a.AzimuthWeight[i] != 0)
                    {
                        Assert.Equal(0, Math.IEEERemainder(a.Targets[(int)c][i] - b.Targets[(int)c][i], 1), 2e-6);
                    }
                }
            }

            // Row 2 and 3 of the mass inputs are the azimuth relative to the recoil.
            for (var i = 0; i < a.Count && EventSlots.HasMass((SlotClass)s); i++)
            {
                for (var r = 0; r < (a.AzimuthWeight[i] == 0 ? 2 : 4); r++)
                {
                    Assert.Equal(a.MassInputs[r, i], b.MassInputs[r, i], 2e-5f);
                }
            }
        }

        for (var e = 0; e < events.Count; e++)
        {
            Assert.Equal(expected.LogDerivative[e], turned.LogDerivative[e], 1e-9);
        }
    }

    [Fact]
    public void MassInputs_OfTheFirstObject_DoNotDependOnItsAzimuth()
    {
        // Otherwise the density of an event would change when it is rotated.
        EventSample One(double phi)
        {
            var events = new EventSample();
            events.AddEvent(0, 1, 30, phi + 1);
            events.AddObject(ObjectType.Jet, 200, 100, 0.4, phi);
            return events;
        }

        var flow = SmallFlow.Shared.Model;
        var expected = SmallFlow.LogDensity(flow, One(0))[0].LogDensity;
        foreach (var phi in new[] { 0.7, 1.6, 3.1, -2.4 })
        {
            Assert.Equal(expected, SmallFlow.LogDensity(flow, One(phi))[0].LogDensity, 1e-5);
        }
    }

    [Fact]
    public void WriteInputs_WithoutAnObject_HasZerosForIt()
    {
        // Two events that differ in one electron: what the muon sees of that electron's place is zero without it.
        var state = new EventState();
        state.Reset([0, 1, 0, 0, 1, 0, 0], []);
        state.Add(new FlowObject(ObjectType.Jet, 0, 70, 1, 1, 0, 9));
        var inputs = new float[EventState.InputCount(SlotClass.Muon1, 0)];
        state.WriteInputs(SlotClass.Muon1, ObjectType.MuonMinus, 0, inputs);
        var positions = inputs.AsSpan(38);
        Assert.Equal(7 * EventSlots.SeenPositions(SlotClass.Muon1), positions.Length);
        for (var p = 0; p < EventSlots.SeenPositions(SlotClass.Muon1); p++)
        {
            var seen = positions.Slice(7 * p, 7);
            if (p == EventSlots.PositionOf(ObjectType.Jet, 0))
            {
                // log(pT / 20), eta, then the direction from the recoil (opposite): cos = -1, sin = 0; log(m / pT) + 1.8.
                Assert.Equal(Math.Log(3.5), seen[0], 1e-6);
                Assert.Equal(1, seen[1]);
                Assert.Equal(-1, seen[2], 1e-6f);
                Assert.Equal(0, seen[3], 1e-6f);
                Assert.Equal(Math.Log(9.0 / 70) + 1.8, seen[6], 1e-6);
            }
            else
            {
                Assert.All(seen.ToArray(), x => Assert.Equal(0, x));
            }
        }

        var pairs = new float[EventState.AzimuthInputCount(SlotClass.Muon1)];
        state.WriteAzimuthInputs(SlotClass.Muon1, 30, 1.2, 0.5f, pairs);
        for (var p = 0; p < EventSlots.SeenPositions(SlotClass.Muon1); p++)
        {
            var seen = pairs.AsSpan(4 + (9 * p), 9).ToArray();
            var window = Math.Exp(-0.04 / 0.16);

            // A pair of 30 and 70 GeV cannot reach 153 GeV: cos(dphi) = cosh(0.2) - 153^2 / (2 30 70) is below -1, so both directions
            // are opposite to the jet, which is along the recoil.
            var wanted = Math.Max(Math.Cosh(0.2) - (153.0 * 153 / (2 * 30 * 70)), -3);
            double[] expected = p == EventSlots.PositionOf(ObjectType.Jet, 0) ? [0.2, window, -window, 0, wanted, 1, 0, 1, 0] : new double[9];
            for (var k = 0; k < 9; k++)
            {
                Assert.Equal(expected[k], seen[k], 1e-6);
            }
        }
    }

    [Fact]
    public void WriteInputs_WithCandidates_TellsTheirMasses()
    {
        // Massless objects at eta = 0: a pair at a right angle has m^2 = 2 pT1 pT2.
        var state = new EventState();
        state.Reset([1, 2, 0, 0, 1, 0, 0], []);
        Assert.All(Candidates(SlotClass.BJet1, ObjectType.BJet), x => Assert.Equal(0, x));
        state.Add(new FlowObject(ObjectType.BJet, 0, 80, 0, -1, 0, 0));
        state.Add(new FlowObject(ObjectType.Jet, 0, 60, 0, 1, 0, 0));
        state.Add(new FlowObject(ObjectType.Jet, 1, 50, 0, 0, 1, 0));
        state.Add(new FlowObject(ObjectType.MuonMinus, 0, 40, 0, 0, 1, 0));
        var w = Math.Log(Math.Sqrt(2 * 60 * 50) / 80.4);

        // With the b-jet opposite to the first and at a right angle to the second jet: m^2 = 2 (60 50) + 4 (80 60) + 2 (80 50).
        var top = Math.Log(Math.Sqrt(6000 + 19200 + 8000) / 172.5);
        var edge = Math.Log(Math.Sqrt(2 * 80 * 40) / 153);
        double[] expected = [w, Closeness(w), top, Closeness(top), edge, Closeness(edge)];
        var found = Candidates(SlotClass.Met, default);
        for (var k = 0; k < expected.Length; k++)
        {
            Assert.Equal(expected[k], found[k], 1e-6);
        }

        static double Closeness(double x) => 1 / (1 + (100 * x * x));
        float[] Candidates(SlotClass slot, ObjectType type)
        {
            var inputs = new float[EventState.InputCount(slot, 0)];
            state.WriteInputs(slot, type, 0, inputs);
            return inputs[32..38];
        }
    }

    [Fact]
    public void WriteEtaInputs_OfAJet_TellsWhereAPairReachesTheW()
    {
        var state = new EventState();
        state.Reset([0, 3, 0, 0, 0, 0, 0], []);
        state.Add(new FlowObject(ObjectType.Jet, 0, 70, 0.5, 1, 0, 9));
        var inputs = new float[EventState.EtaInputCount(SlotClass.Jet2)];
        state.WriteEtaInputs(SlotClass.Jet2, 50, 0.25f, inputs);
        var reach = Math.Acosh(1 + (80.4 * 80.4 / (2 * 70 * 50)));
        Assert.Equal([(float)Math.Log(2.5), 0.25f, (float)(0.5 - reach), (float)(0.5 + reach)], inputs, (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void WriteEtaInputs_OfALepton_TellsWhereAPairStaysBelowTheEdge()
    {
        var state = new EventState();
        state.Reset([1, 0, 1, 0, 0, 0, 0], []);
        state.Add(new FlowObject(ObjectType.BJet, 0, 70, 0.5, 1, 0, 9));
        var inputs = new float[EventState.EtaInputCount(SlotClass.Electron1)];
        state.WriteEtaInputs(SlotClass.Electron1, 50, 0.25f, inputs);
        var reach = Math.Acosh(1 + (153.0 * 153 / (2 * 70 * 50)));
        Assert.Equal([(float)Math.Log(2.5), 0.25f, (float)(0.5 - reach), (float)(0.5 + reach), 0, 0], inputs, (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Theory]
    [InlineData(1, -1, 1)]
    [InlineData(2, 1, -1)]
    [InlineData(3, -1, -1)]
    public void FlowBatch_Mirrored_IsThatOfTheMirroredData(int flips, int etaSign, int phiSign)
    {
        var events = EventSubset.At(SmallFlow.Data, Enumerable.Range(0, 100));
        var expected = Fill(Map(events, etaSign, x => phiSign * x), null);
        var mirrored = Fill(events, _ => flips);
        for (var s = 0; s < EventSlots.ClassCount; s++)
        {
            SlotBatch a = expected.Slots[s], b = mirrored.Slots[s];
            foreach (var (x, y) in new[] { (a.Inputs, b.Inputs), (a.EtaInputs, b.EtaInputs), (a.AzimuthInputs, b.AzimuthInputs), (a.AzimuthFields, b.AzimuthFields), (a.MassInputs, b.MassInputs) })
            {
                Assert.Equal(x.Span.ToArray(), y.Span.ToArray());
            }

            for (var c = 0; c < 4; c++)
            {
                Assert.Equal(a.Targets[c].Take(a.Count), b.Targets[c].Take(a.Count));
            }
        }

        Assert.Equal(expected.LogDerivative, mirrored.LogDerivative);
    }

    [Fact]
    public void FlowBatch_OfAnEvent_HasWhatASamplerWouldSee()
    {
        // A sampler knows the counts and the objects so far only: refill the batch's columns from a state kept by hand.
        var events = EventSubset.At(SmallFlow.Data, Enumerable.Range(0, 50));
        var batch = Fill(events, null);
        var lanes = new int[EventSlots.ClassCount];
        var state = new EventState();
        for (var e = 0; e < events.Count; e++)
        {
            state.Reset(SmallFlow.CountsOf(events, e).ToArray(), []);
            var index = 0;
            for (var k = events.Offsets[e]; k < events.Offsets[e + 1]; k++)
            {
                var type = events.Type[k];
                index = k > events.Offsets[e] && events.Type[k - 1] == type ? index + 1 : 0;
                var slot = EventSlots.ClassOf(type, index);
                AssertColumn(state, slot, type, index, batch.Slots[(int)slot], lanes[(int)slot]++, e);
                var mass = events.Mass[k];
                state.Add(new FlowObject(type, index, events.Pt[k], events.Eta[k], Math.Cos(events.Phi[k]), Math.Sin(events.Phi[k]), mass));
            }

            AssertColumn(state, SlotClass.Met, default, 0, batch.Slots[(int)SlotClass.Met], e, e);
        }

        Assert.Equal(lanes[..^1], batch.Slots.Take(EventSlots.ClassCount - 1).Select(s => s.Count));
    }

    private static void AssertColumn(EventState state, SlotClass slot, ObjectType type, int index, SlotBatch batch, int lane, int e)
    {
        Assert.Equal(e, batch.Event[lane]);
        var column = new float[EventState.InputCount(slot, 0)];
        state.WriteInputs(slot, type, index, column);
        for (var r = 0; r < column.Length; r++)
        {
            Assert.Equal(column[r], batch.Inputs[r, lane], 2e-6f);
        }
    }

    private static FlowBatch Fill(EventSample events, Func<int, int>? mirror)
    {
        var batch = new FlowBatch(SmallFlow.Shared.Coordinates, 0);
        batch.Fill(events, [.. Enumerable.Range(0, events.Count)], _ => [], mirror);
        return batch;
    }

    private static EventSample Map(EventSample events, int etaSign, Func<double, double> phi)
    {
        var mapped = new EventSample();
        for (var e = 0; e < events.Count; e++)
        {
            mapped.AddEvent(e, 1, events.Met[e], phi(events.MetPhi[e]));
            for (var k = events.Offsets[e]; k < events.Offsets[e + 1]; k++)
            {
                mapped.AddObject(events.Type[k], events.Energy[k], events.Pt[k], etaSign * events.Eta[k], phi(events.Phi[k]), events.Mass[k]);
            }
        }

        return mapped;
    }

    private static void AssertNear(Tensor a, Tensor b)
    {
        var (x, y) = (a.Span.ToArray(), b.Span.ToArray());
        Assert.Equal(x.Length, y.Length);
        for (var i = 0; i < x.Length; i++)
        {
            Assert.True(Math.Abs(x[i] - y[i]) <= 2e-5 * (1 + Math.Abs(x[i])), $"{x[i]:R} became {y[i]:R}");
        }
    }
}
