using System.Runtime.Intrinsics;

using EventService.Numerics.Functions;

namespace EventService.Engine.Tests.Functions;

/// <summary>
/// Errors of the float functions, in ulp of the exact value, over floats of all magnitudes. The reference is the double-precision
/// function of the runtime where it has one, whose own error is 2^-29 of a float's ulp; else ours, itself tested against mpmath.
/// </summary>
public sealed class FloatAccuracyTests
{
    private const double SmallestNormal = 1.1754943508222875e-38;

    [Fact]
    public void Exp_AgainstDoublePrecision() => Within(1, Exp.Of, Math.Exp);

    [Fact]
    public void Log_AgainstDoublePrecision() => Within(1, Log.Of, Math.Log);

    [Fact]
    public void Log1p_AgainstDoublePrecision() => Within(1.7, Log1p.Of, Log1p.Of);

    [Fact]
    public void Expm1_AgainstDoublePrecision() => Within(1.7, Expm1.Of, Expm1.Of);

    [Fact]
    public void Tanh_AgainstDoublePrecision() => Within(2.5, Tanh.Of, Math.Tanh);

    [Fact]
    public void Sigmoid_AgainstDoublePrecision() => Within(2.3, Sigmoid.Of, x => 1 / (1 + Math.Exp(-x)), flushed: SmallestNormal);

    [Fact]
    public void Softplus_AgainstDoublePrecision() => Within(2.1, Softplus.Of, Softplus.Of, flushed: SmallestNormal);

    [Fact]
    public void Sinh_AgainstDoublePrecision() => Within(2.2, Sinh.Of, Math.Sinh);

    [Fact]
    public void Cosh_AgainstDoublePrecision() => Within(1.4, Cosh.Of, Math.Cosh);

    [Fact]
    public void SinCos_AgainstDoublePrecision()
    {
        Within(1.6, x => SinCos.Of(x).Sin, Math.Sin, -1e5, 1e5);
        Within(1.6, x => SinCos.Of(x).Cos, Math.Cos, -1e5, 1e5);
    }

    [Fact]
    public void NormalQuantile_AgainstDoublePrecision() => Within(3.5, NormalQuantile.Of, NormalQuantile.Of);

    [Theory]
    [InlineData(1f)]
    [InlineData(-1f)]
    [InlineData(3.3e-5f)]
    [InlineData(-0f)]
    [InlineData(-1e30f)]
    [InlineData(float.NegativeInfinity)]
    public void Atan2_AgainstDoublePrecision(float other)
    {
        Within(1.6, y => Atan2.Of(y, other), y => Math.Atan2(y, other));
        Within(1.6, x => Atan2.Of(other, x), x => Math.Atan2(other, x));
    }

    [Fact]
    public void Gelu_AgainstDoublePrecision()
    {
        Within(2.1, Gelu.Of, Gelu.Of, -0.5);
        WithinAbsolute(5e-8, Gelu.Of, Gelu.Of, double.NegativeInfinity, -0.5);
    }

    [Fact]
    public void GeluDerivative_AgainstDoublePrecision() => WithinAbsolute(2.5e-7, Gelu.Derivative, Gelu.Derivative);

    [Fact]
    public void Elu_AgainstDoublePrecision()
    {
        Within(2.3, x => Elu.Of(x, 0.75f), x => Elu.Of(x, 0.75));
        Within(1.8, x => Elu.Derivative(x, 0.75f), x => Elu.Derivative(x, 0.75));
    }

    private static void Within(
        double largest, Func<float, float> f, Func<double, double> exact, double low = double.NegativeInfinity,
        double high = double.PositiveInfinity, double flushed = 0)
    {
        foreach (var x in Points(low, high))
        {
            var e = exact(x);
            var y = f(x);
            if (Math.Abs(e) < flushed)
            {
                if (y != 0 && Ulp.Error(y, e) > largest)
                {
                    Assert.Fail($"f({x:G9}) = {y:G9}, exact {e:G17}, expected it or zero");
                }
            }
            else if (Ulp.Error(y, e) > largest)
            {
                Assert.Fail($"f({x:G9}) = {y:G9}, exact {e:G17}: {Ulp.Error(y, e):F2} ulp, stated {largest}");
            }
        }
    }

    private static void WithinAbsolute(
        double largest, Func<float, float> f, Func<double, double> exact, double low = double.NegativeInfinity,
        double high = double.PositiveInfinity)
    {
        foreach (var x in Points(low, high))
        {
            double y = f(x), e = exact(x);
            var same = y == e || Math.Abs(y - e) <= largest || (double.IsNaN(e) && double.IsNaN(y));
            if (!same)
            {
                Assert.Fail($"f({x:G9}) = {y:G9}, exact {e:G17}, stated {largest}");
            }
        }
    }

    /// <summary>Every n-th of all floats, of either sign, including subnormal ones, infinities and NaN.</summary>
    private static IEnumerable<float> Points(double low, double high)
    {
        var step = Vector128.IsHardwareAccelerated ? 6007L : 100003L;
        for (long bits = 0; bits < 1L << 32; bits += step)
        {
            var x = BitConverter.UInt32BitsToSingle((uint)bits);
            if ((x >= low && x <= high) || (float.IsNaN(x) && double.IsInfinity(low) && double.IsInfinity(high)))
            {
                yield return x;
            }
        }
    }
}
