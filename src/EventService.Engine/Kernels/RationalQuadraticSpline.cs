using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

using EventService.Numerics.Functions;
using EventService.Numerics.Simd;

namespace EventService.Engine.Kernels;

/// <summary>
/// Monotonic rational-quadratic spline from [0, 1] onto [0, 1] (Durkan, Bekasov, Murray, Papamakarios, "Neural spline
/// flows", NeurIPS 2019, arXiv:1906.04032, eqs. 4-8); with tied end derivatives, on the circle (Rezende et al.,
/// "Normalizing flows on tori and spheres", ICML 2020, arXiv:2002.02428).
/// </summary>
/// <param name="Bins">Number of bins K.</param>
/// <param name="Circular">The derivative at 1 is that at 0, so that the density has no seam.</param>
/// <param name="MinimumWidth">Smallest bin width.</param>
/// <param name="MinimumHeight">Smallest bin height.</param>
/// <param name="MinimumDerivative">Smallest derivative at a knot.</param>
/// <remarks>
/// Parameters are rows of a [rows, lanes] matrix: K width logits, K height logits, then K + 1 derivatives (K if
/// circular) before softplus. All zero gives the identity. Every lane is one spline at one point. Lanes go through the
/// same operations in the same order on every vector path. A point or a parameter that is NaN makes its lane's results NaN.
/// </remarks>
public readonly record struct RationalQuadraticSpline(
    int Bins,
    bool Circular,
    float MinimumWidth = 1e-3f,
    float MinimumHeight = 1e-4f,
    float MinimumDerivative = 1e-3f)
{
    // e^-60 of the greatest bin and less is nothing beside the smallest size of a bin.
    private const float LeastExponent = -60;

    /// <summary>Rows of the parameter matrix.</summary>
    public int ParameterCount => (3 * Bins) + (Circular ? 0 : 1);

    /// <summary>y = spline(x), at most 1, and ld = log dy/dx, lane by lane. x is clamped to [0, 1].</summary>
    /// <param name="parameters">[ParameterCount, lanes], rows <paramref name="stride"/> apart.</param>
    /// <param name="stride">Distance of parameter rows in floats.</param>
    /// <param name="x">Points.</param>
    /// <param name="y">Receives the values; may be <paramref name="x"/>.</param>
    /// <param name="logDerivative">Receives the log-derivatives.</param>
    public void Forward(ReadOnlySpan<float> parameters, int stride, ReadOnlySpan<float> x, Span<float> y, Span<float> logDerivative) =>
        Dispatch(Direction.Forward, parameters, stride, x, y, logDerivative, default, default);

    /// <summary>x in [0, 1] with spline(x) = y, and ld = log dy/dx at that x. y is clamped to [0, 1].</summary>
    /// <param name="parameters">[ParameterCount, lanes], rows <paramref name="stride"/> apart.</param>
    /// <param name="stride">Distance of parameter rows in floats.</param>
    /// <param name="y">Values.</param>
    /// <param name="x">Receives the points; may be <paramref name="y"/>.</param>
    /// <param name="logDerivative">Receives the log-derivatives of the forward spline; empty to leave them out.</param>
    public void Inverse(ReadOnlySpan<float> parameters, int stride, ReadOnlySpan<float> y, Span<float> x, Span<float> logDerivative) =>
        Dispatch(Direction.Inverse, parameters, stride, y, x, logDerivative, default, default);

    /// <summary>Log-derivatives at x, and the gradient of sum over lanes of scale * ld with respect to the parameters.</summary>
    /// <param name="parameters">[ParameterCount, lanes], rows <paramref name="stride"/> apart.</param>
    /// <param name="stride">Distance of parameter and gradient rows in floats.</param>
    /// <param name="x">Points.</param>
    /// <param name="scale">Weight of each lane in the sum.</param>
    /// <param name="logDerivative">Receives the log-derivatives, not scaled.</param>
    /// <param name="gradient">[ParameterCount, lanes]; overwritten.</param>
    public void LogDerivativeGradient(
        ReadOnlySpan<float> parameters, int stride, ReadOnlySpan<float> x, ReadOnlySpan<float> scale, Span<float> logDerivative,
        Span<float> gradient) =>
        Dispatch(Direction.Gradient, parameters, stride, x, default, logDerivative, scale, gradient);

    private enum Direction { Forward, Inverse, Gradient }

    private unsafe void Dispatch(
        Direction direction, ReadOnlySpan<float> parameters, int stride, ReadOnlySpan<float> input, Span<float> output,
        Span<float> logDerivative, ReadOnlySpan<float> scale, Span<float> gradient)
    {
        var lanes = input.Length;
        if (lanes == 0)
        {
            return;
        }

        if (stride < lanes || parameters.Length < ((long)(ParameterCount - 1) * stride) + lanes)
        {
            throw new ArgumentException(
                $"Spline parameters hold {parameters.Length} floats, expected {ParameterCount} rows of {lanes} lanes, {stride} apart.");
        }

        if (Bins < (Circular ? 2 : 1))
        {
            throw new ArgumentException($"Spline has {Bins} bins, expected at least {(Circular ? 2 : 1)}.");
        }

        var leftOut = direction == Direction.Inverse && logDerivative.IsEmpty;
        var room = Math.Min(leftOut ? lanes : logDerivative.Length, direction == Direction.Gradient ? scale.Length : output.Length);
        if (room < lanes)
        {
            throw new ArgumentException($"Spline has room for {room} results, expected {lanes}, one a lane.");
        }

        if (direction == Direction.Gradient && gradient.Length < ((long)(ParameterCount - 1) * stride) + lanes)
        {
            throw new ArgumentException(
                $"Spline gradients hold {gradient.Length} floats, expected {ParameterCount} rows of {lanes} lanes, {stride} apart.");
        }

        fixed (float* p = parameters, i = input, o = output, l = logDerivative, s = scale, g = gradient)
        {
            var done = KernelSet.Path switch
            {
                VectorPath.V512 => Run<Simd512, Vector512<float>, Vector512<int>>(direction, p, stride, i, o, l, s, g, 0, lanes),
                VectorPath.V256 => Run<Simd256, Vector256<float>, Vector256<int>>(direction, p, stride, i, o, l, s, g, 0, lanes),
                VectorPath.V128 => Run<Simd128, Vector128<float>, Vector128<int>>(direction, p, stride, i, o, l, s, g, 0, lanes),
                _ => 0,
            };
            Run<Simd1, float, int>(direction, p, stride, i, o, l, s, g, done, lanes);
        }
    }

    private unsafe int Run<S, V, I>(
        Direction direction, float* parameters, int stride, float* input, float* output, float* logDerivative, float* scale,
        float* gradient, int start, int lanes)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : struct
    {
        var widths = stackalloc V[Bins];
        var heights = stackalloc V[Bins];
        var lane = start;
        for (; lane + S.Width <= lanes; lane += S.Width)
        {
            var p = parameters + lane;
            Normalise<S, V, I>(p, stride, MinimumWidth, widths);
            Normalise<S, V, I>(p + ((long)Bins * stride), stride, MinimumHeight, heights);
            var at = Clamp<S, V, I>(S.Load(in input[lane]));
            var bin = Find<S, V, I>(p + (2L * Bins * stride), stride, widths, heights, at, direction == Direction.Inverse);
            if (direction == Direction.Inverse)
            {
                var xi = bin.SolveFor<S, I>(at);

                // X and W are sums of roundings: the last bin may end one unit beyond 1.
                S.Store(S.Min(S.Broadcast(1), S.Fma(xi, bin.W, bin.X)), ref output[lane]);
                if (logDerivative != null)
                {
                    S.Store(bin.LogDerivative<S, I>(xi), ref logDerivative[lane]);
                }

                continue;
            }

            var position = Clamp<S, V, I>(S.Divide(S.Subtract(at, bin.X), bin.W));
            S.Store(bin.LogDerivative<S, I>(position), ref logDerivative[lane]);
            if (direction == Direction.Forward)
            {
                S.Store(S.Min(S.Broadcast(1), bin.Value<S, I>(position)), ref output[lane]);
            }
            else
            {
                Backward<S, V, I>(bin, position, widths, heights, S.Load(in scale[lane]), gradient + lane, stride);
            }
        }

        return lane;
    }

    /// <summary>The nearest point of [0, 1]. NaN stays NaN: minimum and maximum give their second operand where either is NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Clamp<S, V, I>(V x)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : struct => S.Min(S.Broadcast(1), S.Max(S.Broadcast(0), x));

    /// <summary>One lane-vector of bins: left knot (X, Y), size (W, H), derivatives and their logits at both ends, index.</summary>
    private readonly record struct Bin<V>(V X, V Y, V W, V H, V D0, V D1, V Logit0, V Logit1, V Index)
        where V : unmanaged
    {
        /// <summary>Eq. 4: the value at position xi in the bin.</summary>
        public V Value<S, I>(V xi)
            where S : struct, ISimd<V, I>
            where I : struct
        {
            var theta = S.Multiply(xi, S.Subtract(S.Broadcast(1), xi));
            var s = S.Divide(H, W);
            var numerator = S.Multiply(H, S.Fma(s, S.Multiply(xi, xi), S.Multiply(D0, theta)));
            return S.Add(Y, S.Divide(numerator, Denominator<S, I>(s, theta)));
        }

        /// <summary>Eq. 5, its logarithm: 2 log s + log(d1 xi^2 + 2 s theta + d0 (1 - xi)^2) - 2 log(s + (d1 + d0 - 2 s) theta).</summary>
        public V LogDerivative<S, I>(V xi)
            where S : struct, ISimd<V, I>
            where I : struct
        {
            var rest = S.Subtract(S.Broadcast(1), xi);
            var theta = S.Multiply(xi, rest);
            var s = S.Divide(H, W);
            var ratio = S.Divide(s, Denominator<S, I>(s, theta));
            return Log.Of<S, V, I>(S.Multiply(S.Multiply(ratio, ratio), Numerator<S, I>(s, xi, rest, theta)));
        }

        /// <summary>Eqs. 6-8: the position in the bin whose value is y.</summary>
        /// <remarks>
        /// The root has two forms, 2c / (-b - r) and (-b + r) / 2a with r^2 = b^2 - 4ac; the one that adds numbers of the same
        /// sign is used. By eqs. 7 and 8 a + b = H s, so a is free of cancellation where b is negative, and the root of y = Y +
        /// H is 1 whatever the rounding of b.
        /// </remarks>
        public V SolveFor<S, I>(V y)
            where S : struct, ISimd<V, I>
            where I : struct
        {
            var s = S.Divide(H, W);
            var dy = S.Min(H, S.Max(S.Broadcast(0), S.Subtract(y, Y)));
            var bend = S.Multiply(dy, S.FmaNegated(S.Broadcast(2), s, S.Add(D0, D1)));
            var b = S.Subtract(S.Multiply(H, D0), bend);
            var a = S.Fma(H, s, S.Negate(b));
            var minusC = S.Multiply(s, dy);
            var discriminant = S.Max(S.Broadcast(0), S.Fma(b, b, S.Multiply(S.Broadcast(4), S.Multiply(a, minusC))));
            var sum = S.Add(S.Abs(b), S.Sqrt(discriminant));
            var falling = S.LessThan(b, S.Broadcast(0));
            var numerator = S.Select(falling, sum, S.Add(minusC, minusC));
            return Clamp<S, V, I>(S.Divide(numerator, S.Select(falling, S.Add(a, a), sum)));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V Denominator<S, I>(V s, V theta)
            where S : struct, ISimd<V, I>
            where I : struct => S.Fma(S.FmaNegated(S.Broadcast(2), s, S.Add(D0, D1)), theta, s);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V Numerator<S, I>(V s, V xi, V rest, V theta)
            where S : struct, ISimd<V, I>
            where I : struct =>
            S.Fma(D1, S.Multiply(xi, xi), S.Fma(S.Multiply(S.Broadcast(2), s), theta, S.Multiply(D0, S.Multiply(rest, rest))));
    }

    /// <summary>Bin sizes: minimum + (1 - K minimum) softmax(logits); the last one fills up to 1 exactly.</summary>
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
            sizes[k] = Exp.Bounded<S, V, I>(S.Max(S.Broadcast(LeastExponent), S.Subtract(S.Load(in logits[(long)k * stride]), greatest)));
            sum = S.Add(sum, sizes[k]);
        }

        var share = S.Divide(S.Broadcast(1 - (Bins * minimum)), sum);
        var edge = S.Broadcast(0);
        for (var k = 0; k < Bins - 1; k++)
        {
            sizes[k] = S.Fma(sizes[k], share, S.Broadcast(minimum));
            edge = S.Add(edge, sizes[k]);
        }

        sizes[Bins - 1] = S.Max(S.Subtract(S.Broadcast(1), edge), S.Broadcast(0.5f * minimum));
    }

    /// <summary>The last bin whose left edge is not above the point: in x, or in y for the inverse.</summary>
    private unsafe Bin<V> Find<S, V, I>(float* derivatives, int stride, V* widths, V* heights, V point, bool inverse)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : struct
    {
        V x = S.Broadcast(0), y = S.Broadcast(0);
        V binX = x, binY = y, w = widths[0], h = heights[0], index = x;
        V logit0 = S.Load(in derivatives[0]), logit1 = S.Load(in derivatives[stride]);
        for (var k = 1; k < Bins; k++)
        {
            x = S.Add(x, widths[k - 1]);
            y = S.Add(y, heights[k - 1]);
            var reached = S.LessOrEqual(inverse ? y : x, point);
            binX = S.Select(reached, x, binX);
            binY = S.Select(reached, y, binY);
            w = S.Select(reached, widths[k], w);
            h = S.Select(reached, heights[k], h);
            index = S.Select(reached, S.Broadcast(k), index);
            logit0 = S.Select(reached, S.Load(in derivatives[(long)k * stride]), logit0);
            var next = Circular && k == Bins - 1 ? 0 : k + 1;
            logit1 = S.Select(reached, S.Load(in derivatives[(long)next * stride]), logit1);
        }

        return new Bin<V>(binX, binY, w, h, Derivative<S, V, I>(logit0), Derivative<S, V, I>(logit1), logit0, logit1, index);
    }

    /// <summary>minimum + softplus(logit + shift), where the shift makes a logit of zero a derivative of one.</summary>
    private V Derivative<S, V, I>(V logit)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : struct => S.Add(S.Broadcast(MinimumDerivative), Softplus.Of<S, V, I>(S.Add(logit, S.Broadcast(Shift))));

    // softplus^-1(1 - minimum) = log(exp(1 - minimum) - 1)
    private float Shift => (float)Log.Of(Exp.Of(1.0 - MinimumDerivative) - 1);

    private unsafe void Backward<S, V, I>(Bin<V> bin, V xi, V* widths, V* heights, V scale, float* gradient, int stride)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : struct
    {
        V zero = S.Broadcast(0), one = S.Broadcast(1), two = S.Broadcast(2);
        var rest = S.Subtract(one, xi);
        var theta = S.Multiply(xi, rest);
        var s = S.Divide(bin.H, bin.W);
        var slant = S.Subtract(rest, xi);   // d theta / d xi = 1 - 2 xi
        var bend = S.FmaNegated(two, s, S.Add(bin.D0, bin.D1));
        var overN = S.Divide(one, bin.Numerator<S, I>(s, xi, rest, theta));
        var overD = S.Divide(one, bin.Denominator<S, I>(s, theta));

        // Derivatives of eq. 5's logarithm with respect to d1, d0, s and xi.
        var twoThetaD = S.Multiply(S.Multiply(two, theta), overD);
        var g1 = S.Subtract(S.Multiply(S.Multiply(xi, xi), overN), twoThetaD);
        var g0 = S.Subtract(S.Multiply(S.Multiply(rest, rest), overN), twoThetaD);
        var gs = S.Add(
            S.Divide(two, s),
            S.Multiply(two, S.Subtract(S.Multiply(theta, overN), S.Multiply(S.FmaNegated(two, theta, one), overD))));
        var slope = S.Fma(bin.D1, xi, S.FmaNegated(bin.D0, rest, S.Multiply(s, slant)));
        var gxi = S.Multiply(two, S.Subtract(S.Multiply(slope, overN), S.Multiply(S.Multiply(bend, slant), overD)));

        // xi = (x - X) / W with X the sum of the widths before; s = H / W.
        var overW = S.Divide(one, bin.W);
        var before = S.Negate(S.Multiply(gxi, overW));
        var own = S.Negate(S.Multiply(S.Fma(xi, gxi, S.Multiply(s, gs)), overW));
        var height = S.Multiply(gs, overW);

        // Through softmax: da_j = (1 - K min) p_j (G_j - sum_i p_i G_i), with (1 - K min) p_j = size_j - min.
        var spanW = S.Broadcast(1 / (1 - (Bins * MinimumWidth)));
        var spanH = S.Broadcast(1 / (1 - (Bins * MinimumHeight)));
        V dotW = zero, dotH = zero;
        for (var j = 0; j < Bins; j++)
        {
            var p = S.Subtract(widths[j], S.Broadcast(MinimumWidth));
            dotW = S.Fma(p, Slope<S, V, I>(j, bin.Index, before, own), dotW);
            var q = S.Subtract(heights[j], S.Broadcast(MinimumHeight));
            dotH = S.Fma(q, S.Select(S.Equal(S.Broadcast(j), bin.Index), height, zero), dotH);
        }

        dotW = S.Multiply(dotW, spanW);
        dotH = S.Multiply(dotH, spanH);
        for (var j = 0; j < Bins; j++)
        {
            var p = S.Multiply(scale, S.Subtract(widths[j], S.Broadcast(MinimumWidth)));
            S.Store(S.Multiply(p, S.Subtract(Slope<S, V, I>(j, bin.Index, before, own), dotW)), ref gradient[(long)j * stride]);
            var q = S.Multiply(scale, S.Subtract(heights[j], S.Broadcast(MinimumHeight)));
            var g = S.Select(S.Equal(S.Broadcast(j), bin.Index), height, zero);
            S.Store(S.Multiply(q, S.Subtract(g, dotH)), ref gradient[(long)(Bins + j) * stride]);
        }

        var shift = S.Broadcast(Shift);
        g0 = S.Multiply(scale, S.Multiply(g0, Sigmoid.Of<S, V, I>(S.Add(bin.Logit0, shift))));
        g1 = S.Multiply(scale, S.Multiply(g1, Sigmoid.Of<S, V, I>(S.Add(bin.Logit1, shift))));
        var knots = Circular ? Bins : Bins + 1;
        var last = S.Equal(bin.Index, S.Broadcast(Bins - 1));
        for (var j = 0; j < knots; j++)
        {
            var left = S.Equal(S.Broadcast(j), bin.Index);
            var right = Circular && j == 0 ? last : S.Equal(S.Broadcast(j - 1), bin.Index);
            S.Store(S.Add(S.Select(left, g0, zero), S.Select(right, g1, zero)), ref gradient[(long)((2 * Bins) + j) * stride]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Slope<S, V, I>(int j, V index, V before, V own)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : struct =>
        S.Select(S.LessThan(S.Broadcast(j), index), before, S.Select(S.Equal(S.Broadcast(j), index), own, S.Broadcast(0)));
}
