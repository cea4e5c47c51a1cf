using System.Numerics.Tensors;

using EventService.Engine.Kernels;

namespace EventService.Engine.Autodiff;

/// <summary>y = scale (x - centre), with one scale and one centre for each row.</summary>
public static class RowScale
{
    /// <summary>y [D, n] from x [D, n], centre [D, 1] and scale [D, 1].</summary>
    /// <exception cref="ArgumentException">Shapes do not fit.</exception>
    public static Variable Apply(Tape tape, Variable x, Variable centre, Variable scale)
    {
        ArgumentNullException.ThrowIfNull(tape);
        if (centre.Rows != x.Rows || scale.Rows != x.Rows || centre.Columns != 1 || scale.Columns != 1)
        {
            throw new ArgumentException(
                $"Centres {centre.Value} and scales {scale.Value} do not fit {x.Value}, expected one of each for every row.",
                nameof(centre));
        }

        var y = tape.Result(x.Rows, x.Columns);
        for (var r = 0; r < x.Rows; r++)
        {
            var row = y.Value.Row(r);
            TensorPrimitives.Subtract(x.Value.Row(r), centre.Value.Span[r], row);
            TensorPrimitives.Multiply(row, scale.Value.Span[r], row);
        }

        tape.Record(() =>
        {
            var product = tape.Rent(1, x.Columns).Span;
            for (var r = 0; r < x.Rows; r++)
            {
                var dy = y.Gradient!.Row(r);
                var s = scale.Value.Span[r];
                if (x.Gradient is not null)
                {
                    TensorPrimitives.MultiplyAdd(dy, s, x.Gradient.Row(r), x.Gradient.Row(r));
                }

                if (centre.Gradient is not null)
                {
                    centre.Gradient.Span[r] -= s * RowSum.Of(dy);
                }

                if (scale.Gradient is not null)
                {
                    TensorPrimitives.Subtract(x.Value.Row(r), centre.Value.Span[r], product);
                    TensorPrimitives.Multiply(product, dy, product);
                    scale.Gradient.Span[r] += RowSum.Of(product);
                }
            }
        });
        return y;
    }

    /// <summary>Mean and variance (over n) of numbers, added in double precision in their order.</summary>
    public static (double Mean, double Variance) Moments(ReadOnlySpan<float> x)
    {
        double sum = 0, squares = 0;
        foreach (var value in x)
        {
            sum += value;
        }

        var mean = sum / x.Length;
        foreach (var value in x)
        {
            squares += (value - mean) * (value - mean);
        }

        return (mean, squares / x.Length);
    }
}
