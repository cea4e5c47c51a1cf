using EventService.Engine.Random;
using EventService.Engine.Tensors;
using EventService.Engine.Transport;
using EventService.Training.Families;

namespace EventService.Training.Matching;

/// <summary>Pairs the events of two samples of equal size: the first is put into the order of the second.</summary>
internal sealed class EventPairing(FlowMatching matching)
{
    private readonly LinearAssignment _assignment = new();
    private readonly Tensor _first = new(0, 0);
    private readonly Tensor _second = new(0, 0);
    private float[] _cost = [];
    private int[] _partner = [];

    /// <summary>
    /// Reorders some columns of <paramref name="x0"/> among themselves, so that column i is the partner of column i of
    /// <paramref name="x1"/>.
    /// </summary>
    /// <param name="x0">[D, n]; where plans are entropic, columns can come several times and others not at all.</param>
    /// <param name="x1">[D, n].</param>
    /// <param name="columns">Which columns.</param>
    /// <param name="random">Draws from entropic plans.</param>
    public void Pair(Tensor x0, Tensor x1, ReadOnlySpan<int> columns, ref PhiloxStream random)
    {
        var n = columns.Length;
        if (matching.Pairing == MatchingPairing.Independent || n < 2)
        {
            return;
        }

        if (_partner.Length < n)
        {
            (_partner, _cost) = (new int[n], new float[n * n]);
        }

        var cost = _cost.AsSpan(0, n * n);
        var partner = _partner.AsSpan(0, n);
        Gather(x0, columns, _first);
        Gather(x1, columns, _second);
        SquaredDistances.Fill(_second, _first, cost);
        if (n <= matching.ExactPairs)
        {
            _assignment.Solve(cost, partner);
        }
        else
        {
            var plan = new EntropicTransport(cost, n, n, matching.Entropy * Mean(cost));
            for (var i = 0; i < n; i++)
            {
                partner[i] = plan.Draw(i, random.NextDouble());
            }
        }

        for (var i = 0; i < n; i++)
        {
            for (var d = 0; d < x0.Rows; d++)
            {
                x0[d, columns[i]] = _first[d, partner[i]];
            }
        }
    }

    private static void Gather(Tensor x, ReadOnlySpan<int> columns, Tensor to)
    {
        to.Reshape(x.Rows, columns.Length);
        for (var d = 0; d < x.Rows; d++)
        {
            for (var i = 0; i < columns.Length; i++)
            {
                to[d, i] = x[d, columns[i]];
            }
        }
    }

    private static double Mean(ReadOnlySpan<float> values)
    {
        double sum = 0;
        foreach (var v in values)
        {
            sum += v;
        }

        return sum / values.Length;
    }
}
