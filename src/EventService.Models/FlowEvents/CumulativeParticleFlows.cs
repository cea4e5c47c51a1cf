using EventService.Engine.Random;
using EventService.Models.Flows;
using EventService.Models.WholeEvents;
using EventService.Physics.Events;
using EventService.Physics.Kinematics;

namespace EventService.Models.FlowEvents;

/// <summary>
/// Particle flows that know the event: those of a type's first particle are joint with the missing momentum, those of its next particles
/// with the summed energy and transverse momentum of the earlier ones too. Of many draws the one whose event part comes nearest to the
/// event at hand gives the particle. Experiment II of the standalone flows for whole events (docs/results.md).
/// </summary>
/// <remarks>
/// Distance: Euclidean in the numbers that the flows know, log10 of GeV and radians. Deviations: differences of azimuths are taken on the
/// circle; a type whose next particles are too rare to learn draws them from the flow of its first. Random numbers as in
/// <see cref="ParticleFlows"/>, the candidates of a particle one after the other in its substream.
/// </remarks>
public sealed class CumulativeParticleFlows : IEventComposition
{
    public const string CompositionName = "cumulative-particles";

    /// <summary>Columns that say which event a particle is of: MET, and for next particles the sums.</summary>
    public const int FirstEventColumns = FlowCoordinates.OfMet, NextEventColumns = FlowCoordinates.OfMet + 2;

    private readonly FlowDraws _met;
    private readonly FlowDraws?[] _first;
    private readonly FlowDraws?[] _next;

    /// <param name="counts">Distribution of the object counts.</param>
    /// <param name="candidates">Draws from which a particle is chosen.</param>
    /// <param name="flows">MET, and for each type TYPE.first and, if it can be learnt, TYPE.next.</param>
    /// <exception cref="ArgumentException">A flow is missing, or has other columns.</exception>
    public CumulativeParticleFlows(CountDistribution counts, int candidates, IReadOnlyDictionary<string, LayeredFlow> flows)
    {
        ArgumentNullException.ThrowIfNull(counts);
        ArgumentOutOfRangeException.ThrowIfLessThan(candidates, 1);
        (Counts, Candidates, Flows) = (counts, candidates, flows);
        _met = new FlowDraws(FlowsByName.Require(flows, ParticleFlows.MetName, FlowCoordinates.OfMet));
        _first = [.. Enum.GetValues<ObjectType>().Select(type =>
            counts.GreatestCounts[(int)type] == 0 ? null : new FlowDraws(FlowsByName.Require(flows, FirstName(type), FirstEventColumns + FlowCoordinates.OfObject)))];
        _next = [.. Enum.GetValues<ObjectType>().Select(type =>
            flows.ContainsKey(NextName(type)) ? new FlowDraws(FlowsByName.Require(flows, NextName(type), NextEventColumns + FlowCoordinates.OfObject)) : null)];
    }

    public static string FirstName(ObjectType type) => $"{type}.first";

    public static string NextName(ObjectType type) => $"{type}.next";

    public int Candidates { get; }

    public IReadOnlyDictionary<string, LayeredFlow> Flows { get; }

    public CountDistribution Counts { get; }

    public int PreferredChunk => 16;

    public IEventComposition ForThread() => new CumulativeParticleFlows(Counts, Candidates, Flows);

    public void Draw(ReadOnlySpan<EventAttempt> attempts, ReadOnlySpan<EventCandidate> candidates)
    {
        for (var e = 0; e < attempts.Length; e++)
        {
            candidates[e].Clear();
            Draw(attempts[e], candidates[e]);
        }
    }

    private void Draw(in EventAttempt attempt, EventCandidate candidate)
    {
        var random = new PhiloxStream(attempt.Key, (ulong)attempt.Index, AttemptStreams.Counts);
        var counts = Counts.Draw(ref random);
        AttemptStreams streams = new(attempt);
        random = streams.Next();
        _met.Clear();
        _met.Add(ref random);
        _met.Run();
        candidate.Met = FlowCoordinates.Met(_met[0]);
        Span<double> known = stackalloc double[NextEventColumns];
        for (var type = 0; type < _first.Length; type++)
        {
            (known[0], known[1]) = (_met[0][0], _met[0][1]);
            double energy = 0, pt = 0;
            for (var k = 0; k < counts[type] && _first[type] is { } first; k++)
            {
                var next = k == 0 ? null : _next[type];
                var eventColumns = next is null ? FirstEventColumns : NextEventColumns;
                random = streams.Next();
                var particle = Nearest(next ?? first, known[..eventColumns], ref random)[eventColumns..];
                energy += FlowCoordinates.AddObject(candidate, (ObjectType)type, particle);
                pt += FlowCoordinates.Power10(particle[FlowCoordinates.LogPt]);
                (known[2], known[3]) = (FlowCoordinates.Log10(energy), FlowCoordinates.Log10(pt));
            }
        }
    }

    /// <summary>The draw whose first columns are nearest to those given; the second is an azimuth.</summary>
    private ReadOnlySpan<float> Nearest(FlowDraws flow, ReadOnlySpan<double> known, ref PhiloxStream random)
    {
        flow.Clear();
        for (var c = 0; c < Candidates; c++)
        {
            flow.Add(ref random);
        }

        flow.Run();
        var (nearest, least) = (0, double.PositiveInfinity);
        for (var c = 0; c < Candidates; c++)
        {
            var row = flow[c];
            var squared = 0.0;
            for (var f = 0; f < known.Length; f++)
            {
                var difference = f == 1 ? DeltaPhi.Of(row[f], known[f]) : row[f] - known[f];
                squared += difference * difference;
            }

            if (squared < least)
            {
                (nearest, least) = (c, squared);
            }
        }

        return flow[nearest];
    }
}
