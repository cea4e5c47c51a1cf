using EventService.Engine.Random;
using EventService.Models.Sampling;

namespace EventService.Evaluation;

/// <summary>Settings of <see cref="BoostedTrees"/>.</summary>
public sealed record BoostedTreesOptions
{
    public int MaximumTrees { get; init; } = 400;
    public int Depth { get; init; } = 4;
    public double LearningRate { get; init; } = 0.08;

    /// <summary>L2 penalty of a leaf's value, lambda of the paper.</summary>
    public double Regularisation { get; init; } = 1;

    /// <summary>Fewest events of a leaf.</summary>
    public int MinimumLeaf { get; init; } = 50;

    /// <summary>Share of the features that a tree may use.</summary>
    public double FeatureShare { get; init; } = 0.5;

    /// <summary>Training stops when the validation loss has not improved for this many trees.</summary>
    public int Patience { get; init; } = 25;
}

/// <summary>
/// Gradient-boosted decision trees for two classes: T. Chen, C. Guestrin, XGBoost, KDD 2016, arXiv:1603.02754, second-order gains (eq. 7)
/// and leaf values (eq. 5) over binned features (sec. 3.2), column subsampling; trees grow level by level. Where a network sees a smooth
/// difference spread over many features, trees find an edge in one.
/// </summary>
internal sealed class BoostedTrees
{
    private const int Bins = 256;

    private readonly BoostedTreesOptions _options;
    private readonly List<Tree> _trees = [];

    private BoostedTrees(BoostedTreesOptions options) => _options = options;

    /// <summary>Number of trees kept.</summary>
    public int Count => _trees.Count;

    /// <summary>Trains on binned features, [feature][row], of which some rows are for training and some for early stopping.</summary>
    public static BoostedTrees Train(byte[][] bins, bool[] labels, int[] training, int[] validation, BoostedTreesOptions options, ref PhiloxStream random, CancellationToken cancellation)
    {
        var model = new BoostedTrees(options);
        var work = new Workspace(bins, training, options);
        var (logits, checks) = (new double[training.Length], new double[validation.Length]);
        double BestLoss() => CrossEntropy.Mean(checks, validation, labels);
        var (best, bestLoss) = (0, BestLoss());
        for (var t = 1; t <= options.MaximumTrees && t - best <= options.Patience; t++)
        {
            cancellation.ThrowIfCancellationRequested();
            var features = RandomDraws.Permutation(ref random, bins.Length, Math.Max(1, (int)(options.FeatureShare * bins.Length)));
            Array.Sort(features);
            var tree = work.Grow(labels, logits, features);
            model._trees.Add(tree);
            Parallel.For(0, validation.Length, k => checks[k] += tree.Value(bins, validation[k]));
            if (BestLoss() is var loss && loss < bestLoss)
            {
                (best, bestLoss) = (t, loss);
            }
        }

        model._trees.RemoveRange(best, model._trees.Count - best);
        return model;
    }

    /// <summary>Sum of the trees for each row.</summary>
    public double[] Logits(byte[][] bins, int[] rows)
    {
        var logits = new double[rows.Length];
        Parallel.For(0, rows.Length, k =>
        {
            foreach (var tree in _trees)
            {
                logits[k] += tree.Value(bins, rows[k]);
            }
        });
        return logits;
    }

    /// <summary>A complete binary tree: node i has the children 2 i + 1 (bin at or below the threshold) and 2 i + 2.</summary>
    private sealed class Tree(int depth)
    {
        public int[] Feature { get; } = new int[(1 << depth) - 1];
        public byte[] Threshold { get; } = new byte[(1 << depth) - 1];
        public double[] Leaf { get; } = new double[1 << depth];

        public double Value(byte[][] bins, int row)
        {
            var node = 0;
            while (node < Feature.Length)
            {
                node = 2 * node + (bins[Feature[node]][row] <= Threshold[node] ? 1 : 2);
            }

            return Leaf[node - Feature.Length];
        }
    }

    /// <summary>Buffers for growing trees on the same rows.</summary>
    private sealed class Workspace
    {
        private readonly BoostedTreesOptions _options;
        private readonly int[] _rows;
        private readonly byte[][] _bins;   // of the training rows only, [feature][position]
        private readonly float[] _gradient;
        private readonly float[] _hessian;
        private readonly int[] _node;

