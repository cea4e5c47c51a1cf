using EventService.Models.Flows;
using EventService.Models.Sampling;
using EventService.Models.WholeEvents;
using EventService.Physics.Events;

namespace EventService.Models.FlowEvents;

/// <summary>
/// One flow over an event of fixed length: missing momentum, then a fixed number of objects of each type, each by falling pT; an object
/// that is absent has four numbers near zero. Experiment III of the standalone flows for whole events (docs/results.md): 66 numbers,
/// correlations between all of them.
/// </summary>
/// <remarks>
/// Deviation: the zeros of absent objects are spread evenly over +-<see cref="AbsentSpread"/>, since a spike of no width has no density.
/// log10 of 20 GeV is 1.3, so that nothing comes between absent and present objects but what the flow smears; an object is present if its
/// log10 pT is above <see cref="PresentAbove"/>. Random numbers: stream (key, index), one substream an attempt.
/// </remarks>
public sealed class FixedEventFlow : IEventComposition
{
    public const string CompositionName = "fixed-event";
    public const string FlowName = "event";

    /// <summary>Largest number of an absent object.</summary>
    public const double AbsentSpread = 0.25;

    /// <summary>Half of log10 of the smallest transverse momentum of a jet.</summary>
    public const double PresentAbove = 0.65;

    private readonly FlowDraws _draws;

    /// <param name="slots">Type of each object's place.</param>
    /// <param name="flows">The flow.</param>
    /// <exception cref="ArgumentException">The flow has another number of columns.</exception>
    public FixedEventFlow(IReadOnlyList<ObjectType> slots, IReadOnlyDictionary<string, LayeredFlow> flows)
    {
        ArgumentNullException.ThrowIfNull(slots);
        (Slots, Flows) = (slots, flows);
        _draws = new FlowDraws(FlowsByName.Require(flows, FlowName, Columns(slots)));
    }

    /// <summary>The places of the document: 4 jets, and 2 of each other type.</summary>
    public static IReadOnlyList<ObjectType> StandardSlots { get; } =
    [
        .. Enumerable.Repeat(ObjectType.Jet, 4),
        .. new[] { ObjectType.BJet, ObjectType.ElectronPlus, ObjectType.ElectronMinus, ObjectType.MuonPlus, ObjectType.MuonMinus, ObjectType.Photon }.SelectMany(t => new[] { t, t }),
    ];

    public IReadOnlyList<ObjectType> Slots { get; }

    public IReadOnlyDictionary<string, LayeredFlow> Flows { get; }

    /// <summary>None: which objects are present is part of the flow's draw.</summary>
    public CountDistribution? Counts => null;

    public int PreferredChunk => 1024;

    public static int Columns(IReadOnlyList<ObjectType> slots)
    {
        ArgumentNullException.ThrowIfNull(slots);
        return FlowCoordinates.OfMet + (FlowCoordinates.OfObject * slots.Count);
    }

    public IEventComposition ForThread() => new FixedEventFlow(Slots, Flows);

    public void Draw(ReadOnlySpan<EventAttempt> attempts, ReadOnlySpan<EventCandidate> candidates)
    {
        _draws.Clear();
        foreach (var attempt in attempts)
        {
            AttemptStreams streams = new(attempt);
            var random = streams.Next();
            _draws.Add(ref random);
        }

        _draws.Run();
        for (var e = 0; e < attempts.Length; e++)
        {
            candidates[e].Clear();
            candidates[e].Met = FlowCoordinates.Met(_draws[e]);
            for (var s = 0; s < Slots.Count; s++)
            {
                var x = _draws[e].Slice(FlowCoordinates.OfMet + (FlowCoordinates.OfObject * s), FlowCoordinates.OfObject);
                if (x[FlowCoordinates.LogPt] > PresentAbove)
                {
                    FlowCoordinates.AddObject(candidates[e], Slots[s], x);
                }
            }
        }
    }

    /// <summary>The numbers of event k, or false if it has more objects of a type than there are places.</summary>
    /// <param name="sample">Events.</param>
    /// <param name="k">Which.</param>
    /// <param name="slots">Type of each object's place.</param>
    /// <param name="noise">Gives numbers from 0 to 1, one for each object that is present and one for each number of one that is
    /// absent.</param>
    /// <param name="x">Receives <see cref="Columns"/> numbers.</param>
    public static bool TryRead(EventSample sample, int k, IReadOnlyList<ObjectType> slots, Func<double> noise, Span<double> x)
    {
        ArgumentNullException.ThrowIfNull(sample);
        ArgumentNullException.ThrowIfNull(slots);
        ArgumentNullException.ThrowIfNull(noise);
        FlowCoordinates.ReadMet(sample, k, x);
        var placed = 0;
        for (var s = 0; s < slots.Count; s++)
        {
            var number = 0;
            for (var t = 0; t < s; t++)
            {
                number += slots[t] == slots[s] ? 1 : 0;
            }

            var place = x.Slice(FlowCoordinates.OfMet + (FlowCoordinates.OfObject * s), FlowCoordinates.OfObject);
            if (Find(sample, k, slots[s], number) is { } i)
            {
                FlowCoordinates.ReadObject(sample, i, noise(), place);
                placed++;
            }
            else
            {
                foreach (ref var value in place)
                {
                    value = AbsentSpread * ((2 * noise()) - 1);
                }
            }
        }

        return placed == sample.Offsets[k + 1] - sample.Offsets[k];
    }

    /// <summary>The object of this type at this place, counted from 0.</summary>
    private static int? Find(EventSample sample, int k, ObjectType type, int number)
    {
        for (var i = sample.Offsets[k]; i < sample.Offsets[k + 1]; i++)
        {
            if (sample.Type[i] == type && number-- == 0)
            {
                return i;
            }
        }

        return null;
    }
}
