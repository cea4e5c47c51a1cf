using EventService.Engine.Random;
using EventService.Models.ObjectFlow.Azimuths;
using EventService.Models.ObjectFlow.States;
using EventService.Models.Sampling;
using EventService.Models.WholeEvents;
using EventService.Physics.Events;

namespace EventService.Models.Tests.ObjectFlow;

public class AzimuthCorrelationsTests
{
    private const double Step = 2 * Math.PI / AzimuthCorrelations.Nodes;

    [Fact]
    public void SeparationTables_AreOneForEachPairOfFamilies()
    {
        var families = Enum.GetValues<ObjectFamily>();
        var tables = families.SelectMany(a => families.Where(b => b >= a).Select(b => AzimuthCorrelations.SeparationTable(a, b))).ToArray();
        Assert.Equal(Enumerable.Range(0, 10), tables.Order());
        Assert.Equal(AzimuthCorrelations.SeparationTable(ObjectFamily.Electron, ObjectFamily.Hadronic), AzimuthCorrelations.SeparationTable(ObjectFamily.Hadronic, ObjectFamily.Electron));
    }

    [Fact]
    public void Fields_OfAJet_AreTheTablesAtItsSeparationsAndMasses()
    {
        // Tables that are the identity, scaled: what stands in the fields is the number itself.
        var tables = new CorrelationTable?[AzimuthCorrelations.TableCount];
        int separation = AzimuthCorrelations.SeparationTable(ObjectFamily.Hadronic, ObjectFamily.Hadronic);
        int pair = AzimuthCorrelations.PairTable(SlotClass.Jet2, EventSlots.PositionOf(ObjectType.Jet, 0)), triple = AzimuthCorrelations.CombinationTable(SlotClass.Jet2);
        tables[separation] = new CorrelationTable(0, 1, [0, 10]);
        tables[pair] = new CorrelationTable(0, 40_000, [0, 40]);
        tables[triple] = new CorrelationTable(0, 90_000, [0, 45]);
        tables[AzimuthCorrelations.CascadeTable(SlotClass.Jet2)] = new CorrelationTable(0, 90_000, [0, 45]);
        tables[AzimuthCorrelations.BalanceTable(SlotClass.Jet2)] = new CorrelationTable(0, 120, [0, 12]);

        var state = new EventState();
        state.Reset([1, 2, 0, 0, 0, 0, 0], []);
        FlowObject b = new(ObjectType.BJet, 0, 80, -0.5, Math.Cos(2.0), Math.Sin(2.0), 11), jet = new(ObjectType.Jet, 0, 60, 1.2, Math.Cos(-1.0), Math.Sin(-1.0), 8);
        state.Add(b);
        state.Add(jet);
        const double Pt = 45, Eta = 0.7;
        var factors = new AzimuthFactors();
        factors.Collect(tables, state, SlotClass.Jet2, ObjectType.Jet, Pt, Eta);
        var fields = new float[(AzimuthCorrelations.Fields + 1) * AzimuthCorrelations.Nodes];
        factors.Write(new AzimuthCorrelations(tables), fields);

        var frame = Math.Atan2(state.Frame.Sin, state.Frame.Cos);
        var weights = new HashSet<bool>();
        for (var g = 0; g < AzimuthCorrelations.Nodes; g++)
        {
            // Node g stands at g steps from the point opposite to the recoil.
            var phi = frame - Math.PI + (g * Step);
            var item = Vector(Pt, Eta, phi, 0);
            var distance = Math.IEEERemainder(phi + 1.0, 2 * Math.PI);
            var square = (0.5 * 0.5) + (distance * distance);
            var (m2, m3) = (MassSquared(item, Vector(jet)), MassSquared(item, Vector(jet), Vector(b)));
            Assert.Equal(square < 1 ? 10 * square : 0, fields[g], 1e-4);
            Assert.Equal(m2 < 40_000 ? m2 / 1000 : 0, fields[AzimuthCorrelations.Nodes + g], 1e-4);

            // Twice: as it is, and with a weight that falls from 1 at the squared mass of the W to 0 at 2600 GeV^2 from it.
            var weight = Math.Max(0, 1 - (Math.Abs(m2 - (80.4 * 80.4)) / 2600));
            weights.Add(weight > 0);
            Assert.Equal(m3 < 90_000 ? (1 + weight) * m3 / 2000 : 0, fields[(2 * AzimuthCorrelations.Nodes) + g], 2e-4);
            Assert.Equal(0, fields[(3 * AzimuthCorrelations.Nodes) + g]);
            var (left, top) = (Vector(jet), Vector(b));
            var balance = Math.Sqrt(Math.Pow(item.X + left.X + top.X, 2) + Math.Pow(item.Y + left.Y + top.Y, 2));
            Assert.Equal(balance < 120 ? balance / 10 : 0, fields[(4 * AzimuthCorrelations.Nodes) + g], 1e-4);
        }

        Assert.Equal(2, weights.Count);
    }

