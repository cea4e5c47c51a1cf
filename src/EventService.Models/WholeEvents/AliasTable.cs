using EventService.Models.Sampling;

namespace EventService.Models.WholeEvents;

/// <summary>
/// Draws from a discrete distribution in constant time: A. J. Walker, ACM Trans. Math. Softw. 3 (1977) 253, built as by
/// M. D. Vose, IEEE Trans. Softw. Eng. 17 (1991) 972.
/// </summary>
public sealed class AliasTable
{
    private readonly double[] _keep;
    private readonly int[] _alias;

    /// <param name="weights">Relative weights, not negative, with a positive sum.</param>
    /// <exception cref="ArgumentException">There is no weight, or one is negative or not finite.</exception>
    public AliasTable(IReadOnlyList<double> weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        double total = 0;
        foreach (var weight in weights)
        {
            if (!(weight >= 0) || !double.IsFinite(weight))
            {
                throw new ArgumentException($"A weight is {weight}, expected a finite number of at least 0.", nameof(weights));
            }

            total += weight;
        }

        if (!(total > 0))
        {
            throw new ArgumentException("The weights of an alias table add up to 0, expected at least one above 0.", nameof(weights));
        }

        var n = weights.Count;
        _keep = new double[n];
        _alias = new int[n];
        Queue<int> small = new(), large = new();
        var scaled = new double[n];
        for (var k = 0; k < n; k++)
        {
            scaled[k] = weights[k] * n / total;
            (scaled[k] < 1 ? small : large).Enqueue(k);
        }

        while (small.Count > 0 && large.Count > 0)
        {
            int less = small.Dequeue(), more = large.Dequeue();
            _keep[less] = scaled[less];
            _alias[less] = more;
            scaled[more] -= 1 - scaled[less];
            (scaled[more] < 1 ? small : large).Enqueue(more);
        }

        // What remains is 1 up to rounding; a weight of zero never lands here.
        foreach (var k in small.Concat(large))
        {
            _keep[k] = 1;
            _alias[k] = k;
        }
    }

    public int Count => _keep.Length;

    /// <summary>The outcome for two independent uniform numbers in (0, 1).</summary>
    public int Draw(double u, double v)
    {
        var k = Math.Min((int)(u * _keep.Length), _keep.Length - 1);
        return v < _keep[k] ? k : _alias[k];
    }
}
