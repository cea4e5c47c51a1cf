using System.Numerics;
using System.Runtime.CompilerServices;

using EventService.Numerics.Functions;

namespace EventService.Engine.Kernels;

/// <summary>
/// The logistic function 1 / (1 + e^-x) of many doubles. The definition is <see cref="Sigmoid.Of(double)"/>; the vectors perform its
/// operations in the same order, so the bits are the same for every width, except for the sign of a NaN.
/// </summary>
public static class DoubleSigmoid
{
    /// <summary>
    /// y = 1 / (1 + e^-(bias + sum over c of weights[c] x[c])), one fused multiply-add per term in the order of c:
    /// the gate of a unit in each lane.
    /// </summary>
    /// <param name="weights">One number a row of <paramref name="x"/>.</param>
    /// <param name="bias">Start of the sum.</param>
    /// <param name="x">[weights, lanes], rows <paramref name="stride"/> apart.</param>
    /// <param name="stride">Distance of rows.</param>
    /// <param name="y">Receives one number a lane.</param>
    /// <exception cref="ArgumentException"><paramref name="x"/> has fewer rows than there are weights.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // vectors are slow in code that is compiled in haste
    public static void ApplyAffine(ReadOnlySpan<double> weights, double bias, ReadOnlySpan<double> x, int stride, Span<double> y)
    {
        if (!weights.IsEmpty && x.Length < ((weights.Length - 1) * stride) + y.Length)
        {
            throw new ArgumentException($"x has {x.Length} numbers, expected {weights.Length} rows of {y.Length} that are {stride} apart.");
        }

        var w = Vector<double>.Count;
        var k = 0;
        for (; k + w <= y.Length; k += w)
        {
            var sum = new Vector<double>(bias);
            for (var c = 0; c < weights.Length; c++)
            {
                sum = Vector.FusedMultiplyAdd(new Vector<double>(weights[c]), new Vector<double>(x[((c * stride) + k)..]), sum);
            }

            Of(sum).CopyTo(y[k..]);
        }

        for (; k < y.Length; k++)
        {
            var sum = bias;
            for (var c = 0; c < weights.Length; c++)
            {
                sum = Math.FusedMultiplyAdd(weights[c], x[(c * stride) + k], sum);
            }

            y[k] = Sigmoid.Of(sum);
        }
    }

    /// <summary>1 / (1 + e^-u) for u >= 0 and e^u / (1 + e^u) below, as <see cref="Sigmoid.Of(double)"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector<double> Of(Vector<double> u)
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
