using System.Numerics.Tensors;

namespace EventService.Engine.Autodiff;

/// <summary>Puts features together and takes them apart. Rows are contiguous, so both are copies of one stretch.</summary>
public static class Rows
{
    /// <summary>The parts one below the other.</summary>
    /// <exception cref="ArgumentException">There are no parts, or the parts differ in their columns.</exception>
    public static Variable Concat(Tape tape, params Variable[] parts)
    {
        ArgumentNullException.ThrowIfNull(tape);
        ArgumentNullException.ThrowIfNull(parts);
        if (parts.Length == 0)
        {
            throw new ArgumentException("Nothing to put together, expected at least one part.", nameof(parts));
        }

        foreach (var part in parts)
        {
            if (part.Columns != parts[0].Columns)
            {
                throw new ArgumentException($"{part.Value} does not fit below {parts[0].Value}, expected as many columns.", nameof(parts));
            }
        }

        var y = tape.Result(parts.Sum(p => p.Rows), parts[0].Columns);
        var at = 0;
        foreach (var part in parts)
        {
            part.Value.Span.CopyTo(y.Value.Span[at..]);
            at += part.Value.Length;
        }

        tape.Record(() =>
        {
            var at = 0;
            foreach (var part in parts)
            {
                if (part.Gradient is not null)
                {
                    TensorPrimitives.Add(part.Gradient.Span, y.Gradient!.Span.Slice(at, part.Value.Length), part.Gradient.Span);
                }

                at += part.Value.Length;
            }
        });
        return y;
    }

    /// <summary>Rows first, first + 1, ... first + count - 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">x has not these rows.</exception>
    public static Variable Slice(Tape tape, Variable x, int first, int count)
    {
        ArgumentNullException.ThrowIfNull(tape);
        if (first < 0 || count < 0 || first > x.Rows - count)
        {
            throw new ArgumentOutOfRangeException(nameof(first), $"{x.Value} has no {count} rows from row {first} on.");
        }

        var y = tape.Result(count, x.Columns);
        int start = first * x.Columns, length = y.Value.Length;
        x.Value.Span.Slice(start, length).CopyTo(y.Value.Span);
        if (x.Gradient is not null)
        {
            tape.Record(() =>
            {
                var dx = x.Gradient.Span.Slice(start, length);
                TensorPrimitives.Add(dx, y.Gradient!.Span, dx);
            });
        }

        return y;
    }

    /// <summary>Row i of the result is row order[i] of x.</summary>
    /// <exception cref="ArgumentException">The order and x have different numbers of rows.</exception>
    public static Variable Permute(Tape tape, Variable x, IReadOnlyList<int> order)
    {
        ArgumentNullException.ThrowIfNull(tape);
        ArgumentNullException.ThrowIfNull(order);
        if (order.Count != x.Rows)
        {
            throw new ArgumentException($"An order of {order.Count} rows does not fit {x.Value}.", nameof(order));
        }

        var y = tape.Result(x.Rows, x.Columns);
        for (var i = 0; i < order.Count; i++)
        {
            x.Value.Row(order[i]).CopyTo(y.Value.Row(i));
        }

        if (x.Gradient is not null)
        {
            tape.Record(() =>
            {
                for (var i = 0; i < order.Count; i++)
                {
                    var dx = x.Gradient.Row(order[i]);
                    TensorPrimitives.Add(dx, y.Gradient!.Row(i), dx);
                }
            });
        }

        return y;
    }
}
