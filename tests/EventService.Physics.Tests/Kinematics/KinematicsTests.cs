using EventService.Physics.Kinematics;

namespace EventService.Physics.Tests.Kinematics;

/// <summary>Numbers of sixteen digits are from mpmath 1.2.1 with 40 digits; the others are closed forms.</summary>
public class KinematicsTests
{
    private static readonly FourMomentum A = FourMomentum.FromPtEtaPhiMass(41.5, -1.25, 2.75, 0.105658);
    private static readonly FourMomentum B = FourMomentum.FromPtEtaPhiMass(103.25, 2.125, -2.9, 4.75);

    [Fact]
    public void FourMomentum_FromPtEtaPhiMass_MatchesMpmath()
    {
        AssertClose(-38.35854871324723708, A.Px);
        AssertClose(15.838931170171765491, A.Py);
        AssertClose(-66.479641832484263973, A.Pz);
        AssertClose(78.369662126286825706, A.E);
    }

    [Fact]
    public void FourMomentum_Sum_HasTheQuantitiesOfMpmath()
    {
        var sum = A + B;
        AssertClose(344.21972041887716698, InvariantMass.Of(sum));
        AssertClose(0.85914116159916273024, Rapidity.Of(sum));
        AssertClose(1.6798163077353130501, Pseudorapidity.Of(sum));
        AssertClose(138.8930850849576856, sum.Pt);
        AssertClose(-3.0777335408014587631, sum.Phi);
        Assert.Equal(sum, FourMomentum.Add(B, A));
    }

    [Fact]
    public void FourMomentum_FromPtEtaPhiE_KeepsTheEnergyAndGivesBackTheRest()
    {
        var p4 = FourMomentum.FromPtEtaPhiE(60.25, 0.75, -3.0, 120.5);
        Assert.Equal(120.5, p4.E);
        AssertClose(60.25, p4.Pt);
        AssertClose(0.75, Pseudorapidity.Of(p4));
        AssertClose(-3.0, p4.Phi);
        AssertClose(91.84509668748261355, InvariantMass.Of(p4));
        AssertClose(91.84509668748261355, JetMass.Of(120.5, 60.25, 0.75));
    }

    [Theory]
    [InlineData(50, 30, 0, 40)]
    [InlineData(30, 30, 0, 0)]
    [InlineData(29.9997, 30, 0, 0)]        // below p by 1e-5: printed digits
    [InlineData(29.9, 30, 0, double.NaN)]  // below p by 3e-3
    public void JetMass_OfEnergyAndMomentum_IsTheirDifferenceOrZeroWithinRounding(double energy, double pt, double eta, double mass) =>
        Assert.Equal(mass, JetMass.Of(energy, pt, eta), 1e-12);

    [Theory]
    [InlineData(40, 50, 30, 0, true)]
    [InlineData(40, 50 * (1 + 4e-7), 30, 0, true)]     // of 2 * 2^-22 = 4.8e-7
    [InlineData(40, 50 * (1 - 4e-7), 30, 0, true)]
    [InlineData(40, 50 * (1 + 6e-7), 30, 0, false)]
    [InlineData(40, 50 * (1 - 6e-7), 30, 0, false)]
    [InlineData(0, 29.9997, 30, 0, true)]              // the mass of six printed digits
    [InlineData(0, 30.0003, 30, 0, false)]
    [InlineData(-40, 50, 30, 0, true)]                 // the sign is no matter of the energy
    [InlineData(double.NaN, 50, 30, 0, false)]
    [InlineData(double.PositiveInfinity, 50, 30, 0, false)]
    [InlineData(10, 50, 30, 0, false)]
    public void JetMass_Agrees_WithinTheRoundingOfFloats(double mass, double energy, double pt, double eta, bool expected) =>
        Assert.Equal(expected, JetMass.Agrees(mass, energy, pt, eta));

    [Fact]
    public void JetMass_OfNumbersRoundedToFloat_AgreesAndOfTenUnitsNot()
    {
        // Every number half a unit off, all in the direction that hurts most.
        const double up = 1 + (0.5 / (1 << 23)), down = 1 - (0.5 / (1 << 23));
        foreach (var (pt, eta, mass) in new[] { (20.0, 0.0, 2.0), (35, 1.1, 30), (600, -2.8, 0.06), (90, 2.5, 8) })
        {
            var energy = Math.Sqrt((mass * mass) + Math.Pow(pt * Math.Cosh(eta), 2));
            Assert.True(JetMass.Agrees(mass * up, energy * down, pt * up, eta * up));
            Assert.True(JetMass.Agrees(mass * down, energy * up, pt * down, eta * down));
            Assert.False(JetMass.Agrees(mass, energy * (1 + (10.0 / (1 << 23))), pt, eta));
        }
    }

