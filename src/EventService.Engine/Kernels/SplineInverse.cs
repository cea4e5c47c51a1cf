using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

using EventService.Numerics.Functions;
using EventService.Numerics.Simd;

namespace EventService.Engine.Kernels;

/// <summary>How logits of sizes and of derivatives are bounded before their exponentials are taken.</summary>
/// <param name="Sizes">a becomes a / (1 + |a| Sizes); 0 leaves it.</param>
/// <param name="Derivatives">A derivative is exp(a / (1 + |a| Derivatives)); 0 for minimum + softplus(a).</param>
public readonly record struct SplineSoftClip(double Sizes, double Derivatives);

/// <summary>
/// The inverse of a monotonic rational-quadratic spline of K bins from [low, high] onto itself: Durkan, Bekasov, Murray, Papamakarios,
/// "Neural spline flows", NeurIPS 2019, arXiv:1906.04032, eqs. 6-8. Every lane is one spline at one value, in float32.
/// </summary>
/// <remarks>
/// Knots are sums of many bins; float32 sums were measured to be up to 2.3 times further from the exact points than PyTorch, which adds in
/// double. The sizes are therefore added as integers in units of 2^-p of the greatest exponential, with the largest p that holds their sum:
/// this is exact, and the position of a value in its bin is a difference of integers. Values are measured from the middle of the interval,
/// or from its lower end if that is not negative: from where float32 is densest. All lanes go through the same operations on every vector
/// path. A NaN value or logit makes the lane NaN, except that values outside the interval pass unchanged if the tails are the identity.
/// </remarks>
public sealed unsafe class SplineInverse
{
    // A bin of e^-40 of the greatest is lost in the sum, and slopes of up to e^40 can still be squared.
    private const float LeastExponent = -40;

    private readonly int _bins;
    private readonly bool _tails;
    private readonly bool _clipped;
    private readonly float _clipSizes, _clipDerivatives, _minimumDerivative;
    private readonly float _origin, _half, _low, _high;
    private readonly bool _fromMiddle;
    private readonly float _unit, _inverseUnit;
    private readonly float _offsetW, _offsetH;

    /// <param name="bins">K.</param>
    /// <param name="low">Lower end of the interval.</param>
    /// <param name="high">Upper end.</param>
    /// <param name="linearTails">
    /// The identity outside and derivatives of one at both ends, whose K - 1 others are parameters; else all K + 1 are, and values
    /// outside count as the nearest end.
    /// </param>
    /// <param name="minimumWidth">Smallest width of a bin as a share of the interval; K times it is below one.</param>
    /// <param name="minimumHeight">Smallest height.</param>
    /// <param name="minimumDerivative">Smallest derivative.</param>
    /// <param name="clip">
    /// Bounds of the logits; null for sizes minimum + (1 - K minimum) softmax and derivatives minimum + softplus, as they are.
    /// </param>
    public SplineInverse(
        int bins, double low, double high, bool linearTails, double minimumWidth, double minimumHeight, double minimumDerivative,
        SplineSoftClip? clip)
    {
        (_bins, _tails, _minimumDerivative) = (bins, linearTails, (float)minimumDerivative);
        (_clipped, _clipSizes, _clipDerivatives) = (clip is not null, (float)(clip?.Sizes ?? 0), (float)(clip?.Derivatives ?? 0));
        _fromMiddle = low < 0;
        (_low, _high, _origin, _half) = ((float)low, (float)high, (float)(_fromMiddle ? (low + high) / 2 : low), (float)((high - low) / 2));

        // Minimum sizes as shares of the sum of the exponentials: (e + offset sum) / ((1 + K offset) sum).
        double offsetW = minimumWidth / (1 - (bins * minimumWidth)), offsetH = minimumHeight / (1 - (bins * minimumHeight));
        (_offsetW, _offsetH) = ((float)offsetW, (float)offsetH);

        // The greatest power of two that keeps sums of K exponentials and their minimum sizes below 2^30.
        var most = bins * (1 + (bins * Math.Max(offsetW, offsetH)));
        var power = 29 - BitOperations.Log2((uint)Math.Ceiling(Math.Min(most, 1 << 29)));
        (_unit, _inverseUnit) = (1 << power, 1f / (1 << power));
    }

    /// <summary>Rows of parameters: K logits of widths, K of heights, then those of the derivatives.</summary>
    public int ParameterCount => (3 * _bins) + (_tails ? -1 : 1);

