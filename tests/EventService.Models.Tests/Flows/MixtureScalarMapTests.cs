using EventService.Engine.Kernels;
using EventService.Models.Flows.Layers;

namespace EventService.Models.Tests.Flows;

/// <summary>The mixture's map: closed forms of one component, far tails, inverses there.</summary>
public sealed class MixtureScalarMapTests
{
    // softplus^-1(sigma - 0.001)
    private static double SizeOf(double sigma) => Math.Log(Math.Exp(sigma - 1e-3) - 1);

    [Theory]
    [InlineData(-60)]
    [InlineData(-3)]
    [InlineData(0.4)]
    [InlineData(8)]
    [InlineData(200)]
    public void Forward_OfOneComponent_IsAffine(double x)
    {
        var (z, log) = Forward([0, 1.5, SizeOf(0.7)], 1, x);
        Assert.Equal((x - 1.5) / 0.7, z, 1e-10 * (1 + Math.Abs(z)));
        Assert.Equal(-Math.Log(0.7), log, 1e-8 * (1 + (z * z)));
    }

    [Fact]
    public void Forward_OfTwoComponents_HasTheDensityOfTheMixture()
    {
        // p = 0.25 N(-1, 0.5) + 0.75 N(2, 1.5): log p = log dz/dx + log N(z), from far below to far above.
        double[] theta = [Math.Log(0.25), Math.Log(0.75), -1, 2, SizeOf(0.5), SizeOf(1.5)];
        foreach (var x in new[] { -40.0, -6, -1, 0.3, 2, 9, 50 })
        {
            var (z, log) = Forward(theta, 2, x);
            double Term(double w, double m, double s) => Math.Log(w / (s * Math.Sqrt(2 * Math.PI))) - ((x - m) * (x - m) / (2 * s * s));
            var (a, b) = (Term(0.25, -1, 0.5), Term(0.75, 2, 1.5));
            var expected = Math.Max(a, b) + Math.Log(1 + Math.Exp(-Math.Abs(a - b)));
            Assert.Equal(expected, log - (z * z / 2) - (0.5 * Math.Log(2 * Math.PI)), 1e-9 * (1 + Math.Abs(expected)));
        }
    }

    [Fact]
    public void Inverse_OfDraws_IsInvertedByForward()
    {
        float[] theta = [0.3f, -0.2f, -1.5f, -2, 1, 0.2f, -2, 0.5f, 3];
        foreach (var z in new[] { -30f, -8, -2, -0.1f, 0, 0.6f, 3, 9, 25 })
        {
            Span<float> y = [z];
            new MixtureScalarMap(3, 1e-3).Inverse()(theta, 1, LanePanels.Width, y);
            var (back, _) = Forward([.. theta.Select(t => (double)t)], 3, y[0]);
            Assert.Equal(z, back, 3e-5 * (1 + Math.Abs(z)));
        }
    }

    private static (double Z, double Log) Forward(double[] theta, int components, double x)
    {
        Span<double> value = [x], log = [0];
        new MixtureScalarMap(components, 1e-3).Forward(theta, 1, value, log);
        return (value[0], log[0]);
    }
}
