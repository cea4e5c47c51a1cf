using EventService.Models.ObjectFlow.States;
using EventService.Models.WholeEvents;
using EventService.Numerics.Functions;
using EventService.Physics.Events;

namespace EventService.Models.ObjectFlow.Azimuths;

/// <summary>Goes through the azimuths of events that depend on earlier objects, the missing momentum's last. For one thread.</summary>
/// <param name="recoilWidth">Width of the imbalance that the nodes resolve [GeV]; where no nodes are asked for, none is needed.</param>
internal sealed class AzimuthWalk(double recoilWidth = 0)
{
    private readonly int[] _counts = new int[EventSlots.TypeCount];

    /// <summary>What comes before the azimuth.</summary>
    public EventState State { get; } = new();

    /// <summary>The factors of the azimuth.</summary>
    public AzimuthFactors Factors { get; } = new(recoilWidth);

    /// <param name="tables">Tables for which factors are collected.</param>
    /// <param name="sample">The events.</param>
    /// <param name="e">Row of the event.</param>
    /// <param name="visit">Called at each azimuth with the slot, pT [GeV], and cosine and sine of the azimuth relative to the
    /// recoil.</param>
    public void Visit(ReadOnlySpan<CorrelationTable?> tables, EventSample sample, int e, Action<SlotClass, double, double, double> visit)
    {
        Array.Clear(_counts);
        for (var k = sample.Offsets[e]; k < sample.Offsets[e + 1]; k++)
        {
            _counts[(int)sample.Type[k]]++;
        }

        State.Reset(_counts, []);
        var index = 0;
        for (var k = sample.Offsets[e]; k < sample.Offsets[e + 1]; k++)
        {
            var type = sample.Type[k];
            index = k > sample.Offsets[e] && sample.Type[k - 1] == type ? index + 1 : 0;
            var (sin, cos) = SinCos.Of(sample.Phi[k]);
            if (State.ObjectCount > 0)
            {
                var slot = EventSlots.ClassOf(type, index);
                Factors.Collect(tables, State, slot, type, sample.Pt[k], sample.Eta[k]);
                Visit(slot, sample.Pt[k], cos, sin, visit);
            }

            State.Add(new FlowObject(type, index, sample.Pt[k], sample.Eta[k], cos, sin, sample.Mass[k]));
        }

        if (State.ObjectCount > 0)
        {
            var (sin, cos) = SinCos.Of(sample.MetPhi[e]);
            Factors.CollectMet(tables, State, sample.Met[e]);
            Visit(SlotClass.Met, sample.Met[e], cos, sin, visit);
        }
    }

    private void Visit(SlotClass slot, double pt, double cos, double sin, Action<SlotClass, double, double, double> visit)
    {
        var (relativeCos, relativeSin) = State.Relative(cos, sin);
        visit(slot, pt, relativeCos, relativeSin);
    }
}