    /// <summary>y becomes x with spline(x) = y.</summary>
    /// <param name="parameters">Panels of [ParameterCount, 16 lanes].</param>
    /// <param name="stride">Distance of rows in floats.</param>
    /// <param name="panelStride">Distance of panels in floats; 16 for rows of all lanes.</param>
    /// <param name="y">One number a lane, replaced.</param>
    /// <exception cref="ArgumentException">The parameters do not hold as many lanes.</exception>
    public void Run(ReadOnlySpan<float> parameters, int stride, int panelStride, Span<float> y)
    {
        LanePanels.Require(parameters.Length, ParameterCount, stride, panelStride, y.Length);
        fixed (float* p = parameters, v = y)
        {
            var done = KernelSet.Path switch
            {
                VectorPath.V512 => Run<Simd512, Vector512<float>, Vector512<int>>(p, stride, panelStride, v, 0, y.Length),
                VectorPath.V256 => Run<Simd256, Vector256<float>, Vector256<int>>(p, stride, panelStride, v, 0, y.Length),
                VectorPath.V128 => Run<Simd128, Vector128<float>, Vector128<int>>(p, stride, panelStride, v, 0, y.Length),
                _ => 0,
            };
            Run<Simd1, float, int>(p, stride, panelStride, v, done, y.Length);
        }
    }

    [SkipLocalsInit]
    private int Run<S, V, I>(float* parameters, nint stride, nint panelStride, float* y, int start, int lanes)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : unmanaged
    {
        var room = Slots.Count + (4 * _bins);
        var first = stackalloc V[2 * room];
        var second = first + room;
        var lane = start;

        // Two vectors in turn through each phase: every phase is a long chain of operations, and the processor works at both.
        for (; lane + (2 * S.Width) <= lanes; lane += 2 * S.Width)
        {
            float* p = parameters + LanePanels.Offset(lane, panelStride), v = y + lane;
            float* next = parameters + LanePanels.Offset(lane + S.Width, panelStride), w = v + S.Width;
            Sizes<S, V, I>(p, stride, first);
            Sizes<S, V, I>(next, stride, second);
            Find<S, V, I>(p + (2 * _bins * stride), stride, v, first);
            Find<S, V, I>(next + (2 * _bins * stride), stride, w, second);
            Solve<S, V, I>(v, first);
            Solve<S, V, I>(w, second);
        }

        for (; lane + S.Width <= lanes; lane += S.Width)
        {
            var p = parameters + LanePanels.Offset(lane, panelStride);
            Sizes<S, V, I>(p, stride, first);
            Find<S, V, I>(p + (2 * _bins * stride), stride, y + lane, first);
            Solve<S, V, I>(y + lane, first);
        }

        return lane;
    }

    /// <summary>
    /// Intermediate results that the phases hand on for a vector of lanes, integers stored by their bits; then the exponentials of widths
    /// and heights, then both in units.
    /// </summary>
    private static class Slots
    {
        // Along each axis, heights after widths: the sum with all minimum sizes in units, the minimum size in units and as an
        // exponential, the sum of the exponentials.
        public const int Total = 0, Least = 2, LeastSize = 4, Check = 6;

        // The bin: lower left corner in units, size before the division by the totals, derivatives at both ends.
        public const int X = 8, Y = 9, W = 10, H = 11, D0 = 12, D1 = 13;

        public const int Count = 14;
    }

    private float Least => _fromMiddle ? -1 : 0;

    private float Greatest => _fromMiddle ? 1 : 2;

    /// <summary>Position of a value in half intervals from the origin.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private V Position<S, V, I>(float* y)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : unmanaged => S.Divide(S.Subtract(S.Load(in y[0]), S.Broadcast(_origin)), S.Broadcast(_half));

    /// <summary>Replaces values, which lie in the bins, by their points.</summary>
    private void Solve<S, V, I>(float* y, V* slots)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : unmanaged
    {
        var position = Position<S, V, I>(y);
        V one = S.Broadcast(1), zero = S.Broadcast(0), lower = S.Broadcast(Least), upper = S.Broadcast(Greatest);
        I totalW = S.AsInt(slots[Slots.Total]), totalH = S.AsInt(slots[Slots.Total + 1]), none = S.BroadcastInt(0);
        V w = slots[Slots.W], h = slots[Slots.H];
        var at = S.Min(upper, S.Max(lower, position));

        // Share of the way up the bin: twice the distance to its lower edge, v total - 2 edge (+ total from the middle), whose
        // leading terms cancel in integers.
        var gap = S.SubtractInt(_fromMiddle ? totalH : none, S.ShiftLeft(S.AsInt(slots[Slots.Y]), 1));
        I lowGap = S.AndInt(gap, S.BroadcastInt(127)), lowTotal = S.AndInt(totalH, S.BroadcastInt(127));
        V high = S.ToFloat(S.SubtractInt(gap, lowGap)), highTotal = S.ToFloat(S.SubtractInt(totalH, lowTotal));
        var distance = S.Add(S.Fma(at, highTotal, high), S.Fma(at, S.ToFloat(lowTotal), S.ToFloat(lowGap)));
        var phi = S.Divide(S.Multiply(distance, S.Broadcast(0.5f * _inverseUnit)), h);
        phi = S.Min(one, S.Max(zero, phi));

        // (2 edge + 2 w xi) / total, less one from the middle.
        var total = S.ToFloat(totalW);
        var s = S.Divide(S.Multiply(h, total), S.Multiply(w, S.ToFloat(totalH)));
        var xi = Root<S, V, I>(phi, s, slots[Slots.D0], slots[Slots.D1]);
        var edge = S.ToFloat(S.SubtractInt(S.ShiftLeft(S.AsInt(slots[Slots.X]), 1), _fromMiddle ? totalW : none));
        var x = S.Divide(S.Fma(S.Multiply(w, S.Broadcast(2 * _unit)), xi, edge), total);
        x = S.Min(S.Broadcast(_high), S.Max(S.Broadcast(_low), S.Fma(x, S.Broadcast(_half), S.Broadcast(_origin))));

        // NaN where an exponential was.
        x = S.Add(x, S.Multiply(zero, S.Add(slots[Slots.Check], slots[Slots.Check + 1])));
        x = _tails
            ? S.Select(S.And(S.LessOrEqual(lower, position), S.LessOrEqual(position, upper)), x, S.Load(in y[0]))
            : S.Select(S.LessOrEqual(position, lower), S.Broadcast(_low), S.Select(S.LessOrEqual(upper, position), S.Broadcast(_high), x));
        S.Store(x, ref y[0]);
    }

