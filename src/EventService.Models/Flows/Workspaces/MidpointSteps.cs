using EventService.Models.Flows.Layers;

namespace EventService.Models.Flows.Workspaces;

/// <summary>
/// The steps of many events, each along a path of its own; the events in the order of their numbers of steps, so that those that still have
/// one are neighbours.
/// </summary>
internal sealed class MidpointSteps
{
    private PathStep[] _steps = [];
    private int[] _first = [];
    private int[] _order = [];

    /// <summary>Steps of the event that has most.</summary>
    public int Most { get; private set; }

    /// <summary>Events in place: those with most steps first, equal ones in the order in which they were added.</summary>
    public ReadOnlySpan<int> Order => _order.AsSpan(0, Events);

    private int Events { get; set; }

    /// <summary>Forgets all events.</summary>
    public void Clear() => (Events, Most) = (0, 0);

    /// <summary>Adds an event.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="stepsOfALeg">Steps of a whole leg.</param>
    public void Add(ReadOnlySpan<PathLeg> path, int stepsOfALeg)
    {
        if (Events + 2 > _first.Length)
        {
            Array.Resize(ref _first, Math.Max(FlowLayer.SamplingStride + 1, 2 * _first.Length));
        }

        var next = Events == 0 ? 0 : _first[Events];
        foreach (var leg in path)
        {
            var steps = leg.Steps(stepsOfALeg);
            var h = (leg.To - leg.From) / steps;
            if (next + steps > _steps.Length)
            {
                Array.Resize(ref _steps, Math.Max(next + steps, 2 * _steps.Length));
            }

            for (var k = 0; k < steps; k++)
            {
                _steps[next++] = new PathStep(leg.Leg, leg.From + (k * h), h);
            }
        }

        (_first[Events], _first[Events + 1]) = (Events == 0 ? 0 : _first[Events], next);
        Most = Math.Max(Most, next - _first[Events]);
        Events++;
    }

    /// <summary>Puts the events in their order.</summary>
    public void Sort()
    {
        if (Events > _order.Length)
        {
            Array.Resize(ref _order, Math.Max(Events, FlowLayer.SamplingStride));
        }

        // By counting: events of as many steps keep their order.
        var place = 0;
        for (var steps = Most; steps >= 0; steps--)
        {
            for (var e = 0; e < Events; e++)
            {
                if (CountOf(e) == steps)
                {
                    _order[place++] = e;
                }
            }
        }
    }

    /// <summary>Steps of an event.</summary>
    public int CountOf(int e) => _first[e + 1] - _first[e];

    /// <summary>A step of an event, from the base on.</summary>
    public PathStep this[int e, int step] => _steps[_first[e] + step];
}

/// <summary>One step of a path.</summary>
/// <param name="Leg">Leg of the field.</param>
/// <param name="S">Its time at the start, 0 to 1.</param>
/// <param name="H">How far it goes; negative against the leg.</param>
internal readonly record struct PathStep(int Leg, double S, double H);
