using System.Numerics.Tensors;

using EventService.Engine.Kernels;

namespace EventService.Engine.Autodiff;

/// <summary>Operations that act element by element. Accuracy and special values are those of the kernels.</summary>
/// <exception cref="ArgumentException">Two operands differ in shape; nothing is broadcast.</exception>
public static class Elementwise
{
    /// <summary>y = a + b.</summary>
    public static Variable Add(Tape tape, Variable a, Variable b)
    {
        var y = Result(tape, a, b);
        TensorPrimitives.Add(a.Value.Span, b.Value.Span, y.Value.Span);
        tape.Record(() =>
        {
            var dy = y.Gradient!.Span;
            if (a.Gradient is not null)
            {
                TensorPrimitives.Add(a.Gradient.Span, dy, a.Gradient.Span);
            }

            if (b.Gradient is not null)
            {
                TensorPrimitives.Add(b.Gradient.Span, dy, b.Gradient.Span);
            }
        });
        return y;
    }

    /// <summary>y = a - b.</summary>
    public static Variable Subtract(Tape tape, Variable a, Variable b)
    {
        var y = Result(tape, a, b);
        TensorPrimitives.Subtract(a.Value.Span, b.Value.Span, y.Value.Span);
        tape.Record(() =>
        {
            var dy = y.Gradient!.Span;
            if (a.Gradient is not null)
            {
                TensorPrimitives.Add(a.Gradient.Span, dy, a.Gradient.Span);
            }

            if (b.Gradient is not null)
            {
                TensorPrimitives.Subtract(b.Gradient.Span, dy, b.Gradient.Span);
            }
        });
        return y;
    }

    /// <summary>y = a b, the product of elements.</summary>
    public static Variable Multiply(Tape tape, Variable a, Variable b)
    {
        var y = Result(tape, a, b);
        TensorPrimitives.Multiply(a.Value.Span, b.Value.Span, y.Value.Span);
        tape.Record(() =>
        {
            var dy = y.Gradient!.Span;
            if (a.Gradient is not null)
            {
                TensorPrimitives.MultiplyAdd(dy, b.Value.Span, a.Gradient.Span, a.Gradient.Span);
            }

            if (b.Gradient is not null)
            {
                TensorPrimitives.MultiplyAdd(dy, a.Value.Span, b.Gradient.Span, b.Gradient.Span);
            }
        });
        return y;
    }

    /// <summary>y = factor x.</summary>
    public static Variable Scale(Tape tape, Variable x, float factor)
    {
        ArgumentNullException.ThrowIfNull(tape);
        var y = tape.Result(x.Rows, x.Columns);
        TensorPrimitives.Multiply(x.Value.Span, factor, y.Value.Span);
        if (x.Gradient is not null)
        {
            tape.Record(() => TensorPrimitives.MultiplyAdd(y.Gradient!.Span, factor, x.Gradient.Span, x.Gradient.Span));
        }

        return y;
    }

    /// <summary>y = e^x.</summary>
    public static Variable Exp(Tape tape, Variable x) => Apply(tape, x, ElementwiseKernel.Exp);

    /// <summary>y = ln x.</summary>
    public static Variable Log(Tape tape, Variable x) => Apply(tape, x, ElementwiseKernel.Log);

    /// <summary>y = ln(1 + e^x).</summary>
    public static Variable Softplus(Tape tape, Variable x) => Apply(tape, x, ElementwiseKernel.Softplus);

    /// <summary>y = 1 / (1 + e^-x).</summary>
    public static Variable Sigmoid(Tape tape, Variable x) => Apply(tape, x, ElementwiseKernel.Sigmoid);

    /// <summary>y = tanh x.</summary>
    public static Variable Tanh(Tape tape, Variable x) => Apply(tape, x, ElementwiseKernel.Tanh);

    /// <summary>y = max(x, 0); the derivative at 0 is 0.</summary>
    public static Variable Relu(Tape tape, Variable x) => Apply(tape, x, ElementwiseKernel.Relu);

    /// <summary>y = x above zero, else slope x (Maas, Hannun and Ng, ICML 2013 workshop).</summary>
    public static Variable LeakyRelu(Tape tape, Variable x, float slope = 0.01f) => Apply(tape, x, ElementwiseKernel.LeakyRelu(slope));

    /// <summary>y = x above zero, else alpha (e^x - 1) (Clevert, Unterthiner and Hochreiter 2015, arXiv:1511.07289).</summary>
    public static Variable Elu(Tape tape, Variable x, float alpha = 1) => Apply(tape, x, ElementwiseKernel.Elu(alpha));

    /// <summary>Gaussian error linear unit, tanh form (Hendrycks and Gimpel 2016, arXiv:1606.08415).</summary>
    public static Variable Gelu(Tape tape, Variable x) => Apply(tape, x, ElementwiseKernel.Gelu);

    private static Variable Apply(Tape tape, Variable x, ElementwiseKernel kernel)
    {
        ArgumentNullException.ThrowIfNull(tape);
        var y = tape.Result(x.Rows, x.Columns);
        kernel.Forward(x.Value.Span, y.Value.Span);
        if (x.Gradient is not null)
        {
            tape.Record(() => kernel.Backward(x.Value.Span, y.Value.Span, y.Gradient!.Span, x.Gradient.Span));
        }

        return y;
    }

    private static Variable Result(Tape tape, Variable a, Variable b)
    {
        ArgumentNullException.ThrowIfNull(tape);
        if (a.Rows != b.Rows || a.Columns != b.Columns)
        {
            throw new ArgumentException($"Operands are {a.Value} and {b.Value}, expected equal shapes.", nameof(b));
        }

        return tape.Result(a.Rows, a.Columns);
    }
}
