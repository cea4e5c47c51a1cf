using System.Runtime.Intrinsics;

using EventService.Numerics.Functions;
using EventService.Numerics.Simd;

namespace EventService.Engine.Kernels;

/// <summary>
/// y = scale x + b with scale = minimum + softplus(a + shift), where the shift makes a = 0 the scale one; theta is (a, b). The affine map
/// of Dinh, Sohl-Dickstein and Bengio, "Density estimation using Real NVP", ICLR 2017, arXiv:1605.08803, eq. 7, and of Papamakarios,
/// Pavlakou and Murray, NeurIPS 2017, arXiv:1705.07057, eq. 4, with softplus in place of the exponential, which overflows.
/// </summary>
/// <param name="Minimum">Smallest scale.</param>
public readonly record struct AffineTransform(float Minimum = 1e-3f) : ITrainableMap
{
    public int ParameterCount => 2;

    /// <summary>softplus^-1(1 - minimum).</summary>
    public float Shift => (float)Log.Of(Exp.Of(1.0 - Minimum) - 1);

    public void Forward(ReadOnlySpan<float> theta, int stride, ReadOnlySpan<float> x, Span<float> y, Span<float> logDerivative) =>
        Dispatch(theta, stride, x, y, logDerivative, default, 0, default, default);

    public void Backward(
        ReadOnlySpan<float> theta, int stride, ReadOnlySpan<float> x, ReadOnlySpan<float> dy, float scale, Span<float> dx,
        Span<float> dTheta) =>
        Dispatch(theta, stride, x, default, default, dy, scale, dx, dTheta);

    private unsafe void Dispatch(
        ReadOnlySpan<float> theta, int stride, ReadOnlySpan<float> x, Span<float> y, Span<float> logDerivative, ReadOnlySpan<float> dy,
        float scale, Span<float> dx, Span<float> dTheta)
    {
        var lanes = x.Length;
        var backward = !dTheta.IsEmpty;
        if (stride < lanes
            || theta.Length < stride + lanes
            || (backward
                ? dTheta.Length < stride + lanes || dy.Length < lanes || dx.Length < lanes
                : y.Length < lanes || logDerivative.Length < lanes))
        {
            throw new ArgumentException(
                $"An affine map got {theta.Length} parameters for {lanes} lanes, {stride} apart; expected 2 rows and room for the results.",
                nameof(theta));
        }

        fixed (float* a = theta, px = x, py = y, pl = logDerivative, pdy = dy, pdx = dx, da = dTheta)
        {
            float* b = a + stride, db = da + stride;
            var done = KernelSet.Path switch
            {
                VectorPath.V512 =>
                    Run<Simd512, Vector512<float>, Vector512<int>>(a, b, px, py, pl, pdy, scale, pdx, da, db, backward, 0, lanes),
                VectorPath.V256 =>
                    Run<Simd256, Vector256<float>, Vector256<int>>(a, b, px, py, pl, pdy, scale, pdx, da, db, backward, 0, lanes),
                VectorPath.V128 =>
                    Run<Simd128, Vector128<float>, Vector128<int>>(a, b, px, py, pl, pdy, scale, pdx, da, db, backward, 0, lanes),
                _ => 0,
            };
            Run<Simd1, float, int>(a, b, px, py, pl, pdy, scale, pdx, da, db, backward, done, lanes);
        }
    }

    private unsafe int Run<S, V, I>(
        float* a, float* b, float* px, float* y, float* logDerivative, float* pdy, float scale, float* dx, float* da, float* db,
        bool backward, int lane, int lanes)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : struct
    {
        V shift = S.Broadcast(Shift), minimum = S.Broadcast(Minimum);
        for (; lane + S.Width <= lanes; lane += S.Width)
        {
            var shifted = S.Add(S.Load(in a[lane]), shift);
            var size = S.Add(minimum, Softplus.Of<S, V, I>(shifted));
            var x = S.Load(in px[lane]);
            if (backward)
            {
                var dy = S.Load(in pdy[lane]);
                var gScale = S.Fma(dy, x, S.Divide(S.Broadcast(scale), size));   // of scale x and of log scale
                S.Store(S.Fma(dy, size, S.Load(in dx[lane])), ref dx[lane]);
                S.Store(S.Multiply(gScale, Sigmoid.Of<S, V, I>(shifted)), ref da[lane]);
                S.Store(dy, ref db[lane]);
            }
            else
            {
                S.Store(S.Fma(size, x, S.Load(in b[lane])), ref y[lane]);
                S.Store(Log.Of<S, V, I>(size), ref logDerivative[lane]);
            }
        }

        return lane;
    }
}
