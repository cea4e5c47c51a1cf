using EventService.Models.Flows.Networks;
using EventService.Models.Sampling;

namespace EventService.Evaluation;

/// <summary>
/// Combines the logits of classifiers by logistic regression on events that none of them was trained on (Wolpert, Neural Networks 5 (1992)
/// 241). A classifier that would enter with a negative weight is left out.
/// </summary>
internal static class Stacking
{
    /// <summary>Weights of the members and, last, the constant. All members equally where none of them helps.</summary>
    public static double[] Fit(double[][] logits, bool[] labels)
    {
        var used = Enumerable.Range(0, logits.Length).ToList();
        while (used.Count > 0)
        {
            var w = Newton([.. used.Select(i => logits[i])], labels);
            var negative = Enumerable.Range(0, used.Count).Where(i => !(w[i] > 0)).ToList();
            if (negative.Count == 0)
            {
                var weights = new double[logits.Length + 1];
                for (var i = 0; i < used.Count; i++)
                {
                    weights[used[i]] = w[i];
                }

                weights[^1] = w[^1];
                return weights;
            }

            used.RemoveAt(negative.MinBy(i => w[i]));
        }

        return [.. logits.Select(_ => 1.0 / logits.Length), 0];
    }

    public static double[] Apply(double[] weights, double[][] logits)
    {
        var combined = new double[logits[0].Length];
        for (var k = 0; k < combined.Length; k++)
        {
            combined[k] = weights[^1];
            for (var i = 0; i < logits.Length; i++)
            {
                combined[k] += weights[i] * logits[i][k];
            }
        }

        return combined;
    }

    /// <summary>Maximum likelihood with a prior of a hundredth of an event's weight, which only matters for constant logits.</summary>
    private static double[] Newton(double[][] x, bool[] labels)
    {
        var n = x.Length + 1;
        var w = new double[n];
        double X(int i, int k) => i < x.Length ? x[i][k] : 1;
        for (var iteration = 0; iteration < 30; iteration++)
        {
            var (gradient, hessian) = (new double[n], new double[n, n]);
            for (var i = 0; i < n; i++)
            {
                gradient[i] = -0.01 * w[i];
                hessian[i, i] = 0.01;
            }

            for (var k = 0; k < labels.Length; k++)
            {
                var z = 0.0;
                for (var i = 0; i < n; i++)
                {
                    z += w[i] * X(i, k);
                }

                var p = 1 / (1 + Math.Exp(-z));
                for (var i = 0; i < n; i++)
                {
                    gradient[i] += ((labels[k] ? 1 : 0) - p) * X(i, k);
                    for (var j = 0; j < n; j++)
                    {
                        hessian[i, j] += p * (1 - p) * X(i, k) * X(j, k);
                    }
                }
            }

            var step = Solve(hessian, gradient);
            for (var i = 0; i < n; i++)
            {
                w[i] += Math.Clamp(step[i], -2, 2);
            }

            if (step.All(s => Math.Abs(s) < 1e-9))
            {
                break;
            }
        }

        return w;
    }

    /// <summary>Solves A x = b for a small symmetric positive matrix by Gauss elimination, pivots on the diagonal.</summary>
    private static double[] Solve(double[,] a, double[] b)
    {
        var n = b.Length;
        var x = (double[])b.Clone();
        for (var i = 0; i < n; i++)
        {
            for (var r = i + 1; r < n; r++)
            {
                var f = a[r, i] / a[i, i];
                for (var c = i; c < n; c++)
                {
                    a[r, c] -= f * a[i, c];
                }

                x[r] -= f * x[i];
            }
        }

        for (var i = n - 1; i >= 0; i--)
        {
            for (var c = i + 1; c < n; c++)
            {
                x[i] -= a[i, c] * x[c];
            }

            x[i] /= a[i, i];
        }

        return x;
    }
}
