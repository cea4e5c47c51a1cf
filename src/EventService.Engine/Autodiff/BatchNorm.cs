using EventService.Engine.Kernels;

namespace EventService.Engine.Autodiff;

/// <summary>
/// Normalises every row by the mean and variance of its own lanes, y = (x - m) / sqrt(v + eps) (Ioffe and Szegedy, ICML 2015,
/// arXiv:1502.03167, algorithm 1), as a layer of a flow: the log-determinant n * -log(v + eps) / 2 of each row enters the loss.
/// </summary>
public static class BatchNorm
{
    /// <summary>y [D, n] from x [D, n]; gradients go through the mean and the variance.</summary>
    /// <param name="tape">Records the backward pass.</param>
    /// <param name="x">[D, n].</param>
    /// <param name="epsilon">eps.</param>
    /// <param name="scale">Gradient of the loss with respect to every log-derivative.</param>
    /// <param name="mean">m of each row.</param>
    /// <param name="variance">v of each row, over n.</param>
    public static Variable Apply(Tape tape, Variable x, float epsilon, float scale, out float[] mean, out float[] variance)
    {
        ArgumentNullException.ThrowIfNull(tape);
        var (m, v) = (new float[x.Rows], new float[x.Rows]);
        var y = tape.Result(x.Rows, x.Columns);
        for (var r = 0; r < x.Rows; r++)
        {
            var (rowMean, rowVariance) = RowScale.Moments(x.Value.Row(r));
            (m[r], v[r]) = ((float)rowMean, (float)rowVariance);
            var inverse = (float)(1 / Math.Sqrt((double)v[r] + epsilon));
            Span<float> from = x.Value.Row(r), to = y.Value.Row(r);
            for (var i = 0; i < to.Length; i++)
            {
                to[i] = (from[i] - m[r]) * inverse;
            }
        }

        if (x.Gradient is not null)
        {
            tape.Record(() =>
            {
                var n = x.Columns;
                var product = tape.Rent(1, n).Span;
                for (var r = 0; r < x.Rows; r++)
                {
                    Span<float> dy = y.Gradient!.Row(r), value = y.Value.Row(r), dx = x.Gradient.Row(r);
                    var inverse = (float)(1 / Math.Sqrt((double)v[r] + epsilon));
                    System.Numerics.Tensors.TensorPrimitives.Multiply(dy, value, product);

                    // dv: through y, -sum(dy y) / (2 (v + eps)); through the n log-derivatives, -scale n / (2 (v + eps)).
                    // dv / dx = 2 (x - m) / n.
                    var meanDy = RowSum.Of(dy) / n;
                    var along = (RowSum.Of(product) / n) + scale;
                    for (var i = 0; i < dx.Length; i++)
                    {
                        dx[i] += inverse * (dy[i] - meanDy - (value[i] * along));
                    }
                }
            });
        }

        (mean, variance) = (m, v);
        return y;
    }
}
