using System.Numerics;
using System.Runtime.CompilerServices;

using EventService.Numerics.Functions;

namespace EventService.Engine.Kernels;

/// <summary>
/// <see cref="Gelu"/> and its derivative of many doubles. The definitions are <see cref="Gelu.Of(double)"/> and
/// <see cref="Gelu.Derivative(double)"/>; the vectors perform their operations in the same order, so the bits are the same for every width,
/// except for the sign of a NaN.
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
            var s = DoubleSigmoid.Of(TwiceU(v));
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
    private static Vector<double> TwiceU(Vector<double> x) =>
        new Vector<double>(1.5957691216057308) * (x + (new Vector<double>(0.044715) * x * x * x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<double> Slope(Vector<double> x, Vector<double> s)
    {
        var twiceSlopeOfU = Vector<double>.One + (new Vector<double>(3 * 0.044715) * x * x);
        var inside = s + (x * s * (Vector<double>.One - s) * new Vector<double>(1.5957691216057308) * twiceSlopeOfU);
        var outside = Vector.ConditionalSelect(Vector.GreaterThan(x, Vector<double>.Zero), Vector<double>.One, Vector<double>.Zero);
        return Vector.ConditionalSelect(Vector.GreaterThan(Vector.Abs(x), new Vector<double>(Limit)), outside, inside);
    }
}
