using EventService.Engine.Kernels;
using EventService.Engine.Tensors;

namespace EventService.Engine.Autodiff;

/// <summary>y = b + W1 x1 + W2 x2 + ...: a linear layer with one or several inputs. Columns are events.</summary>
public static unsafe class Linear
{
    /// <summary>y [out, n] = b + W x, with W [out, in], x [in, n] and b [out, 1].</summary>
    public static Variable Apply(Tape tape, Variable bias, Variable weight, Variable x) => Apply(tape, bias, [(weight, x)]);

    /// <summary>y [out, n] = b + sum of W x over the terms, added in their order.</summary>
    /// <exception cref="ArgumentException">Shapes do not fit.</exception>
    public static Variable Apply(Tape tape, Variable bias, params (Variable Weight, Variable X)[] terms)
    {
        ArgumentNullException.ThrowIfNull(tape);
        ArgumentNullException.ThrowIfNull(terms);
        if (terms.Length == 0 || bias.Columns != 1)
        {
            throw new ArgumentException(
                $"Linear layer has {terms.Length} terms and bias {bias.Value}, expected at least one term and a bias of one column.",
                nameof(terms));
        }

        int rows = bias.Rows, columns = terms[0].X.Columns;
        foreach (var (weight, x) in terms)
        {
            if (weight.Rows != rows || weight.Columns != x.Rows || x.Columns != columns)
            {
                throw new ArgumentException(
                    $"Linear layer of {weight.Value} and {x.Value} does not give [{rows}, {columns}].", nameof(terms));
            }
        }

        var y = tape.Result(rows, columns);
        for (var i = 0; i < terms.Length; i++)
        {
            var (weight, x) = terms[i];
            Product(weight.Value, false, x.Value, false, y.Value, i == 0 ? MatMul.From.RowBias : MatMul.From.Destination, bias.Value);
        }

        tape.Record(() => Backward(bias, terms, y));
        return y;
    }

    private static void Backward(Variable bias, (Variable Weight, Variable X)[] terms, Variable y)
    {
        var dy = y.Gradient!;
        foreach (var (weight, x) in terms)
        {
            if (weight.Gradient is not null)
            {
                Product(dy, false, x.Value, true, weight.Gradient, MatMul.From.Destination, null);   // dW += dy x^T
            }

            if (x.Gradient is not null)
            {
                Product(weight.Value, true, dy, false, x.Gradient, MatMul.From.Destination, null);   // dx += W^T dy
            }
        }

        if (bias.Gradient is not null)
        {
            for (var r = 0; r < dy.Rows; r++)
            {
                bias.Gradient.Span[r] += RowSum.Of(dy.Row(r));
            }
        }
    }

    /// <summary>c = start + op(a) op(b), where op transposes if asked.</summary>
    public static void Product(Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor c, MatMul.From from, Tensor? bias)
    {
        fixed (float* pa = a.Span, pb = b.Span, pc = c.Span, start = bias is null ? default : bias.Span)
        {
            var va = new MatMul.View(pa, a.Columns, 1);
            var vb = new MatMul.View(pb, b.Columns, 1);
            MatMul.Multiply(
                transposeA ? va.Transposed : va,
                transposeB ? vb.Transposed : vb,
                pc, c.Columns, c.Rows, c.Columns, transposeA ? a.Rows : a.Columns, from, start);
        }
    }
}
