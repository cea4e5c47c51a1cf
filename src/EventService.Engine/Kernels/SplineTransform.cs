using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

using EventService.Numerics.Functions;
using EventService.Numerics.Simd;

namespace EventService.Engine.Kernels;

/// <summary>
/// Monotonic rational-quadratic spline from [-Bound, Bound] onto itself with the identity outside (Durkan, Bekasov, Murray,
/// Papamakarios, "Neural spline flows", NeurIPS 2019, arXiv:1906.04032, eqs. 4-5), with the gradients by which spline flows are trained.
/// theta is K width logits, K height logits and K - 1 derivatives before softplus; all zero gives the identity.
/// </summary>
/// <param name="Bins">Number of bins K, at least 2.</param>
/// <param name="Bound">Half the width of the interval.</param>
/// <param name="MinimumWidth">Smallest bin width as a share of the interval.</param>
/// <param name="MinimumHeight">Smallest bin height as a share of the interval.</param>
/// <param name="MinimumDerivative">Smallest derivative at a knot.</param>
/// <remarks>Every lane goes through the same operations in the same order on every vector path.</remarks>
public readonly record struct SplineTransform(
    int Bins,
    float Bound,
    float MinimumWidth = 1e-3f,
    float MinimumHeight = 1e-3f,
    float MinimumDerivative = 1e-3f) : ITrainableMap
{
    public int ParameterCount => (3 * Bins) - 1;

    /// <summary>
    /// Added to a derivative's parameter before softplus, so that zero gives the derivative one: softplus^-1(1 - minimum).
    /// </summary>
    public float Shift => (float)Log.Of(Exp.Of(1.0 - MinimumDerivative) - 1);

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
        var needed = ((long)(ParameterCount - 1) * stride) + lanes;
        var backward = !dTheta.IsEmpty;
        if (Bins < 2
            || stride < lanes
            || theta.Length < needed
            || (backward
                ? dTheta.Length < needed || dy.Length < lanes || dx.Length < lanes
                : y.Length < lanes || logDerivative.Length < lanes))
        {
            throw new ArgumentException(
                $"A spline of {Bins} bins got {theta.Length} parameters for {lanes} lanes, {stride} apart; "
                    + $"expected at least 2 bins, {ParameterCount} rows and room for the results.",
                nameof(theta));
        }

        fixed (float* pt = theta, px = x, py = y, pl = logDerivative, pdy = dy, pdx = dx, pdt = dTheta)
        {
            var io = new Pointers(pt, px, py, pl, pdy, pdx, pdt, stride, scale);
            var done = KernelSet.Path switch
            {
                VectorPath.V512 => Run<Simd512, Vector512<float>, Vector512<int>>(io, backward, 0, lanes),
                VectorPath.V256 => Run<Simd256, Vector256<float>, Vector256<int>>(io, backward, 0, lanes),
                VectorPath.V128 => Run<Simd128, Vector128<float>, Vector128<int>>(io, backward, 0, lanes),
                _ => 0,
            };
            Run<Simd1, float, int>(io, backward, done, lanes);
        }
    }

    private readonly unsafe struct Pointers(
        float* theta, float* x, float* y, float* logDerivative, float* dy, float* dx, float* dTheta, int stride, float scale)
    {
        public float* Theta => theta;
        public float* X => x;
        public float* Y => y;
        public float* LogDerivative => logDerivative;
        public float* Dy => dy;
        public float* Dx => dx;
        public float* DTheta => dTheta;
        public int Stride => stride;
        public float Scale => scale;
    }

    private unsafe int Run<S, V, I>(Pointers io, bool backward, int lane, int lanes)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : struct
    {
        var widths = stackalloc V[Bins];
        var heights = stackalloc V[Bins];
        V one = S.Broadcast(1), bound = S.Broadcast(Bound), span = S.Broadcast(2 * Bound);
        for (; lane + S.Width <= lanes; lane += S.Width)
        {
            var theta = io.Theta + lane;
            Normalise<S, V, I>(theta, io.Stride, MinimumWidth, widths);
            Normalise<S, V, I>(theta + ((long)Bins * io.Stride), io.Stride, MinimumHeight, heights);
            var x = S.Load(in io.X[lane]);
            var inside = S.LessOrEqual(S.Abs(x), bound);
            var u = S.Min(one, S.Max(S.Broadcast(0), S.Divide(S.Add(x, bound), span)));
            var bin = Find<S, V, I>(theta + (2L * Bins * io.Stride), io.Stride, widths, heights, u);
            var xi = S.Min(one, S.Divide(S.Subtract(u, bin.X), bin.W));
            if (backward)
            {
                Backward<S, V, I>(io, lane, bin, xi, inside, widths, heights);
                continue;
            }

            // Eqs. 4 and 5.
            var theta01 = S.Multiply(xi, S.Subtract(one, xi));
            var s = S.Divide(bin.H, bin.W);
            var over = S.Divide(one, bin.Denominator<S, I>(s, theta01));
            var rise = S.Multiply(S.Fma(s, S.Multiply(xi, xi), S.Multiply(bin.D0, theta01)), over);
            var ratio = S.Multiply(s, over);
            var slope = S.Multiply(S.Multiply(ratio, ratio), bin.Numerator<S, I>(s, xi, theta01));
            var y = S.Fma(S.Fma(bin.H, rise, bin.Y), span, S.Negate(bound));
            S.Store(S.Select(inside, y, x), ref io.Y[lane]);
            S.Store(S.Select(inside, Log.Of<S, V, I>(slope), S.Broadcast(0)), ref io.LogDerivative[lane]);
        }

        return lane;
    }

    /// <summary>A bin of the unit square: left knot (X, Y), size (W, H), derivatives at both ends and their parameters, index.</summary>
    private readonly record struct Bin<V>(V X, V Y, V W, V H, V D0, V D1, V Logit0, V Logit1, V Index)
        where V : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V Bend<S, I>(V s)
            where S : struct, ISimd<V, I>
            where I : struct => S.FmaNegated(S.Broadcast(2), s, S.Add(D0, D1));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V Denominator<S, I>(V s, V theta)
            where S : struct, ISimd<V, I>
            where I : struct => S.Fma(Bend<S, I>(s), theta, s);

        /// <summary>d1 xi^2 + 2 s theta + d0 (1 - xi)^2.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V Numerator<S, I>(V s, V xi, V theta)
            where S : struct, ISimd<V, I>
            where I : struct
        {
            var rest = S.Subtract(S.Broadcast(1), xi);
            return S.Fma(D1, S.Multiply(xi, xi), S.Fma(S.Multiply(S.Broadcast(2), s), theta, S.Multiply(D0, S.Multiply(rest, rest))));
        }
    }

    /// <summary>Bin sizes: minimum + (1 - K minimum) softmax(logits).</summary>
    private unsafe void Normalise<S, V, I>(float* logits, int stride, float minimum, V* sizes)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : struct
    {
        var greatest = S.Load(in logits[0]);
        for (var k = 1; k < Bins; k++)
        {
            greatest = S.Max(S.Load(in logits[(long)k * stride]), greatest);
        }

        var sum = S.Broadcast(0);
        for (var k = 0; k < Bins; k++)
        {
            sizes[k] = Exp.Of<S, V, I>(S.Subtract(S.Load(in logits[(long)k * stride]), greatest));
            sum = S.Add(sum, sizes[k]);
        }

        var share = S.Divide(S.Broadcast(1 - (Bins * minimum)), sum);
        for (var k = 0; k < Bins; k++)
        {
            sizes[k] = S.Fma(sizes[k], share, S.Broadcast(minimum));
        }
    }

    /// <summary>The last bin whose left edge is not above the point.</summary>
    private unsafe Bin<V> Find<S, V, I>(float* derivatives, int stride, V* widths, V* heights, V point)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : struct
    {
        V zero = S.Broadcast(0), x = zero, y = zero, binX = zero, binY = zero, w = widths[0], h = heights[0], index = zero;
        V logit0 = zero, logit1 = S.Load(in derivatives[0]);
        for (var k = 1; k < Bins; k++)
        {
            x = S.Add(x, widths[k - 1]);
            y = S.Add(y, heights[k - 1]);
            var reached = S.LessOrEqual(x, point);
            binX = S.Select(reached, x, binX);
            binY = S.Select(reached, y, binY);
            w = S.Select(reached, widths[k], w);
            h = S.Select(reached, heights[k], h);
            index = S.Select(reached, S.Broadcast(k), index);
            logit0 = S.Select(reached, S.Load(in derivatives[(long)(k - 1) * stride]), logit0);
            logit1 = S.Select(reached, k == Bins - 1 ? zero : S.Load(in derivatives[(long)k * stride]), logit1);
        }

        // At both ends of the interval the derivative is one.
        var one = S.Broadcast(1);
        var d0 = S.Select(S.Equal(index, zero), one, Derivative<S, V, I>(logit0));
        var d1 = S.Select(S.Equal(index, S.Broadcast(Bins - 1)), one, Derivative<S, V, I>(logit1));
        return new Bin<V>(binX, binY, w, h, d0, d1, logit0, logit1, index);
    }

    private V Derivative<S, V, I>(V logit)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : struct => S.Add(S.Broadcast(MinimumDerivative), Softplus.Of<S, V, I>(S.Add(logit, S.Broadcast(Shift))));

    private unsafe void Backward<S, V, I>(Pointers io, int lane, Bin<V> bin, V xi, V inside, V* widths, V* heights)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : struct
    {
        V zero = S.Broadcast(0), one = S.Broadcast(1), two = S.Broadcast(2);
        var dy = S.Load(in io.Dy[lane]);
        var gv = S.Select(inside, S.Multiply(dy, S.Broadcast(2 * Bound)), zero);   // of the value in the unit square
        var gl = S.Select(inside, S.Broadcast(io.Scale), zero);
        var rest = S.Subtract(one, xi);
        var theta = S.Multiply(xi, rest);
        var s = S.Divide(bin.H, bin.W);
        var slant = S.Subtract(rest, xi);   // d theta / d xi = 1 - 2 xi
        var bend = bin.Bend<S, I>(s);
        var numerator = bin.Numerator<S, I>(s, xi, theta);
        var overN = S.Divide(one, numerator);
        var overD = S.Divide(one, bin.Denominator<S, I>(s, theta));

        // Value: Y + H f with f = (s xi^2 + d0 theta) / (s + (d0 + d1 - 2 s) theta).
        var square = S.Multiply(xi, xi);
        var f = S.Multiply(S.Fma(s, square, S.Multiply(bin.D0, theta)), overD);
        var a = S.Multiply(gv, bin.H);
        var aD = S.Multiply(a, overD);
        var thetaTwice = S.Multiply(two, theta);
        var fXi = S.Multiply(S.Multiply(s, numerator), overD);   // times aD
        var fS = S.FmaNegated(f, S.Subtract(one, thetaTwice), square);
        var f0 = S.Multiply(theta, S.Subtract(one, f));
        var f1 = S.Negate(S.Multiply(theta, f));

        // Logarithm of eq. 5.
        var twoThetaD = S.Multiply(thetaTwice, overD);
        var l1 = S.FmaNegated(one, twoThetaD, S.Multiply(square, overN));
        var l0 = S.FmaNegated(one, twoThetaD, S.Multiply(S.Multiply(rest, rest), overN));
        var lS = S.Add(
            S.Divide(two, s), S.Multiply(two, S.Subtract(S.Multiply(theta, overN), S.Multiply(S.Subtract(one, thetaTwice), overD))));
        var slope = S.Fma(bin.D1, xi, S.FmaNegated(bin.D0, rest, S.Multiply(s, slant)));
        var lXi = S.Multiply(two, S.Subtract(S.Multiply(slope, overN), S.Multiply(S.Multiply(bend, slant), overD)));

        var gXi = S.Fma(aD, fXi, S.Multiply(gl, lXi));
        var gS = S.Fma(aD, fS, S.Multiply(gl, lS));
        var g0 = S.Fma(aD, f0, S.Multiply(gl, l0));
        var g1 = S.Fma(aD, f1, S.Multiply(gl, l1));

        // xi = (u - X) / W with X the sum of the widths before; s = H / W; Y the sum of the heights before.
        var overW = S.Divide(one, bin.W);
        var gU = S.Multiply(gXi, overW);
        var dx = S.Load(in io.Dx[lane]);
        S.Store(S.Add(dx, S.Select(inside, S.Multiply(gU, S.Broadcast(1 / (2 * Bound))), dy)), ref io.Dx[lane]);
        var ownW = S.Negate(S.Multiply(S.Fma(xi, gXi, S.Multiply(s, gS)), overW));
        var ownH = S.Fma(gv, f, S.Multiply(gS, overW));
        ThroughSoftmax<S, V, I>(widths, MinimumWidth, bin.Index, S.Negate(gU), ownW, io.DTheta + lane, io.Stride);
        ThroughSoftmax<S, V, I>(heights, MinimumHeight, bin.Index, gv, ownH, io.DTheta + ((long)Bins * io.Stride) + lane, io.Stride);

        var shift = S.Broadcast(Shift);
        g0 = S.Multiply(g0, Sigmoid.Of<S, V, I>(S.Add(bin.Logit0, shift)));
        g1 = S.Multiply(g1, Sigmoid.Of<S, V, I>(S.Add(bin.Logit1, shift)));
        var derivatives = io.DTheta + (2L * Bins * io.Stride) + lane;
        for (var knot = 1; knot < Bins; knot++)
        {
            var left = S.Equal(S.Broadcast(knot), bin.Index);
            var right = S.Equal(S.Broadcast(knot - 1), bin.Index);
            S.Store(S.Select(left, g0, S.Select(right, g1, zero)), ref derivatives[(long)(knot - 1) * io.Stride]);
        }
    }

    /// <summary>
    /// dlogit_j = p_j (G_j - sum over i of p_i G_i / (1 - K min)), with p = size - minimum and G before the bin, in it, and zero behind.
    /// </summary>
    private unsafe void ThroughSoftmax<S, V, I>(V* sizes, float minimum, V index, V before, V own, float* gradient, int stride)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : struct
    {
        V zero = S.Broadcast(0), min = S.Broadcast(minimum), dot = zero;
        for (var j = 0; j < Bins; j++)
        {
            var at = S.Broadcast(j);
            var g = S.Select(S.LessThan(at, index), before, S.Select(S.Equal(at, index), own, zero));
            dot = S.Fma(S.Subtract(sizes[j], min), g, dot);
        }

        dot = S.Multiply(dot, S.Broadcast(1 / (1 - (Bins * minimum))));
        for (var j = 0; j < Bins; j++)
        {
            var at = S.Broadcast(j);
            var g = S.Select(S.LessThan(at, index), before, S.Select(S.Equal(at, index), own, zero));
            S.Store(S.Multiply(S.Subtract(sizes[j], min), S.Subtract(g, dot)), ref gradient[(long)j * stride]);
        }
    }
}
