namespace EventService.Benchmarks.Search;

/// <summary>
/// The three bins of a score from 0 to 1 that a search is made in (M. Kaech's thesis, sec. 7.2.4): the uppermost reaches as far down as the
/// relative statistical error of its background is still 30 % or more, the other two are equal and reach down to 0.9. Where the first gets
/// there by itself, it is the only one.
/// </summary>
internal sealed class ScoreHistogram
{
    private const double LargestError = 0.3;
    private const double Lowest = 0.9;

    private readonly double[] _edges;

    private ScoreHistogram(double[] edges) => _edges = edges;

    /// <summary>Lower edges, rising.</summary>
    public IReadOnlyList<double> Edges => _edges;

    /// <summary>Bins for these background events.</summary>
    /// <param name="scores">Scores.</param>
    /// <param name="weights">Their weights.</param>
    public static ScoreHistogram Of(ReadOnlySpan<double> scores, ReadOnlySpan<double> weights)
    {
        var (sorted, ordered) = (scores.ToArray(), weights.ToArray());
        Array.Sort(sorted, ordered);
        var (sum, squares, top) = (0.0, 0.0, 0.0);
        for (var k = sorted.Length - 1; k >= 0; k--)
        {
            (sum, squares) = (sum + ordered[k], squares + (ordered[k] * ordered[k]));
            if (Math.Sqrt(squares) < LargestError * sum)
            {
                top = sorted[k];
                break;
            }
        }

        return new ScoreHistogram(top <= Lowest ? [top] : [Lowest, (Lowest + top) / 2, top]);
    }

    /// <summary>Sums of weights, and of their squares over all bins.</summary>
    public (double[] Sums, double Squares) Fill(ReadOnlySpan<double> scores, ReadOnlySpan<double> weights)
    {
        var (sums, squares) = (new double[_edges.Length], 0.0);
        for (var k = 0; k < scores.Length; k++)
        {
            var bin = _edges.Length - 1;
            while (bin >= 0 && scores[k] < _edges[bin])
            {
                bin--;
            }

            if (bin >= 0)
            {
                sums[bin] += weights[k];
                squares += weights[k] * weights[k];
            }
        }

        return (sums, squares);
    }

    /// <summary>
    /// Signal and background without bins that have no background: these are added to the next lower bin, the
    /// lowest to the next higher one.
    /// </summary>
    public static (double[] Signal, double[] Background) WithoutEmpty(double[] signal, double[] background)
    {
        var (s, b) = (signal.ToList(), background.ToList());
        while (b.Count > 1 && b.FindLastIndex(x => x <= 0) is var empty && empty >= 0)
        {
            var to = empty == 0 ? 1 : empty - 1;
            s[to] += s[empty];
            s.RemoveAt(empty);
            b.RemoveAt(empty);
        }

        return ([.. s], [.. b]);
    }
}
