using EventService.Engine.Kernels;

namespace EventService.Engine.Autodiff;

/// <summary>Product of two matrices, either of which may be differentiated.</summary>
public static class MatrixProduct
{
    /// <summary>y [m, n] = a [m, k] b [k, n].</summary>
    /// <exception cref="ArgumentException">a has not as many columns as b has rows.</exception>
    public static Variable Apply(Tape tape, Variable a, Variable b)
    {
        ArgumentNullException.ThrowIfNull(tape);
        if (a.Columns != b.Rows)
        {
            throw new ArgumentException(
                $"{a.Value} times {b.Value} is no product, expected as many columns of the first as rows of the second.", nameof(b));
        }

        var y = tape.Result(a.Rows, b.Columns);
        Linear.Product(a.Value, false, b.Value, false, y.Value, MatMul.From.Zero, null);
        tape.Record(() =>
        {
            if (a.Gradient is not null)
            {
                Linear.Product(y.Gradient!, false, b.Value, true, a.Gradient, MatMul.From.Destination, null);   // da += dy b^T
            }

            if (b.Gradient is not null)
            {
                Linear.Product(a.Value, true, y.Gradient!, false, b.Gradient, MatMul.From.Destination, null);   // db += a^T dy
            }
        });
        return y;
    }
}
