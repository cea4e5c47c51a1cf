using EventService.Models.Flows.Networks;
using EventService.Models.ObjectFlow;
using EventService.Models.WholeEvents;
using EventService.Physics.Events;

namespace EventService.Models.Tests.ObjectFlow;

/// <summary>The map of the unit interval of a pT that widens what balances the recoil: alone, and within the coordinates.</summary>
public class RecoilFocusTests
{
    [Theory]
    [InlineData(0.5, 0.03, 0.002)]
    [InlineData(0.45, 1, 0.01)]
    [InlineData(0.3, 0, 1e-4)]
    [InlineData(0.5, 0.6, 3)]
    public void Forward_OfTheInterval_RisesFromZeroToOneAndComesBack(double share, double centre, double width)
    {
        var focus = new RecoilFocus(share, centre, width);
        Assert.Equal(0, focus.Forward(0).Z, 1e-15);
        Assert.Equal(1, focus.Forward(1).Z, 1e-15);

        // The slope by Simpson's rule over the cells of a grid that is finest at the centre adds up to the map itself.
        var grid = Enumerable.Range(-2000, 4001).Select(k => centre + (width * Math.Sinh(k / 250.0))).Where(y => y is > 0 and < 1).Prepend(0).Append(1).ToArray();
        var sum = 0.0;
        for (var k = 0; k + 1 < grid.Length; k++)
        {
            var (a, b) = (grid[k], grid[k + 1]);
            sum += (b - a) / 6 * (focus.Forward(a).Slope + (4 * focus.Forward(0.5 * (a + b)).Slope) + focus.Forward(b).Slope);
            var z = focus.Forward(b).Z;
            Assert.Equal(z, sum, 1e-6);
            Assert.Equal(b, focus.Inverse(z), 1e-13);
        }
    }

    [Fact]
    public void Forward_WithinAWidthOfTheCentre_TakesTheShareOfAnInfiniteInterval()
    {
        // S runs from -1 to 1, from -1 / sqrt 2 to 1 / sqrt 2 within a width.
        var focus = new RecoilFocus(0.5, 0.5, 1e-6);
        Assert.Equal(0.5 * Math.Sqrt(0.5), focus.Forward(0.5 + 1e-6).Z - focus.Forward(0.5 - 1e-6).Z, 1e-5);
    }

    [Theory]
    [InlineData(ObjectType.Jet, 0, 0, 700)]
    [InlineData(ObjectType.Jet, 1, 1000, 950)]
    [InlineData(ObjectType.Jet, 1, 900, 1500)]
    [InlineData(ObjectType.MuonPlus, 0, 0, 300)]
    [InlineData(ObjectType.MuonPlus, 0, 0, 150)]
    public void Pt_ThereAndBack_IsTheSameWithTheSlopeOfTheMap(ObjectType type, int index, double previous, double recoil)
    {
        var coordinates = EventCoordinates.Fit(SmallFlow.Data, [.. Enumerable.Range(0, 1000)], recoilWidth: 40);
        var slot = EventSlots.ClassOf(type, index);
        var highest = index > 0 ? previous * (1 - 1e-9) : 4000;
        var threshold = type == ObjectType.Jet ? 20.0 : 15;
        double lastY = -1, integral = 0, first = double.NaN, lastSlope = 0, lastPt = 0;
        for (var k = 0; k <= 4000; k++)
        {
            var pt = threshold * Math.Pow(highest / threshold, k / 4000.0) * (1 + 1e-9);
            var (y, log) = coordinates.PtToUnit(slot, type, pt, previous, 0, recoil);
            var (back, logBack) = coordinates.PtFromUnit(slot, type, y, previous, 0, recoil: recoil);
            if (y is > 1e-3f and < 0.999f)
            {
                Assert.Equal(pt, back, 1e-3 * pt);
                Assert.Equal(log, logBack, 2e-3);
            }

            // The trapezoid of |dy/dpT| is the difference of y: of the leading one y falls with pT.
            integral += k == 0 ? 0 : 0.5 * (Math.Exp(log) + lastSlope) * (pt - lastPt);
            (lastSlope, lastPt, lastY) = (Math.Exp(log), pt, y);
            first = k == 0 ? y : first;
        }

        Assert.Equal(Math.Abs(lastY - first), integral, 2e-3);
    }
}
