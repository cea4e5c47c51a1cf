using EventService.Engine.Random;
using EventService.Models.Flows.Networks;
using EventService.Models.Tables;
using EventService.Numerics.Functions;
using EventService.Training.TableFlows;

namespace EventService.Training.Tests.TableFlows;

/// <summary>
/// Draws from a normal distribution with correlation rho and data from one that is moved by mu: their ratio is exp(mu C^-1 x) but for a
/// constant, a product of functions of single columns with the slopes C^-1 mu.
/// </summary>
public sealed class MarginalWeightsFitTests
{
    private const int Events = 100_000;
    private const double Rho = 0.5;
    private const double Slope = 0.3 / (1 + Rho);

    [Fact]
    public void Fit_OfCorrelatedColumns_FindsTheRatio()
    {
        var fit = MarginalWeightsFit.Fit(Normal(2, 0.3), Normal(1, 0), [.. Enumerable.Repeat(0.1, Events)], 20);
        for (var f = 0; f < 2; f++)
        {
            // Knots at 1/20 ... 19/20, and 1/40, 1/80, 1/160, 1/320 on both sides.
            var (x, h) = (fit.Knots[f], fit.Values[f]);
            Assert.Equal(19 + 8, x.Length);
            Assert.Equal(0.3, x[13], 0.02);
            Assert.Equal(0.3 - 1.645, x[4], 0.03);
            Assert.Equal(0.3 - 2.734, x[0], 0.1);

            // A hat holds 5,000 events, further out fewer: h scatters by some hundredths around the straight line.
            double meanX = x.Average(), meanH = h.Average();
            var slope = x.Zip(h, (a, b) => (a - meanX) * (b - meanH)).Sum() / x.Sum(a => (a - meanX) * (a - meanX));
            Assert.Equal(Slope, slope, 0.03);
            Assert.All(x.Zip(h).Skip(4).Take(19), p => Assert.Equal(Slope * (p.First - meanX), p.Second - meanH, 0.25));
        }
    }

    [Fact]
    public void Fit_Weights_GiveTheMeansOfTheData()
    {
        var draws = Normal(1, 0);
        var weights = Enumerable.Repeat(0.1, Events).ToArray();
        MarginalWeightsFit.Fit(Normal(2, 0.3), draws, weights, 20);
        for (var f = 0; f < 2; f++)
        {
            Assert.Equal(0.3, weights.Zip(draws[f], (w, x) => w * x).Sum() / weights.Sum(), 0.01);
        }
    }

    [Fact]
    public void Fit_ColumnThatRepeatsValues_SaysSo()
    {
        float[][] steps = [[.. Enumerable.Range(0, 1000).Select(k => (float)(k % 3))]];
        var e = Assert.Throws<ArgumentException>(() => MarginalWeightsFit.Fit(steps, steps, [.. Enumerable.Repeat(1.0, 1000)], 10));
        Assert.Equal("Column 0 has 3 different quantiles of 9: its values repeat too often for marginal weights. Dequantise it, or ask for fewer quantiles.", e.Message);
    }

    private static float[][] Normal(ulong key, double mean)
    {
        float[][] columns = [new float[Events], new float[Events]];
        for (var k = 0; k < Events; k++)
        {
            var random = new PhiloxStream(key, (ulong)k);
            var (u, v) = (NormalQuantile.Of(random.NextDouble()), NormalQuantile.Of(random.NextDouble()));
            columns[0][k] = (float)(mean + u);
            columns[1][k] = (float)(mean + (Rho * u) + (Math.Sqrt(1 - (Rho * Rho)) * v));
        }

        return columns;
    }
}
