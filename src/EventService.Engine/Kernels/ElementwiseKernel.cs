namespace EventService.Engine.Kernels;

/// <summary>
/// A function applied to every element of a span, with its gradient. Every vector path gives the same bits; accuracy and special values
/// are those of the class in <see cref="EventService.Numerics.Functions"/> that has the function's name.
/// </summary>
public abstract class ElementwiseKernel
{
    private ElementwiseKernel()
    {
    }

    /// <summary>e^x.</summary>
    public static ElementwiseKernel Exp { get; } = Of(default(ExpFunction));

    /// <summary>ln x.</summary>
    public static ElementwiseKernel Log { get; } = Of(default(LogFunction));

    /// <summary>ln(1 + e^x).</summary>
    public static ElementwiseKernel Softplus { get; } = Of(default(SoftplusFunction));

    /// <summary>1 / (1 + e^-x).</summary>
    public static ElementwiseKernel Sigmoid { get; } = Of(default(SigmoidFunction));

    /// <summary>tanh x.</summary>
    public static ElementwiseKernel Tanh { get; } = Of(default(TanhFunction));

    /// <summary>The Gaussian error linear unit in its tanh form: x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).</summary>
    public static ElementwiseKernel Gelu { get; } = Of(default(GeluFunction));

    /// <summary>max(x, 0), with derivative 0 at 0; NaN passes.</summary>
    public static ElementwiseKernel Relu { get; } = Of(default(ReluFunction));

    /// <summary>x above zero, else slope x (Maas, Hannun and Ng, ICML 2013 workshop); NaN passes.</summary>
    public static ElementwiseKernel LeakyRelu(float slope) => Of(new LeakyReluFunction(slope));

    /// <summary>x above zero, else alpha (e^x - 1).</summary>
    public static ElementwiseKernel Elu(float alpha) => Of(new EluFunction(alpha));

    /// <summary>
    /// x / (1 + |x| / limit): the identity near zero, bent so that it stays between -limit and limit. The error is that of a fused
    /// multiply-add and a quotient. NaN where x is infinite.
    /// </summary>
    public static ElementwiseKernel SoftClip(float limit) => Of(new SoftClipFunction(1 / limit));

    /// <summary>y = f(x). y may be x.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public abstract void Forward(ReadOnlySpan<float> x, Span<float> y);

    /// <summary>dx += dy f'(x), with one rounding for product and sum; y is f(x).</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public abstract void Backward(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx);

    private static Kernel<TFunction> Of<TFunction>(TFunction f)
        where TFunction : struct, IElementwiseFunction => new(f);

    private sealed class Kernel<TFunction>(TFunction f) : ElementwiseKernel
        where TFunction : struct, IElementwiseFunction
    {
        public override void Forward(ReadOnlySpan<float> x, Span<float> y) => ElementwiseLoop.Forward(f, x, y);

        public override void Backward(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
            ElementwiseLoop.Backward(f, x, y, dy, dx);
    }
}
