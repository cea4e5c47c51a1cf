using System.Numerics.Tensors;

using EventService.Engine.Kernels;

namespace EventService.Engine.Autodiff;

/// <summary>One number from all elements, added in the order of <see cref="RowSum"/>; what losses end in.</summary>
public static class Reduction
{
    /// <summary>y [1, 1] = sum of all elements.</summary>
    public static Variable Sum(Tape tape, Variable x) => Apply(tape, x, 1);

    /// <summary>y [1, 1] = mean of all elements.</summary>
    /// <exception cref="ArgumentException">x is empty.</exception>
    public static Variable Mean(Tape tape, Variable x) => x.Value.Length > 0
        ? Apply(tape, x, x.Value.Length)
        : throw new ArgumentException($"{x.Value} has no mean, expected at least one element.", nameof(x));

    private static Variable Apply(Tape tape, Variable x, float divisor)
    {
        ArgumentNullException.ThrowIfNull(tape);
        var y = tape.Result(1, 1);
        y.Value.Span[0] = RowSum.Of(x.Value.Span) / divisor;
        if (x.Gradient is not null)
        {
            tape.Record(() => TensorPrimitives.Add(x.Gradient.Span, y.Gradient!.Span[0] / divisor, x.Gradient.Span));
        }

        return y;
    }
}
