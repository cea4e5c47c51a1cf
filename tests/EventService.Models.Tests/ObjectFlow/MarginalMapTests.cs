using EventService.Engine.Random;
using EventService.Models.ObjectFlow;

namespace EventService.Models.Tests.ObjectFlow;

public class MarginalMapTests
{
    private static MarginalMap WithTails() => new([-1, 0, 2], [0.1, 0.4, 0.9], [0.2, 0.35, 0.1]);

    private static MarginalMap WithLimits() => new([-1, 0.5, 2], [0, 0.3, 1], [0.1, 0.5, 0.2]);

    [Fact]
    public void MarginalMap_Inverse_InvertsTo1e12()
    {
        foreach (var map in new[] { WithTails(), WithLimits() })
        {
            for (var k = 1; k < 2000; k++)
            {
                var y = k / 2000.0;
                var (t, inverseSlope) = map.Inverse(y);
                var (back, slope) = map.Forward(t);
                Assert.Equal(y, back, 1e-12);
                Assert.Equal(slope, inverseSlope, 1e-10);
            }

            for (var t = -1.0; t <= 2; t += 1e-3)
            {
                Assert.Equal(t, map.Inverse(map.Forward(t).Y).T, 1e-12);
            }
        }
    }

    /// <summary>
    /// End slopes far from the mean slope of the bin; expected by bisecting the formula in decimal, 28 digits, without any root.
    /// </summary>
    [Theory]
    [InlineData(1e-3, 1e8)]
    [InlineData(1e8, 1e-3)]
    [InlineData(1e6, 1e6)]
    [InlineData(1e-3, 1e-3)]
    public void Inverse_InAStronglyBentBin_IsExactToDouble(double d0, double d1)
    {
        var map = new MarginalMap([0, 1], [0, 1], [d0, d1]);
        foreach (var y in new[] { 1e-9, 1e-3, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999, 1 - 1e-9 })
        {
            decimal low = 0, high = 1;
            for (var step = 0; step < 90; step++)
            {
                var middle = (low + high) / 2;
                (low, high) = Value(middle, (decimal)d0, (decimal)d1) < (decimal)y ? (middle, high) : (low, middle);
            }

            var slope = (double)((Value(low + 1e-12m, (decimal)d0, (decimal)d1) - Value(low - 1e-12m, (decimal)d0, (decimal)d1)) / 2e-12m);
            Assert.Equal((double)low, map.Inverse(y).T, 1e-15 * (1 + (1 / slope)));
        }

        // Gregory and Delbourgo on [0, 1] with a mean slope of 1.
        static decimal Value(decimal x, decimal d0, decimal d1) =>
            ((x * x) + (d0 * x * (1 - x))) / (1 + ((d0 + d1 - 2) * x * (1 - x)));
    }

    [Fact]
    public void MarginalMap_LogDerivative_IsThatOfTheMap()
    {
        foreach (var map in new[] { WithTails(), WithLimits() })
        {
            for (var t = map.Minimum < -2 ? -3.0 : -0.99; t < (map.Maximum > 3 ? 4 : 1.99); t += 0.0137)
            {
                // Richardson's extrapolation of central differences: an error of O(h^4).
                double Central(double h) => (map.Forward(t + h).Y - map.Forward(t - h).Y) / (2 * h);
                var slope = ((4 * Central(5e-5)) - Central(1e-4)) / 3;

                // Second derivatives jump at knots: a difference across one is good to O(h) only.
                var tolerance = map.Knots.Any(knot => Math.Abs(t - knot) < 2e-4) ? 1e-3 : 1e-8;
                Assert.Equal(Math.Log(slope), map.Forward(t).LogDerivative, tolerance);
            }
        }
    }

    [Fact]
    public void MarginalMap_InOneBin_IsGregoryAndDelbourgosFormula()
    {
        // On [0, 1] with y from 0 to 1 and end slopes 2 and 1/2: y = (x^2 + 2 x (1-x)) / (1 + (1/2 + 2 - 2) x (1-x)).
        var map = new MarginalMap([0, 1], [0, 1], [2, 0.5]);
        for (var x = 0.0; x <= 1; x += 1.0 / 64)
        {
            Assert.Equal(((x * x) + (2 * x * (1 - x))) / (1 + (0.5 * x * (1 - x))), map.Forward(x).Y, 1e-15);
        }
    }

    [Fact]
    public void MarginalMap_AtLimits_IsHard()
    {
        var map = WithLimits();
        Assert.Equal((-1, 2), (map.Minimum, map.Maximum));
        Assert.Equal(0, map.Forward(-1).Y);
        Assert.Equal(1, map.Forward(2).Y);
        Assert.Equal(0, map.Forward(-50).Y);
        Assert.Equal(1, map.Forward(50).Y);
        Assert.Equal(-1, map.Inverse(0).T);
        Assert.Equal(2, map.Inverse(1).T);

        var open = WithTails();
        Assert.Equal((double.NegativeInfinity, double.PositiveInfinity), (open.Minimum, open.Maximum));
    }