    [Fact]
    public void Fields_OfALepton_AreTheTableAtItsSmallerMassWithABJet()
    {
        var tables = new CorrelationTable?[AzimuthCorrelations.TableCount];
        tables[AzimuthCorrelations.CombinationTable(SlotClass.Muon1)] = new CorrelationTable(0, 40_000, [0, 40]);
        var state = new EventState();
        state.Reset([2, 0, 0, 0, 1, 0, 0], []);
        FlowObject first = new(ObjectType.BJet, 0, 80, -0.5, Math.Cos(2.0), Math.Sin(2.0), 11), second = new(ObjectType.BJet, 1, 60, 1.2, Math.Cos(-1.0), Math.Sin(-1.0), 8);
        state.Add(first);
        state.Add(second);
        var factors = new AzimuthFactors();
        factors.Collect(tables, state, SlotClass.Muon1, ObjectType.MuonMinus, 90, 0.7);
        var fields = new float[(AzimuthCorrelations.Fields + 1) * AzimuthCorrelations.Nodes];
        factors.Write(new AzimuthCorrelations(tables), fields);

        var frame = Math.Atan2(state.Frame.Sin, state.Frame.Cos);
        var nearer = new HashSet<bool>();
        for (var g = 0; g < AzimuthCorrelations.Nodes; g++)
        {
            var muon = Vector(90, 0.7, frame - Math.PI + (g * Step), 0);
            double m1 = MassSquared(muon, Vector(first)), m2 = MassSquared(muon, Vector(second));
            nearer.Add(m1 < m2);
            Assert.Equal(Math.Min(m1, m2) < 40_000 ? Math.Min(m1, m2) / 1000 : 0, fields[(3 * AzimuthCorrelations.Nodes) + g], 1e-4);
        }

        Assert.Equal(2, nearer.Count);
    }

    [Fact]
    public void Fields_OfTheMissingMomentum_AreTheTableAtTheTransverseMass()
    {
        var tables = new CorrelationTable?[AzimuthCorrelations.TableCount];
        tables[AzimuthCorrelations.PairTable(SlotClass.Met, EventSlots.PositionOf(ObjectType.MuonPlus, 0))] = new CorrelationTable(0, 10_000, [0, 10]);
        tables[AzimuthCorrelations.BalanceTable(SlotClass.Met)] = new CorrelationTable(0, 100, [0, 10]);
        var state = new EventState();
        state.Reset([0, 1, 0, 0, 0, 1, 0], []);
        state.Add(new FlowObject(ObjectType.Jet, 0, 60, 1.2, 1, 0, 8));
        state.Add(new FlowObject(ObjectType.MuonPlus, 0, 40, -2, 0, 1, 0));
        var factors = new AzimuthFactors();
        factors.CollectMet(tables, state, 50);
        var fields = new float[(AzimuthCorrelations.Fields + 1) * AzimuthCorrelations.Nodes];
        factors.Write(new AzimuthCorrelations(tables), fields);

        var frame = Math.Atan2(state.Frame.Sin, state.Frame.Cos);
        for (var g = 0; g < AzimuthCorrelations.Nodes; g++)
        {
            var phi = frame - Math.PI + (g * Step);
            var square = 2 * 40 * 50 * (1 - Math.Cos(phi - (Math.PI / 2)));
            Assert.Equal(square / 1000, fields[(3 * AzimuthCorrelations.Nodes) + g], 1e-5);
            var balance = Math.Sqrt(Math.Pow(60 + (50 * Math.Cos(phi)), 2) + Math.Pow(40 + (50 * Math.Sin(phi)), 2));
            Assert.Equal(balance < 100 ? balance / 10 : 0, fields[(4 * AzimuthCorrelations.Nodes) + g], 1e-4);
        }
    }

