namespace EventService.Engine.Autodiff;

/// <summary>A square matrix with given numbers on its diagonal and zeros elsewhere.</summary>
public static class Diagonal
{
    /// <summary>y [n, n] with y[i, i] = x[i, 0].</summary>
    /// <exception cref="ArgumentException">x is not one column.</exception>
    public static Variable Of(Tape tape, Variable x)
    {
        ArgumentNullException.ThrowIfNull(tape);
        if (x.Columns != 1)
        {
            throw new ArgumentException($"A diagonal of {x.Value}, expected one column.", nameof(x));
        }

        var y = tape.Result(x.Rows, x.Rows);
        y.Value.Span.Clear();
        for (var i = 0; i < x.Rows; i++)
        {
            y.Value[i, i] = x.Value.Span[i];
        }

        if (x.Gradient is not null)
        {
            tape.Record(() =>
            {
                for (var i = 0; i < x.Rows; i++)
                {
                    x.Gradient.Span[i] += y.Gradient![i, i];
                }
            });
        }

        return y;
    }
}