    /// <summary>Widths and heights of the bins.</summary>
    private void Sizes<S, V, I>(float* logits, nint stride, V* slots)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : unmanaged
    {
        Axis<S, V, I>(logits, stride, _offsetW, slots, slots + Slots.Count);
        Axis<S, V, I>(logits + (_bins * stride), stride, _offsetH, slots + 1, slots + Slots.Count + _bins);
    }

    private void Axis<S, V, I>(float* logits, nint stride, float offset, V* slots, V* exponentials)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : unmanaged
    {
        var bins = _bins;
        if (_clipped)
        {
            for (var k = 0; k < bins; k++)
            {
                exponentials[k] = Clip<S, V, I>(S.Load(in logits[k * stride]), S.Broadcast(_clipSizes));
            }

            logits = (float*)exponentials;
            stride = S.Width;
        }

        var greatest = S.Load(in logits[0]);
        for (var k = 1; k < bins; k++)
        {
            greatest = S.Max(S.Load(in logits[k * stride]), greatest);
        }

        V check = S.Broadcast(0), unit = S.Broadcast(_unit);
        var total = S.BroadcastInt(0);
        var lowest = S.Broadcast(LeastExponent);
        var done = 0;
        for (; done + 4 <= bins; done += 4)
        {
            var at = logits + (done * stride);
            V a0 = S.Subtract(S.Load(in at[0]), greatest), a1 = S.Subtract(S.Load(in at[stride]), greatest);
            V a2 = S.Subtract(S.Load(in at[2 * stride]), greatest), a3 = S.Subtract(S.Load(in at[3 * stride]), greatest);
            var (e0, e1, e2, e3) = Exp.Bounded<S, V, I>(S.Max(lowest, a0), S.Max(lowest, a1), S.Max(lowest, a2), S.Max(lowest, a3));
            I u0 = S.ToInt(S.Multiply(e0, unit)), u1 = S.ToInt(S.Multiply(e1, unit)), u2 = S.ToInt(S.Multiply(e2, unit)),
                u3 = S.ToInt(S.Multiply(e3, unit));
            V* e = exponentials + done, u = e + (2 * bins);
            (e[0], e[1], e[2], e[3]) = (e0, e1, e2, e3);
            (u[0], u[1], u[2], u[3]) = (S.AsFloat(u0), S.AsFloat(u1), S.AsFloat(u2), S.AsFloat(u3));
            check = S.Add(check, S.Add(S.Add(e0, e1), S.Add(e2, e3)));
            total = S.AddInt(total, S.AddInt(S.AddInt(u0, u1), S.AddInt(u2, u3)));
        }

        for (; done < bins; done++)
        {
            var e = Exp.Bounded<S, V, I>(S.Max(lowest, S.Subtract(S.Load(in logits[done * stride]), greatest)));
            var size = S.ToInt(S.Multiply(e, unit));
            exponentials[done] = e;
            exponentials[(2 * bins) + done] = S.AsFloat(size);
            check = S.Add(check, e);
            total = S.AddInt(total, size);
        }

        var sum = S.ToFloat(total);
        var least = S.ToInt(S.Multiply(sum, S.Broadcast(offset)));
        for (int rest = bins, bit = 0; rest != 0; rest >>= 1, bit++)
        {
            total = (rest & 1) == 0 ? total : S.AddInt(total, S.ShiftLeft(least, bit));
        }

        slots[Slots.Total] = S.AsFloat(total);
        slots[Slots.Least] = S.AsFloat(least);
        slots[Slots.LeastSize] = S.Multiply(S.Multiply(sum, S.Broadcast(_inverseUnit)), S.Broadcast(offset));
        slots[Slots.Check] = check;
    }

