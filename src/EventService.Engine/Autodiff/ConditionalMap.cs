using System.Numerics.Tensors;

using EventService.Engine.Kernels;

namespace EventService.Engine.Autodiff;

/// <summary>
/// The last layer of a conditioner network together with the maps whose parameters it gives: theta_t = b_t + W_t h, y_t = T(x_t; theta_t)
/// for the targets t, the other rows unchanged. This is one operation so that the parameters of a target are used while they are in the
/// cache, and their gradients are never all held at once.
/// </summary>
public static unsafe class ConditionalMap
{
    /// <summary>
    /// y [D, n]; the gradient of scale * (sum of all log-derivatives) goes back with that of y. A target that sees only some of the hidden
    /// units, as in a MADE with units sorted by degree, sees the first ones.
    /// </summary>
    /// <param name="tape">Records the backward pass.</param>
    /// <param name="map">T.</param>
    /// <param name="weight">[targets * ParameterCount, hidden], target after target.</param>
    /// <param name="bias">[targets * ParameterCount, 1].</param>
    /// <param name="h">Hidden units, [hidden, n].</param>
    /// <param name="x">[D, n].</param>
    /// <param name="targets">Rows of x that are mapped.</param>
    /// <param name="seen">How many of the hidden units each target sees.</param>
    /// <param name="scale">Gradient of the loss with respect to every log-derivative.</param>
    /// <param name="logDerivatives">Sum of the log-derivatives of all targets and lanes.</param>
    /// <exception cref="ArgumentException">Shapes do not fit.</exception>
    public static Variable Apply(
        Tape tape, ITrainableMap map, Variable weight, Variable bias, Variable h, Variable x, IReadOnlyList<int> targets,
        IReadOnlyList<int> seen, float scale, out double logDerivatives)
    {
        ArgumentNullException.ThrowIfNull(tape);
        ArgumentNullException.ThrowIfNull(map);
        ArgumentNullException.ThrowIfNull(targets);
        ArgumentNullException.ThrowIfNull(seen);
        var (p, n) = (map.ParameterCount, x.Columns);
        if (weight.Rows != targets.Count * p || bias.Rows != weight.Rows || bias.Columns != 1 || weight.Columns != h.Rows || h.Columns != n
            || seen.Count != targets.Count || seen.Any(s => s < 0 || s > h.Rows))
        {
            throw new ArgumentException(
                $"Weights {weight.Value} and biases {bias.Value} for {targets.Count} targets of {p} parameters and hidden units "
                    + $"{h.Value} do not fit {x.Value}.",
                nameof(weight));
        }

        var theta = tape.Rent(weight.Rows, n);
        var y = tape.Result(x.Rows, n);
        x.Value.Span.CopyTo(y.Value.Span);
        var ld = tape.Rent(1, n).Span;
        logDerivatives = 0;
        for (var t = 0; t < targets.Count; t++)
        {
            Parameters(weight, bias, h, theta.Span.Slice(t * p * n, p * n), t * p, p, seen[t]);
            map.Forward(theta.Span.Slice(t * p * n, p * n), n, x.Value.Row(targets[t]), y.Value.Row(targets[t]), ld);
            foreach (var value in ld)
            {
                logDerivatives += value;
            }
        }

        tape.Record(() =>
        {
            var dTheta = tape.Rent(p, n);
            var dx = x.Gradient ?? tape.Rent(x.Rows, n);
            for (var row = 0; row < x.Rows; row++)
            {
                if (!targets.Contains(row))
                {
                    TensorPrimitives.Add(dx.Row(row), y.Gradient!.Row(row), dx.Row(row));
                }
            }

            for (var t = 0; t < targets.Count; t++)
            {
                map.Backward(
                    theta.Span.Slice(t * p * n, p * n), n, x.Value.Row(targets[t]), y.Gradient!.Row(targets[t]), scale, dx.Row(targets[t]),
                    dTheta.Span);
                BackwardThrough(weight, bias, h, dTheta.Span, t * p, p, seen[t]);
            }
        });
        return y;
    }

    /// <summary>theta = b + W h over the hidden units that are seen.</summary>
    private static void Parameters(Variable weight, Variable bias, Variable h, Span<float> theta, int first, int p, int seen)
    {
        var n = h.Columns;
        if (seen == 0)
        {
            for (var r = 0; r < p; r++)
            {
                theta.Slice(r * n, n).Fill(bias.Value.Span[first + r]);
            }

            return;
        }

        fixed (float* w = weight.Value.Span, b = bias.Value.Span, ph = h.Value.Span, result = theta)
        {
            MatMul.Multiply(
                new MatMul.View(w + ((long)first * weight.Columns), weight.Columns, 1), new MatMul.View(ph, n, 1), result, n, p, n, seen,
                MatMul.From.RowBias, b + first);
        }
    }

    private static void BackwardThrough(Variable weight, Variable bias, Variable h, Span<float> dTheta, int first, int p, int seen)
    {
        var (n, width) = (h.Columns, weight.Columns);
        for (var r = 0; r < p; r++)
        {
            bias.Gradient!.Span[first + r] += RowSum.Of(dTheta.Slice(r * n, n));
        }

        if (seen == 0)
        {
            return;
        }

        fixed (float* w = weight.Value.Span, dw = weight.Gradient!.Span, ph = h.Value.Span, d = dTheta)
        {
            var from = new MatMul.View(d, n, 1);
            // dW += dtheta h^T
            MatMul.Multiply(
                from, new MatMul.View(ph, n, 1).Transposed, dw + ((long)first * width), width, p, seen, n, MatMul.From.Destination, null);
            if (h.Gradient is not null)
            {
                fixed (float* dh = h.Gradient.Span)
                {
                    // dh += W^T dtheta
                    MatMul.Multiply(
                        new MatMul.View(w + ((long)first * width), width, 1).Transposed, from, dh, n, seen, n, p, MatMul.From.Destination,
                        null);
                }
            }
        }
    }
}
