using EventService.Engine.Kernels;
using EventService.Engine.Random;
using EventService.Engine.Tensors;
using EventService.Models.Contracts;
using EventService.Models.ObjectFlow;
using EventService.Models.ObjectFlow.Azimuths;
using EventService.Models.ObjectFlow.States;
using EventService.Models.Sampling;
using EventService.Models.WholeEvents;
using EventService.Numerics.Functions;
using EventService.Physics.Events;

namespace EventService.Benchmarks;

/// <summary>
/// The parts of the sampler's work, each alone on one thread: the same calls in tiles of as many lanes, on events that the sampler drew.
/// </summary>
internal sealed class SamplerParts
{
    private const int Events = 2048;

    private sealed record Head(Coordinate Coordinate, Tensor? Further, float[] Theta);

    private sealed record Tile(SlotClass Slot, Tensor Inputs, float[] Logarithms, Head[] Heads);

    private sealed record DrawnEvent(int[] Counts, FlowObject[] Objects, double Met);

    private static readonly float[] s_exponents = [.. Enumerable.Repeat(1f, AzimuthCorrelations.Fields + 1)];

    private const int Lanes = AutoregressiveObjectFlow.TileLanes;

    private readonly ObjectFlowNetwork _network;
    private readonly EventCoordinates _coordinates;
    private readonly List<DrawnEvent> _events = [];
    private readonly List<Tile> _tiles = [];
    private readonly ObjectFlowNetwork.Workspace _work = new();
    private readonly EventState _state = new();
    private readonly AzimuthFactors _factors;
    private readonly float[] _row;
    private readonly float[] _logarithms = new float[AzimuthCorrelations.Nodes];
    private readonly Tensor _hidden;
    private readonly Tensor _activated;
    private readonly float[] _uniform = new float[Lanes];
    private readonly float[] _y = new float[Lanes];
    private readonly float[] _logDensity = new float[Lanes];

    public SamplerParts(AutoregressiveObjectFlow flow)
    {
        _network = flow.Network;
        _coordinates = flow.Coordinates;
        _factors = new AzimuthFactors(_coordinates.Azimuth.RecoilWidth);
        var hyper = _network.Hyperparameters;
        var sample = new EventSample();
        var block = new EventBlock(flow.Schema);
        flow.Generate(new EventStream(1, []), 0, Events, block, default);
        DarkMachinesSchema.ToSample(block, sample);
        for (var e = 0; e < Events; e++)
        {
            _events.Add(Drawn(sample, e));
        }

        var batch = new FlowBatch(_coordinates, hyper.ConditionInputs);
        batch.Fill(sample, [.. Enumerable.Range(0, Events)], _ => [], null);
        foreach (var slot in batch.Slots)
        {
            for (var start = 0; start < slot.Count; start += Lanes)
            {
                _tiles.Add(Cut(slot, start, Math.Min(Lanes, slot.Count - start)));
            }
        }

        var stream = new PhiloxStream(1, 0);
        foreach (ref var u in _uniform.AsSpan())
        {
            u = stream.NextUnitFloat();
        }

        var slots = Enum.GetValues<SlotClass>();
        _row = new float[slots.Max(s => Math.Max(EventState.InputCount(s, hyper.ConditionInputs), EventState.AzimuthInputCount(s)))];
        _hidden = new Tensor(Math.Max(hyper.Width, Math.Max(hyper.HeadWidth, hyper.AzimuthWidth)), Lanes);
        _activated = new Tensor(_hidden.Rows, Lanes);
        foreach (ref var x in _hidden.Span)
        {
            x = (4 * stream.NextFloat()) - 2;
        }
    }

    /// <summary>Processor time of each part [microseconds an event].</summary>
    public (string Part, double Microseconds)[] Measure()
    {
        var states = Time(() => Walk(inputs: false, fields: false));
        var inputs = Time(() => Walk(inputs: true, fields: false));
        var fields = Time(() => Walk(inputs: false, fields: true));
        var networks = Time(Networks);
        var gelu = Time(Activations);
        return
        [
            ("matrix products", networks - gelu),
            ("GELU", gelu),
            ("inputs of the networks", inputs),
            ("azimuth fields", fields - states),
            ("splines", Time(() => Inverses(azimuth: false))),
            ("azimuth densities", Time(() => Inverses(azimuth: true))),
        ];
    }

    private static double Time(Action part)
    {
        var start = Environment.CpuUsage.TotalTime;
        part();
        return (Environment.CpuUsage.TotalTime - start).TotalMicroseconds / Events;
    }

    private void Networks()
    {
        foreach (var tile in _tiles)
        {
            _network.Trunk(_work, tile.Slot, tile.Inputs);
            foreach (var head in tile.Heads)
            {
                _network.Head(_work, tile.Slot, head.Coordinate, head.Further);
            }
        }
    }