    [Fact]
    public void MarginalMap_Tails_ContinueValueAndSlopeAndStayFinite()
    {
        var map = WithTails();
        foreach (var (edge, y, slope) in new[] { (-1.0, 0.1, 0.2), (2.0, 0.9, 0.1) })
        {
            foreach (var t in new[] { edge - 1e-9, edge, edge + 1e-9 })
            {
                Assert.Equal(y, map.Forward(t).Y, 1e-9);
                Assert.Equal(Math.Log(slope), map.Forward(t).LogDerivative, 1e-7);
            }
        }

        // Exponential tails: log y = log 0.1 + 2 (t + 1) below, log(1 - y) = log 0.1 - (t - 2) above.
        Assert.Equal(0.1 * Math.Exp(-2), map.Forward(-2).Y, 1e-15);
        Assert.Equal(1 - (0.1 * Math.Exp(-1)), map.Forward(3).Y, 1e-15);
        Assert.Equal(Math.Log(0.2) - 98, map.Forward(-50).LogDerivative, 1e-10);
        Assert.Equal(Math.Log(0.1) - 48, map.Forward(50).LogDerivative, 1e-10);
        Assert.InRange(map.Forward(-50).Y, 0, 1e-40);
        Assert.InRange(map.Forward(50).Y, 1 - 1e-15, 1);
        foreach (var y in new[] { 1e-300, 1e-30, 1e-12, 1 - 1e-9, 1.0 })
        {
            var (t, slope) = map.Inverse(y);
            Assert.True(double.IsFinite(t) && double.IsFinite(slope), $"y = {y}: t = {t}, log slope = {slope}");
        }
    }

    [Theory]
    [InlineData("exponential")]
    [InlineData("uniform")]
    [InlineData("bounded uniform")]
    [InlineData("normal")]
    public void Fit_ToAKnownDistribution_MakesItNearlyUniform(string name)
    {
        var random = new PhiloxStream(11, 0);
        var values = new double[20_000];
        for (var k = 0; k < values.Length; k++)
        {
            values[k] = Draw(name, ref random);
        }

        var map = MarginalMap.Fit(
            values,
            name is "exponential" or "bounded uniform" ? 0 : double.NegativeInfinity,
            name is "bounded uniform" ? 1 : double.PositiveInfinity);

        // Kolmogorov's distance of y from uniform on values that the fit has not seen: sampling alone gives 0.014 at most (99.9 %).
        var fresh = new double[20_000];
        for (var k = 0; k < fresh.Length; k++)
        {
            fresh[k] = map.Forward(Draw(name, ref random)).Y;
        }

        Array.Sort(fresh);
        var distance = fresh.Select((y, k) => Math.Abs(y - ((k + 0.5) / fresh.Length))).Max();
        Assert.InRange(distance, 0, 0.03);
    }

    [Fact]
    public void Fit_ToTies_StaysARisingMap()
    {
        // Printed with one digit: 24 quantiles fall on 8 values; and one value alone, thousand times.
        var random = new PhiloxStream(12, 0);
        var printed = new double[3000];
        for (var k = 0; k < printed.Length; k++)
        {
            printed[k] = Math.Floor(8 * random.NextDouble()) / 10;
        }

        foreach (var values in new[] { printed, Enumerable.Repeat(0.5, 1000).ToArray() })
        {
            foreach (var (minimum, maximum) in new[] { (0.0, 1.0), (0.0, double.PositiveInfinity), (double.NegativeInfinity, 1.0) })
            {
                IsRising(MarginalMap.Fit(values.ToArray(), minimum, maximum));
            }
        }
    }

    [Fact]
    public void Fit_ToOneValueWithoutLimits_RisesAroundIt()
    {
        // All quantiles coincide.
        var map = MarginalMap.Fit(Enumerable.Repeat(0.5, 1000).ToArray(), double.NegativeInfinity, double.PositiveInfinity);
        IsRising(map);
        Assert.Equal(0.5, map.Forward(0.5).Y, 1e-12);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(60)]
    public void Fit_ToATinySample_IsARisingMapOverItsLimits(int count)
    {
        double[] values = [.. Enumerable.Range(0, count).Select(k => 0.2 + (0.01 * k))];
        foreach (var minimum in new[] { 0, double.NegativeInfinity })
        {
            foreach (var maximum in new[] { 1, double.PositiveInfinity })
            {
                var map = MarginalMap.Fit(values.ToArray(), minimum, maximum);
                IsRising(map);
                Assert.Equal((minimum, maximum), (map.Minimum, map.Maximum));
            }
        }
    }

    [Fact]
    public void MarginalMap_InvalidKnots_AreRefused()
    {
        (double[] T, double[] Y, double[] D)[] invalid =
        [
            ([0], [0], [1]),
            ([0, 1], [0, 1], [1]),
            ([0, 0], [0, 1], [1, 1]),
            ([1, 0], [0, 1], [1, 1]),
            ([0, 1], [0.5, 0.5], [1, 1]),
            ([0, 1], [-0.1, 1], [1, 1]),
            ([0, 1], [0, 1.1], [1, 1]),
            ([0, 1], [0, 1], [1, 0]),
            ([0, 1], [0, 1], [-1, 1]),
            ([0, double.NaN], [0, 1], [1, 1]),
            ([0, double.PositiveInfinity], [0, 1], [1, 1]),
            ([0, 1], [double.NaN, 1], [1, 1]),
            ([0, 1], [0, 1], [1, double.PositiveInfinity]),
            ([0, 1], [0, 1], [double.NaN, 1]),
        ];
        foreach (var (t, y, d) in invalid)
        {
            Assert.Throws<ArgumentException>(() => new MarginalMap(t, y, d));
        }
    }

    private static double Draw(string name, ref PhiloxStream random)
    {
        var u = random.NextDouble();
        return name switch
        {
            "exponential" => -Math.Log(u),
            "uniform" => (4 * u) - 1,
            "bounded uniform" => u,
            _ => Math.Sqrt(-2 * Math.Log(u)) * Math.Cos(2 * Math.PI * random.NextDouble()),
        };
    }

    private static void IsRising(MarginalMap map)
    {
        double low = map.Knots[0], high = map.Knots[^1], previous = double.NegativeInfinity;
        for (var k = 0; k <= 500; k++)
        {
            var (y, slope) = map.Forward(low + ((high - low) * k / 500));
            Assert.True(y > previous && y is >= 0 and <= 1 && double.IsFinite(slope));
            previous = y;
        }
    }
}
