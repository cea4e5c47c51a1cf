using System.Runtime.Intrinsics;

using EventService.Numerics.Functions;
using EventService.Numerics.Simd;

namespace EventService.Engine.Kernels;

/// <summary>
/// A mixture of K normal densities, p(x) = sum over k of pi_k N(x; mu_k, sigma_k) (Bishop 1994; Uria, Murray and Larochelle, "RNADE",
/// NeurIPS 2013, arXiv:1306.0186, eq. 4), as the last map before a standard normal base. theta is K logits of pi, K means and K parameters
/// of sigma = minimum + softplus(a + shift), one where a = 0.
/// </summary>
/// <param name="Components">K.</param>
/// <param name="Minimum">Smallest sigma.</param>
/// <remarks>
/// The map itself is z = Phi^-1(sum over k of pi_k Phi((x - mu_k) / sigma_k)), and log dz/dx + log N(z) = log p(x): z drops out of
/// the likelihood. So the value given here is 0, with the log-derivative log p(x) + log(2 pi) / 2, which has the same likelihood;
/// nothing but a base may follow.
/// </remarks>
public readonly record struct MixtureTransform(int Components, float Minimum = 1e-3f) : ITrainableMap
{
    public int ParameterCount => 3 * Components;

    /// <summary>softplus^-1(1 - minimum).</summary>
    public float Shift => (float)Log.Of(Exp.Of(1.0 - Minimum) - 1);

    public void Forward(ReadOnlySpan<float> theta, int stride, ReadOnlySpan<float> x, Span<float> y, Span<float> logDerivative)
    {
        y.Clear();
        Dispatch(theta, stride, x, logDerivative, 0, default, default);
    }

    public void Backward(
        ReadOnlySpan<float> theta, int stride, ReadOnlySpan<float> x, ReadOnlySpan<float> dy, float scale, Span<float> dx,
        Span<float> dTheta) =>
        Dispatch(theta, stride, x, default, scale, dx, dTheta);

    private unsafe void Dispatch(
        ReadOnlySpan<float> theta, int stride, ReadOnlySpan<float> x, Span<float> logDerivative, float scale, Span<float> dx,
        Span<float> dTheta)
    {
        var lanes = x.Length;
        var needed = ((long)(ParameterCount - 1) * stride) + lanes;
        var backward = !dTheta.IsEmpty;
        if (Components < 1 || stride < lanes || theta.Length < needed
            || (backward ? dTheta.Length < needed || dx.Length < lanes : logDerivative.Length < lanes))
        {
            throw new ArgumentException(
                $"A mixture of {Components} got {theta.Length} parameters for {lanes} lanes, {stride} apart; "
                    + $"expected at least 1 component, {ParameterCount} rows and room for the results.",
                nameof(theta));
        }

        fixed (float* t = theta, px = x, l = logDerivative, pdx = dx, dt = dTheta)
        {
            var done = KernelSet.Path switch
            {
                VectorPath.V512 => Run<Simd512, Vector512<float>, Vector512<int>>(t, stride, px, l, scale, pdx, dt, 0, lanes),
                VectorPath.V256 => Run<Simd256, Vector256<float>, Vector256<int>>(t, stride, px, l, scale, pdx, dt, 0, lanes),
                VectorPath.V128 => Run<Simd128, Vector128<float>, Vector128<int>>(t, stride, px, l, scale, pdx, dt, 0, lanes),
                _ => 0,
            };
            Run<Simd1, float, int>(t, stride, px, l, scale, pdx, dt, done, lanes);
        }
    }

    private unsafe int Run<S, V, I>(
        float* theta, int stride, float* px, float* logDerivative, float scale, float* dx, float* dTheta, int lane, int lanes)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : struct
    {
        int k = Components;
        var terms = stackalloc V[k];     // log of pi_k / sigma_k exp(-q_k^2 / 2), up to the sum of the weights; then its exponential
        var weights = stackalloc V[k];
        V minimum = S.Broadcast(Minimum), shift = S.Broadcast(Shift), half = S.Broadcast(0.5f), zero = S.Broadcast(0);
        for (; lane + S.Width <= lanes; lane += S.Width)
        {
            float* logits = theta + lane, means = logits + ((long)k * stride), sizes = means + ((long)k * stride);
            var x = S.Load(in px[lane]);
            V greatest = S.Broadcast(float.NegativeInfinity), greatestLogit = greatest;
            for (var c = 0; c < k; c++)
            {
                var logit = S.Load(in logits[(long)c * stride]);
                var sigma = S.Add(minimum, Softplus.Of<S, V, I>(S.Add(S.Load(in sizes[(long)c * stride]), shift)));
                var q = S.Divide(S.Subtract(x, S.Load(in means[(long)c * stride])), sigma);
                terms[c] = S.Subtract(logit, S.Fma(S.Multiply(half, q), q, Log.Of<S, V, I>(sigma)));
                greatest = S.Max(terms[c], greatest);
                greatestLogit = S.Max(logit, greatestLogit);
            }

            V sum = zero, sumOfWeights = zero;
            for (var c = 0; c < k; c++)
            {
                terms[c] = Exp.Of<S, V, I>(S.Subtract(terms[c], greatest));
                weights[c] = Exp.Of<S, V, I>(S.Subtract(S.Load(in logits[(long)c * stride]), greatestLogit));
                sum = S.Add(sum, terms[c]);
                sumOfWeights = S.Add(sumOfWeights, weights[c]);
            }

            if (dTheta == null)
            {
                var log = S.Subtract(S.Add(greatest, Log.Of<S, V, I>(sum)), S.Add(greatestLogit, Log.Of<S, V, I>(sumOfWeights)));
                S.Store(log, ref logDerivative[lane]);
                continue;
            }

            V overSum = S.Divide(S.Broadcast(scale), sum), overWeights = S.Divide(S.Broadcast(scale), sumOfWeights), slope = zero;
            for (var c = 0; c < k; c++)
            {
                // Responsibility r_k times the scale; d/dmu = r q / sigma, d/dsigma = r (q^2 - 1) / sigma.
                var shifted = S.Add(S.Load(in sizes[(long)c * stride]), shift);
                var sigma = S.Add(minimum, Softplus.Of<S, V, I>(shifted));
                var q = S.Divide(S.Subtract(x, S.Load(in means[(long)c * stride])), sigma);
                var r = S.Multiply(terms[c], overSum);
                var rOverSigma = S.Divide(r, sigma);
                var toMean = S.Multiply(rOverSigma, q);
                slope = S.Subtract(slope, toMean);
                var d = dTheta + lane + ((long)c * stride);
                S.Store(S.FmaNegated(weights[c], overWeights, r), ref d[0]);
                S.Store(toMean, ref d[(long)k * stride]);
                var toSigma = S.Multiply(rOverSigma, S.Subtract(S.Multiply(q, q), S.Broadcast(1)));
                S.Store(S.Multiply(toSigma, Sigmoid.Of<S, V, I>(shifted)), ref d[2L * k * stride]);
            }

            S.Store(S.Add(S.Load(in dx[lane]), slope), ref dx[lane]);
        }

        return lane;
    }
}