    private void Activations()
    {
        var hyper = _network.Hyperparameters;
        void Gelu(int rows, int n) => ElementwiseKernel.Gelu.Forward(_hidden.Span[..(rows * n)], _activated.Span[..(rows * n)]);
        foreach (var tile in _tiles)
        {
            var n = tile.Inputs.Columns;
            for (var i = 0; i < 1 + (2 * hyper.Blocks); i++)
            {
                Gelu(hyper.Width, n);
            }

            foreach (var head in tile.Heads)
            {
                var azimuth = head.Coordinate == Coordinate.Azimuth;
                for (var i = 0; i < (azimuth ? 2 : 1); i++)
                {
                    Gelu(azimuth ? hyper.AzimuthWidth : hyper.HeadWidth, n);
                }
            }
        }
    }

    private void Inverses(bool azimuth)
    {
        foreach (var tile in _tiles)
        {
            var n = tile.Inputs.Columns;
            foreach (var head in tile.Heads)
            {
                if (azimuth && head.Coordinate == Coordinate.Azimuth)
                {
                    (_network.AzimuthDensity with { Fields = 0 })
                        .Inverse(head.Theta, n, tile.Logarithms, _uniform.AsSpan(0, n), _y.AsSpan(0, n), _logDensity.AsSpan(0, n));
                }
                else if (!azimuth && head.Coordinate != Coordinate.Azimuth)
                {
                    _network.Spline.Inverse(head.Theta, n, _uniform.AsSpan(0, n), _y.AsSpan(0, n), _logDensity.AsSpan(0, n));
                }
            }
        }
    }

    // The events object by object; inputs go to a row, whatever the slot.
    private void Walk(bool inputs, bool fields)
    {
        const float Unit = 0.5f;
        var azimuth = _coordinates.Azimuth;
        var tables = azimuth.TableSpan;
        foreach (var e in _events)
        {
            _state.Reset(e.Counts, []);
            foreach (var item in e.Objects)
            {
                var slot = EventSlots.ClassOf(item.Type, item.Index);
                if (inputs)
                {
                    var row = _row.AsSpan();
                    _state.WriteInputs(slot, item.Type, item.Index, row);
                    _state.WriteEtaInputs(slot, item.Pt, Unit, row);
                    _state.WriteAzimuthInputs(slot, item.Pt, item.Eta, Unit, row);
                    if (EventSlots.HasMass(slot))
                    {
                        FlowBatch.WriteMassInputs(item, _state, row);
                    }
                }

                if (fields && slot != SlotClass.BJet1)
                {
                    _factors.Collect(tables, _state, slot, item.Type, item.Pt, item.Eta);
                    _factors.WriteSum(azimuth, s_exponents, _logarithms);
                }

                _state.Add(item);
            }

            if (inputs)
            {
                _state.WriteInputs(SlotClass.Met, default, 0, _row);
                _state.WriteMetAzimuthInputs(Unit, e.Met, _row);
            }

            if (fields)
            {
                _factors.CollectMet(tables, _state, e.Met);
                _factors.WriteSum(azimuth, s_exponents, _logarithms);
            }
        }
    }

    private Tile Cut(SlotBatch slot, int start, int n)
    {
        var inputs = Columns(slot.Inputs, start, n);
        var logarithms = slot.AzimuthFields.Columns == 0
            ? []
            : Enumerable.Range(start, n).SelectMany(row => slot.AzimuthFields.Row(row)[..AzimuthCorrelations.Nodes].ToArray()).ToArray();
        _network.Trunk(_work, slot.Slot, inputs);
        List<Head> heads = [];
        foreach (var coordinate in ObjectFlowNetwork.CoordinatesOf(slot.Slot))
        {
            var further = slot.FurtherInputs(coordinate) is { } all ? Columns(all, start, n) : null;
            heads.Add(new Head(coordinate, further, _network.Head(_work, slot.Slot, coordinate, further).Span.ToArray()));
        }

        return new Tile(slot.Slot, inputs, logarithms, [.. heads]);
    }

    private static Tensor Columns(Tensor all, int start, int n)
    {
        var some = new Tensor(all.Rows, n);
        for (var r = 0; r < all.Rows; r++)
        {
            all.Row(r).Slice(start, n).CopyTo(some.Row(r));
        }

        return some;
    }

    private static DrawnEvent Drawn(EventSample sample, int e)
    {
        var counts = new int[EventSlots.TypeCount];
        List<FlowObject> objects = [];
        for (var k = sample.Offsets[e]; k < sample.Offsets[e + 1]; k++)
        {
            var type = sample.Type[k];
            var (sin, cos) = SinCos.Of(sample.Phi[k]);
            objects.Add(new FlowObject(type, counts[(int)type]++, sample.Pt[k], sample.Eta[k], cos, sin, sample.Mass[k]));
        }

        return new DrawnEvent(counts, [.. objects], sample.Met[e]);
    }
}
