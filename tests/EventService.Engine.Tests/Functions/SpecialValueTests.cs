using EventService.Numerics.Functions;

namespace EventService.Engine.Tests.Functions;

/// <summary>Signed zeros, infinities, NaN and the edges of the domains: IEEE 754-2019, sec. 9.2, or the limits of the formula.</summary>
public sealed class SpecialValueTests
{
    private const float Inf = float.PositiveInfinity;
    private const float NaN = float.NaN;

    // Tables and not inline data: xunit takes 0 and -0 for duplicates.
    [Fact]
    public void Function_AtSpecialValue_GivesItsLimit()
    {
        (string Name, float X, float Expected)[] cases =
        [
            ("exp", 0f, 1f),
            ("exp", -0f, 1f),
            ("exp", Inf, Inf),
            ("exp", -Inf, 0f),
            ("exp", NaN, NaN),
            ("exp", 88.72284f, Inf),
            ("exp", -103.97209f, 0f),
            ("exp", -103.27893f, 1.4e-45f),
            ("log", 1f, 0f),
            ("log", 0f, -Inf),
            ("log", -0f, -Inf),
            ("log", Inf, Inf),
            ("log", -1f, NaN),
            ("log", -float.Epsilon, NaN),
            ("log", -Inf, NaN),
            ("log", NaN, NaN),
            ("log", float.Epsilon, -103.27893f),
            ("log1p", 0f, 0f),
            ("log1p", -0f, -0f),
            ("log1p", float.Epsilon, float.Epsilon),
            ("log1p", -1f, -Inf),
            ("log1p", -1.0000001f, NaN),
            ("log1p", Inf, Inf),
            ("log1p", -Inf, NaN),
            ("log1p", NaN, NaN),
            ("log1p", float.MaxValue, 88.72284f),
            ("expm1", 0f, 0f),
            ("expm1", -0f, -0f),
            ("expm1", -float.Epsilon, -float.Epsilon),
            ("expm1", Inf, Inf),
            ("expm1", -Inf, -1f),
            ("expm1", 88.73f, Inf),
            ("expm1", NaN, NaN),
            ("tanh", 0f, 0f),
            ("tanh", -0f, -0f),
            ("tanh", float.Epsilon, float.Epsilon),
            ("tanh", Inf, 1f),
            ("tanh", -Inf, -1f),
            ("tanh", NaN, NaN),
            ("sigmoid", 0f, 0.5f),
            ("sigmoid", Inf, 1f),
            ("sigmoid", -Inf, 0f),
            ("sigmoid", NaN, NaN),
            ("softplus", 0f, 0.6931472f),
            ("softplus", Inf, Inf),
            ("softplus", -Inf, 0f),
            ("softplus", float.MaxValue, float.MaxValue),
            ("softplus", NaN, NaN),
            ("sin", 0f, 0f),
            ("sin", -0f, -0f),
            ("sin", -float.Epsilon, -float.Epsilon),
            ("sin", Inf, NaN),
            ("sin", 200000f, NaN),
            ("sin", NaN, NaN),
            ("cos", 0f, 1f),
            ("cos", -0f, 1f),
            ("cos", -Inf, NaN),
            ("cos", NaN, NaN),
            ("sinh", -0f, -0f),
            ("sinh", float.Epsilon, float.Epsilon),
            ("sinh", Inf, Inf),
            ("sinh", -Inf, -Inf),
            ("sinh", 89.42f, Inf),
            ("sinh", NaN, NaN),
            ("cosh", -0f, 1f),
            ("cosh", -Inf, Inf),
            ("cosh", 89.42f, Inf),
            ("cosh", NaN, NaN),
            ("normal quantile", 0f, -Inf),
            ("normal quantile", 1f, Inf),
            ("normal quantile", 0.5f, 0f),
            ("normal quantile", -float.Epsilon, NaN),
            ("normal quantile", 1.0000001f, NaN),
            ("normal quantile", NaN, NaN),
            ("gelu", 0f, 0f),
            ("gelu", -0f, -0f),
            ("gelu", Inf, Inf),
            ("gelu", -Inf, -0f),
            ("gelu", NaN, NaN),
            ("gelu derivative", 0f, 0.5f),
            ("gelu derivative", Inf, 1f),
            ("gelu derivative", NaN, NaN),
            ("elu", 0f, 0f),
            ("elu", -0f, -0f),
            ("elu", Inf, Inf),
            ("elu", -Inf, -0.7f),
            ("elu", NaN, NaN),
        ];
        foreach (var (name, x, expected) in cases)
        {
            var found = LaneFunction.All[name].One(x);
            Assert.True(Ulp.Same(expected, found), $"{name}({x:G9}) = {found:G9}, expected {expected:G9}");
        }
    }

