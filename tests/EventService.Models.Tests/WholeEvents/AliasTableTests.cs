using EventService.Models.WholeEvents;

namespace EventService.Models.Tests.WholeEvents;

public class AliasTableTests
{
    [Fact]
    public void Draw_OverAFineGrid_ReproducesTheWeights()
    {
        // Column k takes u in [k/n, (k+1)/n); within it v decides. A grid of m values of v gives each probability to n/m.
        double[] weights = [3, 0, 0.5, 10, 1e-3, 7, 0, 2.2];
        var table = new AliasTable(weights);
        const int Rows = 20_000;
        var drawn = new double[weights.Length];
        for (var k = 0; k < weights.Length; k++)
        {
            for (var r = 0; r < Rows; r++)
            {
                drawn[table.Draw((k + 0.5) / weights.Length, (r + 0.5) / Rows)] += 1.0 / (Rows * weights.Length);
            }
        }

        var total = weights.Sum();
        for (var k = 0; k < weights.Length; k++)
        {
            Assert.Equal(weights[k] / total, drawn[k], 1.0 / Rows);
        }

        Assert.Equal(0, drawn[1]);
        Assert.Equal(0, drawn[6]);
    }

    [Theory]
    [InlineData(new double[] { 5 })]
    [InlineData(new double[] { 1, 0 })]
    [InlineData(new double[] { 0, 0, 0, 1e-300, 0 })]
    [InlineData(new double[] { 1e300, 1, 0 })]
    public void Draw_AtTheEndsOfUAndV_NeverGivesAWeightOfZero(double[] weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        var table = new AliasTable(weights);
        double[] ends = [0, double.Epsilon, Math.Pow(2, -53), 0.5, 1 - Math.Pow(2, -53)];
        for (var k = 0; k < weights.Length; k++)
        {
            foreach (var u in ends)
            {
                foreach (var v in ends)
                {
                    Assert.True(weights[table.Draw((k + u) / weights.Length, v)] > 0);
                }
            }
        }
    }

    [Fact]
    public void AliasTable_BadWeights_AreRefused()
    {
        double[][] bad = [[], [0, 0], [-1, 2], [double.NaN], [double.PositiveInfinity, 1]];
        foreach (var weights in bad)
        {
            Assert.Throws<ArgumentException>(() => new AliasTable(weights));
        }
    }
}
