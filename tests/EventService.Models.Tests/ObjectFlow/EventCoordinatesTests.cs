using EventService.Engine.Random;
using EventService.Models.Flows.Networks;
using EventService.Models.ObjectFlow;
using EventService.Models.WholeEvents;
using EventService.Physics.Events;
using EventService.Physics.Kinematics;

namespace EventService.Models.Tests.ObjectFlow;

public class EventCoordinatesTests
{
    private static EventCoordinates Coordinates => SmallFlow.Shared.Coordinates;

    public static TheoryData<ObjectType, int> Objects() => new()
    {
        { ObjectType.BJet, 0 }, { ObjectType.BJet, 1 }, { ObjectType.Jet, 0 }, { ObjectType.Jet, 3 }, { ObjectType.Jet, 11 },
        { ObjectType.ElectronMinus, 0 }, { ObjectType.ElectronPlus, 1 }, { ObjectType.MuonMinus, 0 }, { ObjectType.MuonPlus, 2 }, { ObjectType.Photon, 0 }, { ObjectType.Photon, 1 },
    };

    [Theory]
    [MemberData(nameof(Objects))]
    public void UnitCoordinates_ThereAndBack_AreTheSame(ObjectType type, int index)
    {
        var slot = EventSlots.ClassOf(type, index);
        const double Previous = 140;
        for (var k = 1; k < 500; k++)
        {
            var y = k / 500f;
            var (pt, ptBack) = Coordinates.PtFromUnit(slot, type, y, Previous, requiredPt: 0);
            var (yPt, ptForth) = Coordinates.PtToUnit(slot, type, pt, Previous, requiredPt: 0);
            AssertSame(y, yPt, ptBack, ptForth);

            var (eta, etaBack) = Coordinates.EtaFromUnit(slot, y);
            var (yEta, etaForth) = Coordinates.EtaToUnit(slot, eta);
            AssertSame(y, yEta, etaBack, etaForth);

            // A mass below 1e-4 of pT is raised to that: no inverse there.
            var (mass, massBack) = EventSlots.HasMass(slot) ? Coordinates.MassFromUnit(slot, y, pt) : (0, 0);
            if (mass > 2e-4 * pt)
            {
                var (yMass, massForth) = Coordinates.MassToUnit(slot, mass, pt);
                AssertSame(y, yMass, massBack, massForth);
            }

            var (met, metBack) = Coordinates.MetFromUnit(y);
            var (yMet, metForth) = Coordinates.MetToUnit(met);
            AssertSame(y, yMet, metBack, metForth);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.6)]
    [InlineData(0.98)]
    public void Azimuth_ThereAndBack_IsTheSameOnTheCircle(double warp)
    {
        var frame = (Math.Cos(2.5), Math.Sin(2.5));
        for (var k = 0; k <= 1000; k++)
        {
            var y = k / 1000f;
            var ((cos, sin), there) = EventCoordinates.AzimuthFromUnit(y, frame, warp);
            Assert.Equal(1, (cos * cos) + (sin * sin), 1e-14);
            var phi = Math.Atan2(sin, cos);
            var t = 2 * Math.PI * ((double)y - 0.5);
            Assert.Equal(0, Math.IEEERemainder(phi - (2.5 + t - (warp * Math.Sin(t))), 2 * Math.PI), 1e-12);
            var (back, log) = EventCoordinates.AzimuthToUnit(cos, sin, frame, warp);
            Assert.Equal(0, Math.IEEERemainder(back - y, 1), 1e-6);
            var expected = -Math.Log(2 * Math.PI) - Math.Log(1 - (warp * Math.Cos(t)));
            Assert.Equal(expected, there, 1e-12);
            Assert.Equal(expected, log, 1e-11);
        }
    }

    [Theory]
    [MemberData(nameof(Objects))]
    public void LogDerivatives_OfAllCoordinates_AreThoseOfTheMaps(ObjectType type, int index)
    {
        // y is a float: its differences are taken from the double-precision maps by the coordinates' definitions.
        var slot = EventSlots.ClassOf(type, index);
        const double Previous = 140;
        var threshold = type is >= ObjectType.ElectronMinus and <= ObjectType.MuonPlus ? 15 : 20;
        double PtOf(double pt) => Coordinates.PtMaps[(int)slot].Forward(
            index == 0 ? -Math.Log(pt / threshold) : Math.Log(pt / threshold) / Math.Log(Previous / threshold)).Y;
        double EtaOf(double eta) => Coordinates.EtaMaps[(int)slot].Forward(eta).Y;
        double MetOf(double met) => Coordinates.MetMap.Forward(-Math.Log(met)).Y;
        foreach (var pt in new[] { 22.5, 31, 47, 77, 131 })
        {
            var (y, log) = Coordinates.PtToUnit(slot, type, pt, Previous, requiredPt: 0);
            Assert.Equal(PtOf(pt), y, 1e-6);
            Assert.Equal(Math.Log(Slope(PtOf, pt)), log, 1e-5);
            double MassOf(double mass) => Coordinates.MassMaps[(int)slot].Forward(Math.Log(mass / pt)).Y;
            if (EventSlots.HasMass(slot))
            {
                var (yMass, logMass) = Coordinates.MassToUnit(slot, pt / 7, pt);
                Assert.Equal(MassOf(pt / 7), yMass, 1e-6);
                Assert.Equal(Math.Log(Slope(MassOf, pt / 7)), logMass, 1e-5);
            }

            var (yMet, logMet) = Coordinates.MetToUnit(pt);
            Assert.Equal(MetOf(pt), yMet, 1e-6);
            Assert.Equal(Math.Log(Slope(MetOf, pt)), logMet, 1e-5);
        }

        foreach (var eta in new[] { -2.2, -1.01, 0.03, 0.9, 2.1 })
        {
            var (y, log) = Coordinates.EtaToUnit(slot, eta);
            Assert.Equal(EtaOf(eta), y, 1e-6);
            Assert.Equal(Math.Log(Slope(EtaOf, eta)), log, 1e-5);
        }
    }

