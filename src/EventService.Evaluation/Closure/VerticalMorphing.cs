using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Evaluation.Closure;

/// <summary>
/// Vertical morphing: between simulated points, each bin of a histogram is the weighted mean of theirs (as "linear interpolation" in
/// HistFactory, Cranmer et al. 2012, CERN-OPEN-2012-016, sec. 4). In events, whatever the binning: a mixture that takes each point's events
/// with its weight.
/// </summary>
public static class VerticalMorphing
{
    /// <summary>A sample of the mixture, with events spread evenly over those of each point.</summary>
    /// <param name="points">Events of each point, and its weight; weights add up to 1.</param>
    /// <param name="count">Events of the result.</param>
    /// <exception cref="ArgumentException">A point has too few events.</exception>
    public static EventSample Mix(IReadOnlyList<(EventSample Sample, double Weight)> points, int count)
    {
        ArgumentNullException.ThrowIfNull(points);
        var mixed = points[0].Sample.Empty();
        var (sum, taken) = (0.0, 0);
        foreach (var (sample, weight) in points)
        {
            sum += weight;
            var share = (int)Math.Round(sum * count) - taken;
            if (share > sample.Count)
            {
                throw new ArgumentException($"A point has {sample.Count} events, expected {share} for {count} of the mixture. Compare fewer events.");
            }

            for (var k = 0; k < share; k++)
            {
                mixed.AddFrom(sample, (int)((long)k * sample.Count / share), taken + k);
            }

            taken += share;
        }

        return mixed;
    }
}
