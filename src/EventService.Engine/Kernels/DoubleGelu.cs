using System.Numerics;
using System.Runtime.CompilerServices;

using EventService.Numerics.Functions;

namespace EventService.Engine.Kernels;

/// <summary>
/// <see cref="Gelu"/> and its derivative of many doubles. The definition are <see cref="Gelu.Of(double)"/> and <see cref="Gelu.Derivative(double)"/>, whose operations the vectors do in the same order: the bits
/// are the same for every width, but for the sign of a NaN.
/// </summary>
public static class DoubleGelu
{
    private const double Limit = 30;

    /// <summary>y = gelu(x), and its derivative where <paramref name="slope"/> is not empty. y may be x.</summary>
    /// <exception cref="ArgumentException">A span is shorter than <paramref name="x"/>.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // vectors are slow in code that is compiled in haste
    public static void Apply(ReadOnlySpan<double> x, Span<double> y, Span<double> slope)
    {
        if (y.Length < x.Length || (!slope.IsEmpty && slope.Length < x.Length))
        {
            throw new ArgumentException($"x has {x.Length} numbers, y {y.Length} and the slope {slope.Length}, expected at least as many.");
        }

        var w = Vector<double>.Count;
        var k = 0;
        for (; k + w <= x.Length; k += w)
        {
            var v = new Vector<double>(x[k..]);
            var s = Sigmoid(TwiceU(v));
            if (!slope.IsEmpty)
            {
                Slope(v, s).CopyTo(slope[k..]);
            }

            var inside = v * s;
            var value = Vector.ConditionalSelect(Vector.GreaterThan(v, new Vector<double>(Limit)), v, inside);
            Vector.ConditionalSelect(Vector.LessThan(v, new Vector<double>(-Limit)), new Vector<double>(-0.0), value).CopyTo(y[k..]);
        }

        for (; k < x.Length; k++)
        {
            var v = x[k];
            if (!slope.IsEmpty)
            {
                slope[k] = Gelu.Derivative(v);
            }

            y[k] = Gelu.Of(v);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<double> TwiceU(Vector<double> x) => new Vector<double>(1.5957691216057308) * (x + (new Vector<double>(0.044715) * x * x * x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<double> Slope(Vector<double> x, Vector<double> s)
    {
        var inside = s + (x * s * (Vector<double>.One - s) * new Vector<double>(1.5957691216057308) * (Vector<double>.One + (new Vector<double>(3 * 0.044715) * x * x)));
        var outside = Vector.ConditionalSelect(Vector.GreaterThan(x, Vector<double>.Zero), Vector<double>.One, Vector<double>.Zero);
        return Vector.ConditionalSelect(Vector.GreaterThan(Vector.Abs(x), new Vector<double>(Limit)), outside, inside);
    }

    /// <summary>1 / (1 + e^-u) for u >= 0 and e^u / (1 + e^u) below, as <see cref="Numerics.Functions.Sigmoid.Of(double)"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<double> Sigmoid(Vector<double> u)
    {
        var isUpper = Vector.GreaterThanOrEqual(u, Vector<double>.Zero);
        var e = Exp(Vector.ConditionalSelect(isUpper, -u, u));
        return Vector.ConditionalSelect(isUpper, Vector<double>.One, e) / (Vector<double>.One + e);
    }

    /// <summary>e^x for x not above 0, as <see cref="Numerics.Functions.Exp.Of(double)"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<double> Exp(Vector<double> x)
    {
        const double magic = 6755399441055744.0; // 1.5 * 2^52: adding it rounds to an integer
        var t = Vector.FusedMultiplyAdd(x, new Vector<double>(1.4426950408889634), new Vector<double>(magic));
        var n = t - new Vector<double>(magic);
        var a = Vector.FusedMultiplyAdd(-n, new Vector<double>(0.6931471805599453), x);
        var low = new Vector<double>(2.3190468138462996e-17);
        var r = Vector.FusedMultiplyAdd(-n, low, a);
        var rest = Vector.FusedMultiplyAdd(-n, low, a - r);
        var q = new Vector<double>(2.0921627107528686e-09);
        q = Vector.FusedMultiplyAdd(q, r, new Vector<double>(2.5105260229478966e-08));
        q = Vector.FusedMultiplyAdd(q, r, new Vector<double>(2.7557252801307097e-07));
        q = Vector.FusedMultiplyAdd(q, r, new Vector<double>(2.7557255296107255e-06));
        q = Vector.FusedMultiplyAdd(q, r, new Vector<double>(2.480158734745375e-05));
        q = Vector.FusedMultiplyAdd(q, r, new Vector<double>(0.00019841269874902926));
        q = Vector.FusedMultiplyAdd(q, r, new Vector<double>(0.001388888888887435));
        q = Vector.FusedMultiplyAdd(q, r, new Vector<double>(0.008333333333326112));
        q = Vector.FusedMultiplyAdd(q, r, new Vector<double>(0.041666666666666685));
        q = Vector.FusedMultiplyAdd(q, r, new Vector<double>(0.1666666666666667));
        q = Vector.FusedMultiplyAdd(q, r, new Vector<double>(0.5));
        var p = Vector<double>.One + (r + Vector.FusedMultiplyAdd(r * r, q, rest));

        // Two factors 2^n, each of which a double holds.
        var whole = Vector.AsVectorInt64(t) - new Vector<long>(BitConverter.DoubleToInt64Bits(magic));
        var half = Vector.ShiftRightArithmetic(whole, 1);
        var result = p * PowerOfTwo(half) * PowerOfTwo(whole - half);
        return Vector.ConditionalSelect(Vector.LessThan(x, new Vector<double>(-800)), Vector<double>.Zero, result);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<double> PowerOfTwo(Vector<long> n) => Vector.AsVectorDouble(Vector.ShiftLeft(n + new Vector<long>(1023), 52));
}
