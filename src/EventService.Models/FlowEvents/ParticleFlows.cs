using EventService.Engine.Random;
using EventService.Models.Flows;
using EventService.Models.WholeEvents;
using EventService.Physics.Events;

namespace EventService.Models.FlowEvents;

/// <summary>
/// One flow for the missing momentum and one for each particle type, glued by the counts: the counts are drawn from their table, then each
/// object on its own, and sorted by falling pT. Experiment I of the standalone flows for whole events (docs/results.md): any number of
/// objects, no correlation between them.
/// </summary>
/// <remarks>
/// Random numbers: stream (key, index); substream 0 for the counts, then of each attempt one for the missing momentum and one an object.
/// </remarks>
public sealed class ParticleFlows : IEventComposition
{
    public const string CompositionName = "particles";
    public const string MetName = "MET";

    private readonly FlowDraws _met;
    private readonly FlowDraws?[] _particles;

    /// <param name="counts">Distribution of the object counts.</param>
    /// <param name="flows">MET and the particle types by name, over the numbers of <see cref="FlowCoordinates"/>.</param>
    /// <exception cref="ArgumentException">A flow is missing, or has other columns.</exception>
    public ParticleFlows(CountDistribution counts, IReadOnlyDictionary<string, LayeredFlow> flows)
    {
        ArgumentNullException.ThrowIfNull(counts);
        (Counts, Flows) = (counts, flows);
        _met = new FlowDraws(FlowsByName.Require(flows, MetName, FlowCoordinates.OfMet));
        _particles = [.. Enum.GetValues<ObjectType>().Select(type =>
            counts.GreatestCounts[(int)type] == 0 ? null : new FlowDraws(FlowsByName.Require(flows, $"{type}", FlowCoordinates.OfObject)))];
    }

    public IReadOnlyDictionary<string, LayeredFlow> Flows { get; }

    public CountDistribution Counts { get; }

    public int PreferredChunk => 1024;

    public IEventComposition ForThread() => new ParticleFlows(Counts, Flows);

    public void Draw(ReadOnlySpan<EventAttempt> attempts, ReadOnlySpan<EventCandidate> candidates)
    {
        Span<int> counts = stackalloc int[_particles.Length];
        _met.Clear();
        foreach (var draws in _particles)
        {
            draws?.Clear();
        }

        foreach (var attempt in attempts)
        {
            AttemptStreams streams = new(attempt);
            var met = streams.Next();
            _met.Add(ref met);
            CountsOf(attempt).CopyTo(counts);
            for (var type = 0; type < counts.Length; type++)
            {
                for (var k = 0; k < counts[type]; k++)
                {
                    var random = streams.Next();
                    _particles[type]?.Add(ref random);
                }
            }
        }

        _met.Run();
        foreach (var draws in _particles)
        {
            draws?.Run();
        }

        Span<int> taken = stackalloc int[_particles.Length];
        taken.Clear();
        for (var e = 0; e < attempts.Length; e++)
        {
            candidates[e].Clear();
            candidates[e].Met = FlowCoordinates.Met(_met[e]);
            CountsOf(attempts[e]).CopyTo(counts);
            for (var type = 0; type < counts.Length; type++)
            {
                for (var k = 0; k < counts[type] && _particles[type] is { } draws; k++)
                {
                    FlowCoordinates.AddObject(candidates[e], (ObjectType)type, draws[taken[type]++]);
                }
            }
        }
    }

    private CountVector CountsOf(in EventAttempt attempt)
    {
        var random = new PhiloxStream(attempt.Key, (ulong)attempt.Index, AttemptStreams.Counts);
        return Counts.Draw(ref random);
    }
}
