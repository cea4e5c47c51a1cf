using EventService.Engine.Kernels;
using EventService.Engine.Random;

namespace EventService.Engine.Tests.Kernels;

/// <summary>The inverse affine map in lanes against its formula in double precision.</summary>
[Collection(KernelSetCollection.Name)]
public sealed class AffineInverseTests
{
    [Theory]
    [InlineData(1e-3, 0)]
    [InlineData(0, 0.145)]
    public void Run_OnEveryPath_IsTheFormulaToAFewUnits(double minimum, double clip)
    {
        const int lanes = 37;
        var random = new PhiloxStream(4, 4);
        float[] a = new float[lanes], b = new float[lanes], y = new float[lanes];
        for (var i = 0; i < lanes; i++)
        {
            (a[i], b[i], y[i]) = (10 * (random.NextFloat() - 0.5f), random.NextFloat(), 4 * random.NextFloat());
        }

        float[]? bits = null;
        foreach (var path in Enum.GetValues<VectorPath>())
        {
            using var forced = new ForcedPath(path);
            float[] x = [.. y];
            new AffineInverse(minimum, clip).Run([.. a, .. b], lanes, LanePanels.Width, x);
            bits ??= x;

            Assert.Equal(bits, x);
            Assert.All(Enumerable.Range(0, lanes), i =>
            {
                var scale = clip == 0 ? minimum + Math.Log(1 + Math.Exp(a[i])) : Math.Exp(a[i] / (1 + (Math.Abs(a[i]) * clip)));
                Assert.Equal(((double)y[i] - b[i]) / scale, x[i], 5 * 6e-8 * Math.Abs((y[i] - b[i]) / scale));
            });
        }
    }

    [Fact]
    public void Run_OnPanels_GivesTheBitsOfRows()
    {
        const int lanes = 37, panelStride = 40;
        var random = new PhiloxStream(4, 5);
        float[] rows = new float[2 * lanes], panels = new float[3 * panelStride], y = new float[lanes];
        Array.Fill(panels, float.NaN);
        for (var i = 0; i < lanes; i++)
        {
            (rows[i], rows[lanes + i], y[i]) = (10 * (random.NextFloat() - 0.5f), random.NextFloat(), 4 * random.NextFloat());
            var at = (i / LanePanels.Width * panelStride) + (i % LanePanels.Width);
            (panels[at], panels[at + LanePanels.Width]) = (rows[i], rows[lanes + i]);
        }

        float[] expected = [.. y];
        new AffineInverse(1e-3, 0).Run(rows, lanes, LanePanels.Width, expected);
        foreach (var path in Enum.GetValues<VectorPath>())
        {
            using var forced = new ForcedPath(path);
            float[] x = [.. y];
            new AffineInverse(1e-3, 0).Run(panels, LanePanels.Width, panelStride, x);

            Assert.Equal(expected, x);
        }
    }

    [Fact]
    public void Run_LastLaneOfTheLastPanel_IsWithinTheParameters()
    {
        var affine = new AffineInverse(1, 0);
        affine.Run(new float[32 + 16 + 1], 16, 32, new float[17]);

        Assert.Equal(
            "Parameters of maps hold 48 floats, expected 2 rows of 17 lanes, rows 16 and panels of 16 lanes 32 apart.",
            Assert.Throws<ArgumentException>(() => affine.Run(new float[32 + 16], 16, 32, new float[17])).Message);
    }

    [Fact]
    public void Run_TooFewParameters_SaysWhatItNeeds()
    {
        var e = Assert.Throws<ArgumentException>(() => new AffineInverse(0, 0).Run(new float[5], 3, LanePanels.Width, new float[3]));

        Assert.Equal("Parameters of maps hold 5 floats, expected 2 rows of 3 lanes, rows 3 and panels of 16 lanes 16 apart.", e.Message);
    }
}
