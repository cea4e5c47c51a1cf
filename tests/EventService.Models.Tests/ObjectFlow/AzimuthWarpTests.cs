using EventService.Models.ObjectFlow.Azimuths;

namespace EventService.Models.Tests.ObjectFlow;

/// <summary>
/// The map of the circle that puts the nodes of an azimuth's density closer together around the recoil: Kepler's equation.
/// </summary>
public class AzimuthWarpTests
{
    // J. Meeus, Astronomical Algorithms, 2nd edition, examples 30.a and 30.b: mean anomaly, eccentricity, eccentric anomaly, in degrees.
    [Theory]
    [InlineData(5, 0.1, 5.554589253872320)]
    [InlineData(2, 0.99, 32.361007)]
    public void ToCircle_OfKeplersEquation_IsThePublishedSolution(double mean, double eccentricity, double expected)
    {
        const double Degree = Math.PI / 180;
        Assert.Equal(expected * Degree, AzimuthWarp.ToCircle(mean * Degree, eccentricity).T, 1e-6 * Degree);
        Assert.Equal(-expected * Degree, AzimuthWarp.ToCircle(-mean * Degree, eccentricity).T, 1e-6 * Degree);
    }

    [Fact]
    public void ToCircle_OfAzimuthsFromTheCircle_IsWhatTheyWere()
    {
        foreach (var a in new[] { 1e-9, 0.1, 0.5, 0.9, 63.0 / 64 })
        {
            for (var k = -1000; k <= 1000; k++)
            {
                var t = Math.PI * Math.Pow(k / 1000.0, 3);
                var phi = t - (a * Math.Sin(t));
                var (back, slope) = AzimuthWarp.ToCircle(phi, a);
                Assert.Equal(t, back, 1e-13);
                Assert.Equal(1 - (a * Math.Cos(t)), slope, 1e-13);
                Assert.Equal(phi, AzimuthWarp.FromCircle(t, a).Phi, 1e-14);
            }
        }
    }

    // w = 50 GeV; 1 - a = sqrt((R - pT)^2 + w^2) / sqrt(R pT).
    [Theory]
    [InlineData(50, 1000, 1000, 0.95)]
    [InlineData(50, 1200, 1080, 0.88580664)]   // 130 / sqrt(1296000)
    [InlineData(50, 1000, 300, 0)]             // 701.8 is above 547.7
    [InlineData(50, 40, 40, 0)]
    [InlineData(0, 1000, 1000, 0)]
    [InlineData(50, 0, 100, 0)]
    [InlineData(50, 1e5, 1e5, 0.984375)]       // nodes are 64 times as dense at most
    public void At_RecoilAndMomentum_IsTheirRelativeImbalance(double width, double recoil, double pt, double expected) =>
        Assert.Equal(expected, AzimuthWarp.At(width, recoil, pt), 1e-7);
}
