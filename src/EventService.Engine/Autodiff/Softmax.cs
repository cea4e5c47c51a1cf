using EventService.Engine.Kernels;

namespace EventService.Engine.Autodiff;

/// <summary>Softmax of every column: each event has a distribution over the rows.</summary>
public static class Softmax
{
    /// <summary>y[r, n] = e^x[r, n] / sum over k of e^x[k, n].</summary>
    public static Variable Apply(Tape tape, Variable x)
    {
        ArgumentNullException.ThrowIfNull(tape);
        var y = tape.Result(x.Rows, x.Columns);
        SoftmaxKernel.Forward(x.Value.Span, y.Value.Span, x.Rows, x.Columns);
        if (x.Gradient is not null)
        {
            tape.Record(() => SoftmaxKernel.Backward(y.Value.Span, y.Gradient!.Span, x.Gradient.Span, x.Rows, x.Columns));
        }

        return y;
    }
}
