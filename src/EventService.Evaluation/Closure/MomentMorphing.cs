using EventService.Models.Sampling;
using EventService.Numerics.Statistics;
using EventService.Physics.Events;

namespace EventService.Evaluation.Closure;

/// <summary>
/// Moment morphing (Baak, Gadatsu, Harrington and Verkerke, NIM A 771 (2015) 39, arXiv:1410.7388, eqs. 12 to 16): before points are mixed,
/// each one's distribution is shifted and stretched such that its mean and standard deviation are those interpolated linearly, column by
/// column: x' = mu' + (x - mu_i) sigma' / sigma_i. Counts stay what they are: moved, they would be no whole numbers, which any classifier
/// sees.
/// </summary>
public static class MomentMorphing
{
    /// <summary>
    /// The points with every column moved to the interpolated mean and width; to be mixed by <see cref="VerticalMorphing"/>.
    /// </summary>
    /// <param name="points">Events of each point, and its weight; weights add up to 1.</param>
    public static IReadOnlyList<(EventSample Sample, double Weight)> Move(IReadOnlyList<(EventSample Sample, double Weight)> points)
    {
        ArgumentNullException.ThrowIfNull(points);
        var columns = points[0].Sample.ColumnCount;
        (double Mean, double Deviation)[][] moments = [.. points.Select(p => Enumerable.Range(0, columns).Select(c => MomentsOf(p.Sample, c)).ToArray())];
        (double Mean, double Deviation)[] target = [.. Enumerable.Range(0, columns).Select(c => (points.Select((p, i) => p.Weight * moments[i][c].Mean).Sum(), points.Select((p, i) => p.Weight * moments[i][c].Deviation).Sum()))];
        bool[] isCount = [.. Enumerable.Range(0, columns).Select(c => points.All(p => Enumerable.Range(0, p.Sample.Count).All(k => double.IsInteger(p.Sample.Row(k)[c]))))];
        return [.. points.Select((p, i) => (Moved(p.Sample, moments[i], target, isCount), p.Weight))];
    }

    private static EventSample Moved(EventSample sample, (double Mean, double Deviation)[] own, (double Mean, double Deviation)[] target, bool[] isCount)
    {
        var moved = sample.Empty();
        var row = new double[sample.ColumnCount];
        for (var k = 0; k < sample.Count; k++)
        {
            for (var c = 0; c < row.Length; c++)
            {
                // A column without width stays without: all that can be done is to move it.
                row[c] = isCount[c] ? sample.Row(k)[c] : target[c].Mean + ((sample.Row(k)[c] - own[c].Mean) * (own[c].Deviation > 0 ? target[c].Deviation / own[c].Deviation : 1));
            }

            moved.AddRow(sample.EventNumber[k], row);
        }

        return moved;
    }

    private static (double Mean, double Deviation) MomentsOf(EventSample sample, int column)
    {
        var values = new double[sample.Count];
        for (var k = 0; k < values.Length; k++)
        {
            values[k] = sample.Row(k)[column];
        }

        return (Moments.Mean(values), Moments.StandardDeviation(values));
    }
}