    [Theory]
    [InlineData(3, 4, 0, 5, 0)]
    [InlineData(3, 4, 12, 13, 0)]
    [InlineData(0, 0, 0, 91.1876, 91.1876)]
    [InlineData(0, 3, 4, 13, 12)]
    [InlineData(3, 4, 0, 4.9999, 0)] // rounding made it spacelike
    public void InvariantMass_PythagoreanMomenta_AreExact(double px, double py, double pz, double e, double mass) =>
        Assert.Equal(mass, InvariantMass.Of(new FourMomentum(px, py, pz, e)));

    [Fact]
    public void InvariantMass_MasslessPair_MatchesMpmathAlsoForNeighbours()
    {
        AssertClose(344.18097963484627708, InvariantMass.OfMasslessPair(41.5, -1.25, 2.75, 103.25, 2.125, -2.9));
        AssertClose(6.5785437218278032337e-8, InvariantMass.OfMasslessPair(41.5, 1e-9, 1e-10, 103.25, 0, 0));
        AssertClose(91.25, InvariantMass.OfMasslessPair(45.625, 0.5, -1.5, 45.625, 0.5, -1.5 + Math.PI)); // back to back, equal eta
    }

    [Fact]
    public void Energy_OfPtEtaMass_IsTheClosedForm()
    {
        Assert.Equal(5, Energy.OfPtEtaMass(3, 0, 4));
        Assert.Equal(3, Energy.OfPtEtaMass(3, 0, 0));
        AssertClose(78.369662126286825706, Energy.OfPtEtaMass(41.5, -1.25, 0.105658));
    }

    [Fact]
    public void Rapidity_MasslessObject_IsItsPseudorapidity()
    {
        foreach (var eta in new[] { -4.5, -0.125, 0.0, 1e-6, 2.5 })
        {
            var p4 = FourMomentum.FromPtEtaPhiMass(50, eta, 1, 0);
            Assert.Equal(eta, Rapidity.Of(p4), 1e-12);
            Assert.Equal(eta, Pseudorapidity.Of(p4), 1e-12);
        }
    }

    [Fact]
    public void Rapidity_AlongTheBeam_IsInfinite()
    {
        Assert.Equal(double.PositiveInfinity, Rapidity.Of(new FourMomentum(0, 0, 5, 5)));
        Assert.Equal(double.NegativeInfinity, Pseudorapidity.Of(new FourMomentum(0, 0, -5, 5)));
    }

    [Theory]
    [InlineData(1, 0.25, 0.75)]
    [InlineData(3, -3, 6 - (2 * Math.PI))]
    [InlineData(-3, 3, (2 * Math.PI) - 6)]
    [InlineData(Math.PI, 0, Math.PI)]
    [InlineData(Math.PI, -Math.PI, 0)]
    public void DeltaPhi_GoesTheShortWayRound(double phi1, double phi2, double expected) =>
        Assert.Equal(expected, DeltaPhi.Of(phi1, phi2), 1e-15);

    [Fact]
    public void DeltaR_AcrossTheSeam_MatchesMpmath()
    {
        AssertClose(3.4338824431287841334, DeltaR.Of(-1.25, 2.75, 2.125, -2.9));
        Assert.Equal(5, DeltaR.Of(4, 1, 0, -2));
        Assert.Equal(DeltaR.Of(1, 2, 0, -2), DeltaR.Of(0, -2, 1, 2));
    }

    [Fact]
    public void TransverseMass_OfPair_MatchesMpmathAndItsLimits()
    {
        AssertClose(40.758721957179973605, TransverseMass.OfPair(41.5, 2.75, 103.25, -2.9));
        AssertClose(80, TransverseMass.OfPair(40, 1, 40, 1 - Math.PI)); // back to back: 2 pT
        Assert.Equal(0, TransverseMass.OfPair(40, 1, 70, 1));
    }

    [Fact]
    public void ScalarPtSum_Adds() => Assert.Equal(60.5, ScalarPtSum.Of([10, 20.25, 30.25]));

    /// <summary>To 8 units of the last place, relative.</summary>
    private static void AssertClose(double expected, double actual) =>
        Assert.InRange(actual, expected - (Math.Abs(expected) * 1.8e-15), expected + (Math.Abs(expected) * 1.8e-15));
}