    [Fact]
    public void Atan2_AtSpecialValue_FollowsIeee754()
    {
        (float Y, float X, double Expected)[] cases =
        [
            (0f, 0f, 0.0),
            (-0f, 0f, -0.0),
            (0f, -0f, Math.PI),
            (-0f, -0f, -Math.PI),
            (0f, -1f, Math.PI),
            (-0f, -1f, -Math.PI),
            (-0f, 1f, -0.0),
            (1f, 0f, Math.PI / 2),
            (-1f, -0f, -Math.PI / 2),
            (1f, Inf, 0.0),
            (-1f, Inf, -0.0),
            (1f, -Inf, Math.PI),
            (Inf, 1f, Math.PI / 2),
            (-Inf, -5f, -Math.PI / 2),
            (Inf, Inf, Math.PI / 4),
            (-Inf, -Inf, -3 * Math.PI / 4),
            (NaN, 1f, double.NaN),
            (0f, NaN, double.NaN),
        ];
        foreach (var (y, x, expected) in cases)
        {
            var single = Atan2.Of(y, x);
            Assert.True(Ulp.Same((float)expected, single), $"atan2({y}, {x}) = {single:G9}, expected {(float)expected:G9}");
            var found = Atan2.Of((double)y, x);
            var same = double.IsNaN(expected)
                ? double.IsNaN(found)
                : expected == found && double.IsNegative(expected) == double.IsNegative(found);
            Assert.True(same, $"atan2({y}, {x}) = {found:G17}, expected {expected:G17}");
        }
    }

    [Fact]
    public void DoubleFunctions_AtSpecialValues_GiveTheirLimits()
    {
        const double inf = double.PositiveInfinity, nan = double.NaN;
        (string Name, double Found, double Expected)[] cases =
        [
            ("exp -inf", Exp.Of(-inf), 0), ("exp inf", Exp.Of(inf), inf), ("exp nan", Exp.Of(nan), nan),
            ("exp 709.79", Exp.Of(709.79), inf),
            ("exp -745.2", Exp.Of(-745.2), 0), ("exp -744.4", Exp.Of(-744.44), double.Epsilon), ("exp -0", Exp.Of(-0.0), 1),
            ("log 0", Log.Of(0.0), -inf), ("log -0", Log.Of(-0.0), -inf), ("log -1", Log.Of(-1.0), nan), ("log inf", Log.Of(inf), inf),
            ("log nan", Log.Of(nan), nan),
            ("log1p -0", Log1p.Of(-0.0), -0.0), ("log1p -1", Log1p.Of(-1.0), -inf), ("log1p -2", Log1p.Of(-2.0), nan),
            ("log1p inf", Log1p.Of(inf), inf),
            ("expm1 -0", Expm1.Of(-0.0), -0.0), ("expm1 -inf", Expm1.Of(-inf), -1), ("expm1 inf", Expm1.Of(inf), inf),
            ("expm1 nan", Expm1.Of(nan), nan),
            ("tanh -0", Tanh.Of(-0.0), -0.0), ("tanh -inf", Tanh.Of(-inf), -1), ("tanh inf", Tanh.Of(inf), 1),
            ("tanh nan", Tanh.Of(nan), nan),
            ("sigmoid -inf", Sigmoid.Of(-inf), 0), ("sigmoid inf", Sigmoid.Of(inf), 1), ("sigmoid nan", Sigmoid.Of(nan), nan),
            ("softplus -inf", Softplus.Of(-inf), 0), ("softplus inf", Softplus.Of(inf), inf), ("softplus nan", Softplus.Of(nan), nan),
            ("sinh -0", Sinh.Of(-0.0), -0.0), ("sinh -inf", Sinh.Of(-inf), -inf), ("sinh 710.4", Sinh.Of(710.4), Math.Sinh(710.4)),
            ("sinh nan", Sinh.Of(nan), nan),
            ("cosh -inf", Cosh.Of(-inf), inf), ("cosh 0", Cosh.Of(0.0), 1), ("cosh nan", Cosh.Of(nan), nan),
            ("sin -0", SinCos.Of(-0.0).Sin, -0.0), ("cos -0", SinCos.Of(-0.0).Cos, 1), ("sin inf", SinCos.Of(inf).Sin, nan),
            ("cos 2e9", SinCos.Of(2e9).Cos, nan),
            ("quantile 0", NormalQuantile.Of(0.0), -inf), ("quantile 1", NormalQuantile.Of(1.0), inf),
            ("quantile 2", NormalQuantile.Of(2.0), nan),
            ("quantile 1/2", NormalQuantile.Of(0.5), 0), ("quantile nan", NormalQuantile.Of(nan), nan),
            ("gelu -inf", Gelu.Of(-inf), -0.0), ("gelu inf", Gelu.Of(inf), inf), ("gelu nan", Gelu.Of(nan), nan),
            ("gelu -0", Gelu.Of(-0.0), -0.0),
            ("elu -inf", Elu.Of(-inf), -1), ("elu -0", Elu.Of(-0.0), -0.0), ("elu nan", Elu.Of(nan), nan),
        ];
        foreach (var (name, found, expected) in cases)
        {
            var same = double.IsNaN(expected)
                ? double.IsNaN(found)
                : Math.Abs(found - expected) <= 1e-15 * Math.Abs(expected) || found == expected;
            Assert.True(
                same && (expected != 0 || double.IsNegative(found) == double.IsNegative(expected)),
                $"{name}: {found:G17}, expected {expected:G17}");
        }
    }
}