    /// <summary>The last bin whose lower edge is not above the value.</summary>
    private void Find<S, V, I>(float* derivatives, nint stride, float* values, V* slots)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : unmanaged
    {
        var bins = _bins;
        V* exponentials = slots + Slots.Count, units = exponentials + (2 * bins);
        var at = S.Min(S.Broadcast(Greatest), S.Max(S.Broadcast(Least), Position<S, V, I>(values)));
        var target = S.ToInt(
            S.Multiply(S.ToFloat(S.AsInt(slots[Slots.Total + 1])), S.Fma(at, S.Broadcast(0.5f), S.Broadcast(_fromMiddle ? 0.5f : 0))));
        I x = S.BroadcastInt(0), y = x, leastW = S.AsInt(slots[Slots.Least]), leastH = S.AsInt(slots[Slots.Least + 1]);
        V binX = S.AsFloat(x), binY = binX, binW = exponentials[0], binH = exponentials[bins];
        var first = _tails ? derivatives - stride : derivatives;   // the row of knot 0
        var last = _tails ? bins - 1 : bins;                       // the last knot that has a row
        V one = S.Broadcast(1), logit0 = _tails ? one : S.Load(in first[0]), logit1 = last == 0 ? one : S.Load(in first[stride]);
        I belowFirst = S.BroadcastInt(-1), below = belowFirst;
        for (var k = 1; k < bins; k++)
        {
            x = S.AddInt(S.AddInt(x, S.AsInt(units[k - 1])), leastW);
            y = S.AddInt(S.AddInt(y, S.AsInt(units[bins + k - 1])), leastH);
            below = S.SubtractInt(target, y);
            belowFirst = k == 1 ? below : belowFirst;
            binX = S.SelectNegative(below, binX, S.AsFloat(x));
            binY = S.SelectNegative(below, binY, S.AsFloat(y));
            binW = S.SelectNegative(below, binW, exponentials[k]);
            binH = S.SelectNegative(below, binH, exponentials[bins + k]);
            logit0 = S.SelectNegative(below, logit0, S.Load(in first[k * stride]));
            logit1 = S.SelectNegative(below, logit1, S.Load(in first[Math.Min(k + 1, last) * stride]));
        }

        V d0 = Derivative<S, V, I>(logit0), d1 = Derivative<S, V, I>(logit1);
        if (_tails)
        {
            // One at both ends: in the first bin, and in the last.
            d0 = S.SelectNegative(belowFirst, one, d0);
            d1 = bins == 1 ? one : S.SelectNegative(below, d1, one);
        }

        slots[Slots.X] = binX;
        slots[Slots.Y] = binY;
        slots[Slots.W] = S.Add(binW, slots[Slots.LeastSize]);
        slots[Slots.H] = S.Add(binH, slots[Slots.LeastSize + 1]);
        slots[Slots.D0] = d0;
        slots[Slots.D1] = d1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private V Derivative<S, V, I>(V logit)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : unmanaged =>
        _clipped
            ? Exp.Of<S, V, I>(Clip<S, V, I>(logit, S.Broadcast(_clipDerivatives)))
            : S.Add(S.Broadcast(_minimumDerivative), Softplus.Of<S, V, I>(logit));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Clip<S, V, I>(V a, V over)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : unmanaged => S.Divide(a, S.Fma(S.Abs(a), over, S.Broadcast(1)));

    /// <summary>
    /// Eqs. 6-8 over the height of the bin: the position xi whose share of the height is phi, with s the slope of the bin's diagonal. The
    /// form of the root that adds numbers of the same sign is used; a + b = s exactly.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Root<S, V, I>(V phi, V s, V d0, V d1)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : unmanaged
    {
        var bend = S.FmaNegated(S.Broadcast(2), s, S.Add(d0, d1));
        var b = S.FmaNegated(phi, bend, d0);
        var a = S.Subtract(s, b);
        var minusC = S.Multiply(s, phi);
        var discriminant = S.Max(S.Broadcast(0), S.Fma(b, b, S.Multiply(S.Broadcast(4), S.Multiply(a, minusC))));
        var sum = S.Add(S.Abs(b), S.Sqrt(discriminant));
        var sign = S.AsInt(b);
        var numerator = S.SelectNegative(sign, sum, S.Add(minusC, minusC));
        var xi = S.Divide(numerator, S.SelectNegative(sign, S.Add(a, a), sum));
        return S.Min(S.Broadcast(1), S.Max(S.Broadcast(0), xi));
    }
}
