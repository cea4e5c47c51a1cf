using System.Runtime.InteropServices;

using EventService.Models.Contracts;
using EventService.Physics.Events;

namespace EventService.Models.Sampling;

/// <summary>
/// Ranges of several streams, as a stream of several points asks for them, event by event: those of one condition are generated together
/// and put where they belong.
/// </summary>
internal static class RangesByCondition
{
    /// <summary>Generates events under one condition.</summary>
    public delegate void Generator(IReadOnlyList<double> condition, ReadOnlySpan<EventRange> ranges, EventBlock block, Span<double> logDensity);

    /// <summary>
    /// Fills the block; returns false, and has done nothing, where there are more different conditions than <paramref name="most"/>.
    /// </summary>
    /// <param name="ranges">Which events.</param>
    /// <param name="most">Largest number of conditions.</param>
    /// <param name="block">Receives the events in the order of the ranges.</param>
    /// <param name="logDensity">Empty, or receives their log-densities.</param>
    /// <param name="generate">Generates those under one condition.</param>
    public static bool TryGenerate(ReadOnlySpan<EventRange> ranges, int most, EventBlock block, Span<double> logDensity, Generator generate)
    {
        List<Group> groups = [];
        var start = 0;
        foreach (ref readonly var range in ranges)
        {
            var condition = range.Stream.Condition;
            var group = groups.Find(g => ReferenceEquals(g.Condition, condition) || g.Condition.SequenceEqual(condition));
            if (group is null)
            {
                if (groups.Count == most)
                {
                    return false;
                }

                groups.Add(group = new Group(condition));
            }

            group.Ranges.Add(range);
            group.Starts.Add(start);
            start += range.Count;
        }

        if (groups is [var only])
        {
            generate(only.Condition, ranges, block, logDensity);
            return true;
        }

        block.Resize(start);
        var part = new EventBlock(block.Schema);
        foreach (var group in groups)
        {
            var densities = logDensity.IsEmpty ? [] : new double[group.Ranges.Sum(r => r.Count)];
            generate(group.Condition, CollectionsMarshal.AsSpan(group.Ranges), part, densities);
            group.CopyTo(part, densities, block, logDensity);
        }

        return true;
    }

    /// <summary>Ranges under one condition, and where their events belong.</summary>
    private sealed record Group(IReadOnlyList<double> Condition)
    {
        public List<EventRange> Ranges { get; } = [];

        public List<int> Starts { get; } = [];

        public void CopyTo(EventBlock part, double[] densities, EventBlock block, Span<double> logDensity)
        {
            var from = 0;
            foreach (var (range, to) in Ranges.Zip(Starts))
            {
                Array.Copy(part.EventNumber, from, block.EventNumber, to, range.Count);
                for (var c = 0; c < block.Scalars.Length; c++)
                {
                    Array.Copy(part.Scalars[c], from, block.Scalars[c], to, range.Count);
                }

                if (densities.Length > 0)
                {
                    densities.AsSpan(from, range.Count).CopyTo(logDensity[to..]);
                }

                from += range.Count;
            }
        }
    }
}
