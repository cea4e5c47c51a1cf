using EventService.Engine.Tensors;

namespace EventService.Engine.Autodiff;

/// <summary>
/// A linear layer in which a constant mask cuts connections, as in MADE (Germain, Gregor, Murray and Larochelle, ICML 2015,
/// arXiv:1502.03509, eq. 9). Cut connections have no gradient, so that an optimizer without weight decay leaves them unchanged.
/// </summary>
public static class MaskedLinear
{
    /// <summary>y [out, n] = b + (W * M) x, with W and the mask M [out, in], x [in, n] and b [out, 1].</summary>
    /// <exception cref="ArgumentException">Shapes do not fit.</exception>
    public static Variable Apply(Tape tape, Variable bias, Variable weight, Tensor mask, Variable x) =>
        Linear.Apply(tape, bias, Elementwise.Multiply(tape, weight, Tape.Constant(mask)), x);
}
