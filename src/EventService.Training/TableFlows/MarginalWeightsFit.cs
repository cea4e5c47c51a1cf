using EventService.Models.Flows;
using EventService.Models.Sampling;
using EventService.Models.Tables;
using EventService.Numerics.Functions;

namespace EventService.Training.TableFlows;

/// <summary>
/// Fits <see cref="MarginalWeights"/>: every column is shared out over hat functions, which sum to one, and the mean of each hat among the
/// kept draws becomes that of the data. One column after the other, h of a knot grows by log(mean in the data / mean among the draws),
/// which is generalised iterative scaling (J. N. Darroch and D. Ratcliff, Ann. Math. Stat. 43 (1972) 1470): each step raises the likelihood
/// of the data.
/// </summary>
internal static class MarginalWeightsFit
{
    private const int Rounds = 12;

    // Knots with fewer events beyond them tell more of chance than of the distribution.
    private const int LeastEvents = 200;

    /// <param name="data">Columns of the data in the flow's numbers.</param>
    /// <param name="draws">Columns of the flow's draws.</param>
    /// <param name="weights">w / w_max of the draws before; draws are kept with min(1, w / w_max). Receives the weights with those of the
    /// fit.</param>
    /// <param name="quantiles">Knots are the edges between this number of intervals of equal share in the data; beyond the outermost, the share is
    /// halved as long as 200 events are left.</param>
    /// <exception cref="ArgumentException">A column has too few different values.</exception>
    public static MarginalWeights Fit(float[][] data, float[][] draws, double[] weights, int quantiles)
    {
        Column[] columns = [.. data.Select((events, f) => new Column(f, events, draws[f], quantiles))];
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var column in columns)
            {
                column.Step(weights);
            }
        }

        return new MarginalWeights([.. columns.Select(c => c.Knots)], [.. columns.Select(c => c.Values)]);
    }

    private sealed class Column
    {
        private readonly double[] _target;
        private readonly ushort[] _cells;
        private readonly float[] _shares;

        public Column(int number, float[] data, float[] draws, int quantiles)
        {
            var ranks = RanksOf(data.Length, quantiles);
            float[] sorted = [.. data];
            Array.Sort(sorted);
            Knots = [.. ranks.Select(r => (double)sorted[r]).Distinct()];
            if (Knots.Length != ranks.Count)
            {
                throw new ArgumentException($"Column {number} has {Knots.Length} different quantiles of {ranks.Count}: its values repeat too often for marginal weights. Dequantise it, or ask for fewer quantiles.");
            }

            Values = new double[Knots.Length];
            _target = new double[Knots.Length];
            foreach (var t in data)
            {
                var (cell, share) = MarginalWeights.Place(Knots, t);
                _target[cell] += (1 - share) / data.Length;
                _target[cell + 1] += share / data.Length;
            }

            (_cells, _shares) = (new ushort[draws.Length], new float[draws.Length]);
            for (var i = 0; i < draws.Length; i++)
            {
                var (cell, share) = MarginalWeights.Place(Knots, draws[i]);
                (_cells[i], _shares[i]) = ((ushort)cell, (float)share);
            }
        }

        public double[] Knots { get; }

        public double[] Values { get; }

        public void Step(double[] weights)
        {
            var mean = new double[Knots.Length];
            double total = 0;
            for (var i = 0; i < weights.Length; i++)
            {
                var kept = Math.Min(1, weights[i]);
                mean[_cells[i]] += kept * (1 - _shares[i]);
                mean[_cells[i] + 1] += kept * _shares[i];
                total += kept;
            }

            var change = new double[Knots.Length];
            for (var k = 0; k < change.Length; k++)
            {
                change[k] = Log.Of(_target[k] * total / mean[k]);
                Values[k] += change[k];
            }

            for (var i = 0; i < weights.Length; i++)
            {
                weights[i] *= Exp.Of(change[_cells[i]] + (_shares[i] * (change[_cells[i] + 1] - change[_cells[i]])));
            }
        }

        private static SortedSet<int> RanksOf(int events, int quantiles)
        {
            var ranks = new SortedSet<int>();
            for (var k = 1; k < quantiles; k++)
            {
                ranks.Add((int)((long)k * events / quantiles));
            }

            for (var rank = events / quantiles / 2; rank >= LeastEvents; rank /= 2)
            {
                ranks.Add(rank);
                ranks.Add(events - 1 - rank);
            }

            return ranks;
        }
    }
}