    [Fact]
    public void Fields_OfAHardJetOppositeToAnother_StandAtNodesAroundTheRecoil()
    {
        var tables = new CorrelationTable?[AzimuthCorrelations.TableCount];
        tables[AzimuthCorrelations.SeparationTable(ObjectFamily.Hadronic, ObjectFamily.Hadronic)] = new CorrelationTable(0, 100, [0, 50]);
        tables[AzimuthCorrelations.BalanceTable(SlotClass.Jet2)] = new CorrelationTable(0, 144, [0, 14.4]);
        var state = new EventState();
        state.Reset([0, 2, 0, 0, 0, 0, 0], []);
        state.Add(new FlowObject(ObjectType.Jet, 0, 2000, 0.3, Math.Cos(2.0), Math.Sin(2.0), 50));
        var factors = new AzimuthFactors(recoilWidth: 40);
        factors.Collect(tables, state, SlotClass.Jet2, ObjectType.Jet, 1970, 0.3);
        var fields = new float[(AzimuthCorrelations.Fields + 1) * AzimuthCorrelations.Nodes];
        factors.Write(new AzimuthCorrelations(tables, recoilWidth: 40), fields);
        var sums = new float[AzimuthCorrelations.Nodes];
        factors.WriteSum(new AzimuthCorrelations(tables, recoilWidth: 40), [1, 1, 1, 1, 2], sums);

        // sqrt(30^2 + 40^2) / sqrt(2000 x 1970) = 0.02519.
        var a = 1 - (50 / Math.Sqrt(2000 * 1970.0));
        Assert.Equal(a, factors.Warp, 1e-12);
        var nearest = 0;
        for (var g = 0; g < AzimuthCorrelations.Nodes; g++)
        {
            var t = (g * Step) - Math.PI;
            var phi = t - (a * Math.Sin(t));
            var separation = Math.Pow(Math.IEEERemainder(phi - Math.PI, 2 * Math.PI), 2);
            Assert.Equal((0.5 * separation) + Math.Log(1 - (a * Math.Cos(t))), fields[g], 1e-4);
            var square = (30.0 * 30) + (4 * 2000 * 1970.0 * Math.Pow(Math.Sin(phi / 2), 2));
            var balance = square < 144 * 144 ? Math.Sqrt(square) / 10 : 0;

            // In single precision the square is known to one part in 2e7 of R^2 + pT^2.
            Assert.Equal(balance, fields[(4 * AzimuthCorrelations.Nodes) + g], 2e-3);
            Assert.Equal(fields[g] + (2 * fields[(4 * AzimuthCorrelations.Nodes) + g]), sums[g], 1e-4);
            nearest += balance > 0 ? 1 : 0;
        }

        // Eleven nodes have a balance below 144 GeV; of equidistant ones, only the one at the recoil has.
        Assert.Equal(11, nearest);
    }

    [Fact]
    public void Fit_OfJetsThatAvoidEachOther_FindsHowMuch()
    {
        // Two jets at the same eta and a far, hard b-jet that turns the recoil, azimuths uniform, but of the jets nearer than 0.5 only 20 %
        // are kept.
        var sample = new EventSample();
        var random = new PhiloxStream(11, 0);
        double Angle(ref PhiloxStream stream) => Math.PI * ((2 * stream.NextDouble()) - 1);
        while (sample.Count < 15_000)
        {
            double b = Angle(ref random), first = Angle(ref random), second = Angle(ref random), met = Angle(ref random);
            var near = Math.Abs(Math.IEEERemainder(first - second, 2 * Math.PI)) < 0.5;
            if (random.NextDouble() < (near ? 0.2 : 1))
            {
                sample.AddEvent(sample.Count, 1, 30, met);
                sample.AddObject(ObjectType.BJet, 900, 150, 2.4, b);
                sample.AddObject(ObjectType.Jet, 60.2, 60, 0, first);
                sample.AddObject(ObjectType.Jet, 50.2, 50, 0, second);
            }
        }

        var table = AzimuthCorrelationFit.Run(sample, [.. Enumerable.Range(0, sample.Count)]).Tables[AzimuthCorrelations.SeparationTable(ObjectFamily.Hadronic, ObjectFamily.Hadronic)]!;
        double Mean(double from, double to) => Enumerable.Range(0, table.LogFactor.Length).Where(k => k / 100.0 >= from && k / 100.0 <= to).Average(k => table.LogFactor[k]);

        // x is the squared distance; on both sides of the step factors relative to what the prior of ten objects leaves of them, with
        // n = 15,000 / (1 - 0.8 / (2 pi)) / (2 pi) * 0.01 / sqrt(x) objects expected at a node of distance 0.01 to the next.
        double Expected(double kept, double x) => Math.Log(((kept * 27.35 / Math.Sqrt(x)) + 10) / ((27.35 / Math.Sqrt(x)) + 10));
        Assert.Equal(Expected(0.2, 0.13), Mean(0.05, 0.22) - Mean(0.28, 0.5), 0.2);
    }

    [Fact]
    public void Fit_DoesNotDependOnTheOrderOfThreads()
    {
        int[] rows = [.. Enumerable.Range(0, SmallFlow.Data.Count)];
        var again = AzimuthCorrelationFit.Run(SmallFlow.Data, rows);
        for (var t = 0; t < AzimuthCorrelations.TableCount; t++)
        {
            Assert.Equal(SmallFlow.Shared.Coordinates.Azimuth.Tables[t]?.LogFactor, again.Tables[t]?.LogFactor);
        }
    }

    private static (double E, double X, double Y, double Z) Vector(in FlowObject item) => Vector(item.Pt, item.Eta, Math.Atan2(item.Sin, item.Cos), item.Mass);

    private static (double E, double X, double Y, double Z) Vector(double pt, double eta, double phi, double mass)
    {
        double x = pt * Math.Cos(phi), y = pt * Math.Sin(phi), z = pt * Math.Sinh(eta);
        return (Math.Sqrt((x * x) + (y * y) + (z * z) + (mass * mass)), x, y, z);
    }

    private static double MassSquared(params (double E, double X, double Y, double Z)[] vectors)
    {
        double e = vectors.Sum(v => v.E), x = vectors.Sum(v => v.X), y = vectors.Sum(v => v.Y), z = vectors.Sum(v => v.Z);
        return (e * e) - (x * x) - (y * y) - (z * z);
    }
}
