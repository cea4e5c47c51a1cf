using System.Numerics.Tensors;

using EventService.Engine.Kernels;

namespace EventService.Engine.Autodiff;

/// <summary>Operations that act element by element.</summary>
public static class Elementwise
{
    /// <summary>Gaussian error linear unit, tanh form (Hendrycks and Gimpel 2016, arXiv:1606.08415).</summary>
    public static Variable Gelu(Tape tape, Variable x)
    {
        ArgumentNullException.ThrowIfNull(tape);
        var y = tape.Result(x.Rows, x.Columns);
        GeluKernel.Forward(x.Value.Span, y.Value.Span);
        tape.Record(() => GeluKernel.Backward(x.Value.Span, y.Value.Span, y.Gradient!.Span, x.Gradient!.Span));
        return y;
    }

    /// <summary>y = a + b.</summary>
    public static Variable Add(Tape tape, Variable a, Variable b)
    {
        ArgumentNullException.ThrowIfNull(tape);
        var y = tape.Result(a.Rows, a.Columns);
        TensorPrimitives.Add(a.Value.Span, b.Value.Span, y.Value.Span);
        tape.Record(() =>
        {
            TensorPrimitives.Add(a.Gradient!.Span, y.Gradient!.Span, a.Gradient.Span);
            TensorPrimitives.Add(b.Gradient!.Span, y.Gradient.Span, b.Gradient.Span);
        });
        return y;
    }
}