        public Workspace(byte[][] bins, int[] rows, BoostedTreesOptions options)
        {
            (_options, _rows) = (options, rows);
            _bins = new byte[bins.Length][];
            Parallel.For(0, bins.Length, f => _bins[f] = Array.ConvertAll(rows, row => bins[f][row]));
            (_gradient, _hessian, _node) = (new float[rows.Length], new float[rows.Length], new int[rows.Length]);
        }

        /// <summary>Grows a tree on the gradients of the cross-entropy and adds its values to the logits.</summary>
        public Tree Grow(bool[] labels, double[] logits, int[] features)
        {
            for (var k = 0; k < _rows.Length; k++)
            {
                var p = 1 / (1 + Math.Exp(-logits[k]));
                _gradient[k] = (float)(p - (labels[_rows[k]] ? 1 : 0));
                _hessian[k] = (float)(p * (1 - p));
                _node[k] = 0;
            }

            var tree = new Tree(_options.Depth);
            for (var level = 0; level < _options.Depth; level++)
            {
                var nodes = 1 << level;
                var splits = new Split[features.Length][];
                Parallel.For(0, features.Length, () => new Sums[nodes * Bins], (i, _, histogram) =>
                {
                    splits[i] = BestSplits(_bins[features[i]], histogram, nodes);
                    return histogram;
                }, _ => { });

                for (var n = 0; n < nodes; n++)
                {
                    // The first of equally good features wins, so that the order of threads does not matter. Without any gain all go left.
                    var (gain, feature, threshold) = (0.0, features[0], (byte)(Bins - 1));
                    for (var i = 0; i < features.Length; i++)
                    {
                        if (splits[i][n].Gain > gain)
                        {
                            (gain, feature, threshold) = (splits[i][n].Gain, features[i], splits[i][n].Threshold);
                        }
                    }

                    tree.Feature[nodes - 1 + n] = feature;
                    tree.Threshold[nodes - 1 + n] = threshold;
                }

                for (var k = 0; k < _rows.Length; k++)
                {
                    var at = nodes - 1 + _node[k];
                    _node[k] = 2 * _node[k] + (_bins[tree.Feature[at]][k] <= tree.Threshold[at] ? 0 : 1);
                }
            }

            var leaves = new Sums[tree.Leaf.Length];
            for (var k = 0; k < _rows.Length; k++)
            {
                leaves[_node[k]].Add(_gradient[k], _hessian[k]);
            }

            for (var leaf = 0; leaf < leaves.Length; leaf++)
            {
                tree.Leaf[leaf] = -_options.LearningRate * leaves[leaf].Gradient / (leaves[leaf].Hessian + _options.Regularisation);
            }

            for (var k = 0; k < _rows.Length; k++)
            {
                logits[k] += tree.Leaf[_node[k]];
            }

            return tree;
        }

        private Split[] BestSplits(byte[] bins, Sums[] histogram, int nodes)
        {
            Array.Clear(histogram);
            for (var k = 0; k < bins.Length; k++)
            {
                histogram[_node[k] * Bins + bins[k]].Add(_gradient[k], _hessian[k]);
            }

            var splits = new Split[nodes];
            for (var n = 0; n < nodes; n++)
            {
                var all = default(Sums);
                foreach (var sums in histogram.AsSpan(n * Bins, Bins))
                {
                    all.Add(sums);
                }

                var left = default(Sums);
                for (var b = 0; b < Bins - 1; b++)
                {
                    left.Add(histogram[n * Bins + b]);
                    var gain = Score(left.Gradient, left.Hessian) + Score(all.Gradient - left.Gradient, all.Hessian - left.Hessian) - Score(all.Gradient, all.Hessian);
                    if (gain > splits[n].Gain && left.Count >= _options.MinimumLeaf && all.Count - left.Count >= _options.MinimumLeaf)
                    {
                        splits[n] = new Split(gain, (byte)b);
                    }
                }
            }

            return splits;
        }

        private double Score(double gradient, double hessian) => gradient * gradient / (hessian + _options.Regularisation);
    }

    private readonly record struct Split(double Gain, byte Threshold);

    private struct Sums
    {
        public double Gradient;
        public double Hessian;
        public int Count;

        public void Add(float gradient, float hessian)
        {
            Gradient += gradient;
            Hessian += hessian;
            Count++;
        }

        public void Add(in Sums other)
        {
            Gradient += other.Gradient;
            Hessian += other.Hessian;
            Count += other.Count;
        }
    }
}
