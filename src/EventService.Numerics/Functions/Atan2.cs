using System.Runtime.CompilerServices;

using EventService.Numerics.Simd;

namespace EventService.Numerics.Functions;

/// <summary>The angle of the point (x, y) in [-pi, pi], from the arctangent of the smaller coordinate over the larger one.</summary>
public static class Atan2
{
    /// <summary>
    /// atan2(y, x) for all floats, with the special values of IEEE 754-2019, sec. 9.2 (signed zeros and infinities).
    /// Largest error 1.6 ulp, measured by <c>Atan2_AgainstDoublePrecision</c>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Of<S, V, I>(V y, V x)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        var ax = S.Abs(x);
        var ay = S.Abs(y);
        var larger = S.Max(ax, ay);
        var smaller = S.Min(ax, ay);
        var zero = S.Broadcast(0f);
        var one = S.Broadcast(1f);
        var a = S.Divide(smaller, larger);
        a = S.Select(S.Equal(larger, zero), zero, a);
        a = S.Select(S.Equal(smaller, S.Broadcast(float.PositiveInfinity)), one, a);

        // atan(a) = a + a^3 p(a^2) on [0, 1], minimax, relative error 2^-28.7 before rounding
        var z = S.Multiply(a, a);
        var p = S.Broadcast(-0.00182721252f);
        p = S.Fma(p, z, S.Broadcast(0.0110644381f));
        p = S.Fma(p, z, S.Broadcast(-0.0314556956f));
        p = S.Fma(p, z, S.Broadcast(0.0582345463f));
        p = S.Fma(p, z, S.Broadcast(-0.0841945857f));
        p = S.Fma(p, z, S.Broadcast(0.109575763f));
        p = S.Fma(p, z, S.Broadcast(-0.142652452f));
        p = S.Fma(p, z, S.Broadcast(0.199986383f));
        p = S.Fma(p, z, S.Broadcast(-0.333333015f));
        var angle = S.Fma(S.Multiply(z, a), p, a);

        // 0 + a, pi/2 - a, pi/2 + a or pi - a; the constants with their low parts, so that their rounding does not add to the error.
        var steep = S.LessThan(ax, ay);
        var left = S.AsFloat(S.ShiftRight(S.AsInt(x), 31));
        var high = S.Select(steep, S.Broadcast(1.57079637f), S.And(left, S.Broadcast(3.14159274f)));
        var low = S.Select(steep, S.Broadcast(-4.37113883e-08f), S.And(left, S.Broadcast(-8.74227766e-08f)));
        angle = S.Xor(angle, S.And(S.Xor(steep, left), S.Broadcast(-0f)));
        angle = S.Add(high, S.Add(angle, low));
        angle = S.Or(angle, S.And(y, S.Broadcast(-0f)));
        return S.Select(S.And(S.Equal(x, x), S.Equal(y, y)), angle, S.Broadcast(float.NaN));
    }

    /// <summary>One lane of <see cref="Of{S, V, I}(V, V)"/>.</summary>
    public static float Of(float y, float x) => Of<Simd1, float, int>(y, x);

    /// <summary>
    /// atan2(y, x) for all doubles, with the same special values. Largest error 1 ulp, measured by
    /// <c>Atan2_Double_AgainstReferenceTable</c>.
    /// </summary>
    public static double Of(double y, double x)
    {
        if (double.IsNaN(x) || double.IsNaN(y))
        {
            return double.NaN;
        }

        var ax = Math.Abs(x);
        var ay = Math.Abs(y);
        var larger = ax > ay ? ax : ay;
        var smaller = ax > ay ? ay : ax;
        double angle;
        if (larger == 0)
        {
            angle = 0;
        }
        else if (smaller > double.MaxValue)
        {
            angle = 0.7853981633974483;
        }
        else
        {
            if (larger > 1e300)
            {
                larger *= 0.0009765625; // 2^-10: the sums below stay finite
                smaller *= 0.0009765625;
            }
            else if (larger < 1e-290)
            {
                larger *= 1.2676506002282294e30; // 2^100: the ratio is not taken of subnormals
                smaller *= 1.2676506002282294e30;
            }

            angle = OfRatio(smaller, larger);
        }

        var left = BitConverter.DoubleToInt64Bits(x) < 0;
        if (ay > ax)
        {
            angle = 1.5707963267948966 + ((left ? angle : -angle) + 6.123233995736766e-17);
        }
        else if (left)
        {
            angle = 3.141592653589793 + (1.2246467991473532e-16 - angle);
        }

        return BitConverter.DoubleToInt64Bits(y) < 0 ? -angle : angle;
    }

    /// <summary>atan(s / l) for 0 &lt;= s &lt;= l, through the nearest of 0, 1/2 and 1: the argument left is below 7/16.</summary>
    private static double OfRatio(double s, double l)
    {
        if (s < 0.4375 * l)
        {
            var a = s / l;
            return Math.FusedMultiplyAdd(a * a * a, Tail(a * a), a);
        }

        if (s < 0.6875 * l)
        {
            var a = ((2 * s) - l) / Math.FusedMultiplyAdd(2, l, s); // tan(atan(s/l) - atan(1/2))
            return 0.4636476090008061 + (Math.FusedMultiplyAdd(a * a * a, Tail(a * a), 2.2698777452961687e-17) + a);
        }

        var b = (s - l) / (s + l); // tan(atan(s/l) - pi/4)
        return 0.7853981633974483 + (Math.FusedMultiplyAdd(b * b * b, Tail(b * b), 3.061616997868383e-17) + b);
    }

    /// <summary>(atan(a)/a - 1) / a^2 in z = a^2 on |a| &lt;= 7/16; relative error of the arctangent 2^-57.7.</summary>
    private static double Tail(double z)
    {
        var p = -0.016269801611668747;
        p = Math.FusedMultiplyAdd(p, z, 0.03651548334865217);
        p = Math.FusedMultiplyAdd(p, z, -0.04976181800748556);
        p = Math.FusedMultiplyAdd(p, z, 0.05833400349467551);
        p = Math.FusedMultiplyAdd(p, z, -0.06661047504269921);
        p = Math.FusedMultiplyAdd(p, z, 0.0769187372774785);
        p = Math.FusedMultiplyAdd(p, z, -0.09090886980332684);
        p = Math.FusedMultiplyAdd(p, z, 0.11111110399596485);
        p = Math.FusedMultiplyAdd(p, z, -0.14285714272373523);
        p = Math.FusedMultiplyAdd(p, z, 0.19999999999875037);
        return Math.FusedMultiplyAdd(p, z, -0.33333333333332926);
    }
}