    [Theory]
    [MemberData(nameof(Objects))]
    public void Limits_OfPtAndEta_AreTheEndsOfTheInterval(ObjectType type, int index)
    {
        var slot = EventSlots.ClassOf(type, index);
        double[] thresholds = [20, 20, 15, 15, 15, 15, 20];
        var threshold = thresholds[(int)type];
        const double Previous = 140;
        if (index == 0)
        {
            Assert.Equal(threshold, Coordinates.PtFromUnit(slot, type, 1, 0, requiredPt: 0).Pt);
            Assert.Equal(1, Coordinates.PtToUnit(slot, type, threshold, 0, requiredPt: 0).Y);
        }
        else
        {
            Assert.Equal(threshold, Coordinates.PtFromUnit(slot, type, 0, Previous, requiredPt: 0).Pt, 1e-12);
            Assert.Equal(Previous, Coordinates.PtFromUnit(slot, type, 1, Previous, requiredPt: 0).Pt, 1e-11);
            Assert.Equal(0, Coordinates.PtToUnit(slot, type, threshold, Previous, requiredPt: 0).Y);
            Assert.Equal(1, Coordinates.PtToUnit(slot, type, Previous, Previous, requiredPt: 0).Y);
        }

        // Both ends of eta lie on the limit of the type or, where flavours share a map, of its twin.
        var (low, high) = (Coordinates.EtaFromUnit(slot, 0).Eta, Coordinates.EtaFromUnit(slot, 1).Eta);
        Assert.Equal(-Coordinates.EtaLimits[(int)type], low);
        Assert.Equal(Coordinates.EtaLimits[(int)type], high);
    }

    [Fact]
    public void PtFromUnit_WhereTheSelectionRequiresPt_StartsThereAndKeepsTheShapeAbove()
    {
        const double Required = 60;
        Assert.Equal(Required, Coordinates.PtFromUnit(SlotClass.Jet1, ObjectType.Jet, 1, 0, Required).Pt, 1e-9);
        var (y60, _) = Coordinates.PtToUnit(SlotClass.Jet1, ObjectType.Jet, Required, 0, requiredPt: 0);
        foreach (var pt in new[] { 60.5, 75, 130, 400, 2000 })
        {
            var (y, log) = Coordinates.PtToUnit(SlotClass.Jet1, ObjectType.Jet, pt, 0, requiredPt: 0);
            var (yAbove, logAbove) = Coordinates.PtToUnit(SlotClass.Jet1, ObjectType.Jet, pt, 0, Required);

            // The conditional distribution above 60 GeV: y / y(60), and its density larger by 1 / y(60).
            Assert.Equal(y / y60, yAbove, 1e-6);
            Assert.Equal(log - Math.Log(y60), logAbove, 1e-6);
            Assert.Equal(pt, Coordinates.PtFromUnit(SlotClass.Jet1, ObjectType.Jet, yAbove, 0, Required).Pt, 1e-4 * pt);
        }
    }

    [Fact]
    public void PtFromUnit_OfAnyFloat_FallsAndStaysAboveTheThreshold()
    {
        var random = new PhiloxStream(6, 0);
        foreach (var previous in new[] { 20, 20.0000001, 21, 60, 3000 })
        {
            for (var k = 0; k < 2000; k++)
            {
                var y = k switch { 0 => 0, 1 => 1, 2 => 1e-38f, 3 => MathF.BitDecrement(1), _ => random.NextFloat() };
                var (pt, log) = Coordinates.PtFromUnit(SlotClass.Jet2, ObjectType.Jet, y, previous, requiredPt: 0);
                Assert.InRange(pt, 20, previous);
                Assert.True(double.IsFinite(log));
            }
        }
    }

    [Fact]
    public void MassFromUnit_OfAnyFloat_GivesAnEnergyOfAtLeastTheMomentum()
    {
        var random = new PhiloxStream(7, 0);
        for (var k = 0; k < 5000; k++)
        {
            var y = k switch { 0 => 0, 1 => 1, 2 => 1e-38f, 3 => MathF.BitDecrement(1), _ => random.NextFloat() };
            double pt = 20 * Math.Exp(6 * random.NextDouble()), eta = 5.6 * (random.NextDouble() - 0.5);
            var (mass, log) = Coordinates.MassFromUnit(SlotClass.Jet1, y, pt);
            Assert.True(mass > 0 && double.IsFinite(mass) && double.IsFinite(log));
            Assert.True(Energy.OfPtEtaMass(pt, eta, mass) >= pt * Math.Cosh(eta) * (1 - 1e-15));
        }
    }

    private static void AssertSame(float y, float back, double logBack, double logForth)
    {
        Assert.Equal(y, back, 2e-7);
        Assert.Equal(logBack, logForth, 1e-4);
    }

    private static double Slope(Func<double, double> f, double x)
    {
        var h = 1e-5 * Math.Abs(x);
        return Math.Abs(f(x + h) - f(x - h)) / (2 * h);
    }
}
