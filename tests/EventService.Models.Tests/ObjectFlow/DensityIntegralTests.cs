using EventService.Engine.Random;
using EventService.Models.ObjectFlow;
using EventService.Models.ObjectFlow.Azimuths;
using EventService.Models.Sampling;
using EventService.Models.WholeEvents;
using EventService.Physics.Events;

namespace EventService.Models.Tests.ObjectFlow;

/// <summary>
/// The density of events with one electron, integrated over all they consist of, is the probability of one electron: pT starts at the 25
/// GeV of the event selection, and what the selection excludes in eta (the gap of the calorimeter, its end) is cut out and its acceptance
/// divided by.
/// </summary>
public class DensityIntegralTests
{
    private const double EtaLimit = 2.5;

    private static readonly Lazy<AutoregressiveObjectFlow> s_oneElectron = new(() => OneElectron(imbalance: false));
    private static readonly Lazy<AutoregressiveObjectFlow> s_imbalance = new(() => OneElectron(imbalance: true));
    private static readonly Lazy<AutoregressiveObjectFlow> s_warped = new(() => OneElectron(imbalance: false, recoilWidth: 5));

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Density_OfOneElectron_IntegratesToTheProbabilityOfItsCounts(bool imbalance, bool warped)
    {
        var flow = (warped ? s_warped : imbalance ? s_imbalance : s_oneElectron).Value;
        // Importance sampling in s = log(pT / 25), eta, v = log MET and the azimuth of MET on eight shifted Kronecker sequences; the
        // electron's azimuth is uniform (checked below) and gives 2 pi. The proposals' tails are longer than the density's.
        const int Shifts = 8, Points = 15_000;
        var integrals = new double[Shifts];
        Parallel.For(0, Shifts, new ParallelOptions { MaxDegreeOfParallelism = 2 }, shift => integrals[shift] = Integral(flow, shift, Points));
        var mean = integrals.Average();
        var error = Math.Sqrt(integrals.Sum(x => (x - mean) * (x - mean)) / (Shifts * (Shifts - 1)));
        Assert.InRange(error, 0, 0.004);

        // p(counts) = 1 - 1/10, within four standard errors of quadrature and of the acceptance, measured by 100,000 draws.
        Assert.Equal(0.9, mean, 4 * Math.Sqrt((error * error) + (0.002 * 0.002)));
    }

    [Fact]
    public void Density_OfOneElectron_IsUniformInItsAzimuthAndZeroBelowTheSelection()
    {
        var flow = s_oneElectron.Value;
        var events = new EventSample();
        Add(events, 40, 0.5, 0, 50, 1);
        Add(events, 40, 0.5, 2, 50, 3);
        Add(events, 24.9, 0.5, 0, 50, 1);
        Add(events, 40, 1.45, 0, 50, 1);
        var densities = SmallFlow.LogDensity(flow, events);
        Assert.Equal(densities[0].LogDensity, densities[1].LogDensity, 1e-5);
        Assert.Equal(double.NegativeInfinity, densities[2].LogDensity);
        Assert.Equal(double.NegativeInfinity, densities[3].LogDensity);
        Assert.InRange(densities[0].Error, 1e-4, 5e-3);
    }

    private static AutoregressiveObjectFlow OneElectron(bool imbalance, double recoilWidth = 0)
    {
        var network = new ObjectFlowNetwork(new ObjectFlowHyperparameters { Width = 8, HeadWidth = 6, AzimuthWidth = 6, Bins = 4, AzimuthKnots = 4, Imbalance = imbalance, RecoilWidth = recoilWidth });
        network.Initialise(5);
        foreach (var parameter in network.Parameters.Parameters.Where(p => p.Name.Contains("out.weight", StringComparison.Ordinal)))
        {
            foreach (ref var w in parameter.Value.Span)
            {
                w *= 10;
            }
        }

        // Leading pT: t = -log(pT / 15) <= 0, with a lower tail that falls by exp(4) a unit; MET: t = -log MET with both tails.
        const int Slots = (int)SlotClass.Met;
        var pt = Enumerable.Repeat(new MarginalMap([-1.5, -0.6, 0], [0.05, 0.5, 1], [0.2, 0.6, 1]), Slots).ToArray();
        var eta = Enumerable.Repeat(new MarginalMap([-EtaLimit, 0, EtaLimit], [0, 0.5, 1], [0.15, 0.25, 0.15]), Slots).ToArray();
        var mass = Enumerable.Repeat(new MarginalMap([-3, -1], [0.02, 0.98], [0.1, 0.1]), Slots).ToArray();
        // As imbalance: t = asinh(d / 10) along and across the recoil, a few dozen GeV wide.
        var met = imbalance ? new MarginalMap([-2.5, 0.4, 2.5], [0.04, 0.5, 0.97], [0.09, 0.2, 0.09]) : new MarginalMap([-5, -4, -2.5], [0.03, 0.5, 0.97], [0.12, 0.6, 0.12]);
        var across = imbalance ? new MarginalMap([-2.4, 0, 2.4], [0.03, 0.5, 0.97], [0.08, 0.25, 0.08]) : null;
        var coordinates = new EventCoordinates([2.5, 2.5, EtaLimit, EtaLimit, 2.5, 2.5, 2.37], pt, eta, mass, met, TransverseMass(recoilWidth), across);

        var counts = new CountDistribution(new CountTable([[0, 0, 1, 0, 0, 0, 0]], [9]));
        var filter = new ValidityFilter([]);
        var schema = DarkMachinesSchema.Create(new ObjectMaxima(4, 4, 4, 4, 4));
        AutoregressiveObjectFlow With(AcceptanceTable acceptance) => new(network, coordinates, new ObjectFlowConditions(new CountPoint(counts, acceptance)), filter, schema, 1, new byte[32]);
        var (drawn, accepted) = With(AcceptanceTable.Unmeasured(counts.Vectors)).MeasureAcceptance(0, 1, 100_000, 2, _ => { });
        Assert.InRange((double)accepted[0] / drawn[0], 0.5, 0.98);
        return With(new AcceptanceTable(counts.Vectors, drawn, accepted));
    }

    /// <summary>A step of the density at a transverse mass of 60 GeV of electron and missing momentum.</summary>
    private static AzimuthCorrelations TransverseMass(double recoilWidth)
    {
        var tables = new CorrelationTable?[AzimuthCorrelations.TableCount];
        tables[AzimuthCorrelations.PairTable(SlotClass.Met, EventSlots.PositionOf(ObjectType.ElectronMinus, 0))] = new CorrelationTable(0, 7200, [0.2, 1, 1.4, -1.5, 0]);
        return new AzimuthCorrelations(tables, recoilWidth);
    }

    private static void Add(EventSample events, double pt, double eta, double phi, double met, double metPhi)
    {
        events.AddEvent(events.Count, 1, met, metPhi);
        events.AddObject(ObjectType.ElectronMinus, pt * Math.Cosh(eta), pt, eta, phi);
    }

    private static double Integral(AutoregressiveObjectFlow flow, int shift, int points)
    {
        // Steps of the generalised golden ratio in four dimensions: g^5 = g + 1.
        const double G = 1.1673039782614187, Rate = 1.5, Centre = 4, Scale = 0.6;
        var random = new PhiloxStream(99, (ulong)shift);
        double[] u = [random.NextDouble(), random.NextDouble(), random.NextDouble(), random.NextDouble()];
        var events = new EventSample();
        var jacobian = new double[points];
        for (var k = 0; k < points; k++)
        {
            for (var d = 0; d < u.Length; d++)
            {
                u[d] = (u[d] + Math.Pow(G, -(d + 1))) % 1;
            }

            // Exponential in s, uniform in eta and azimuth, logistic in v; dpT dMET = pT MET ds dv.
            double s = -Math.Log(1 - u[0]) / Rate, z = Math.Log(u[2] / (1 - u[2])), v = Centre + (Scale * z);
            double pt = 25 * Math.Exp(s), met = Math.Exp(v);
            Add(events, pt, EtaLimit * ((2 * u[1]) - 1), 0, met, Math.PI * ((2 * u[3]) - 1));
            var proposal = Rate * Math.Exp(-Rate * s) * u[2] * (1 - u[2]) / Scale / (2 * EtaLimit) / (2 * Math.PI);
            jacobian[k] = pt * met * 2 * Math.PI / proposal;
        }

        return SmallFlow.LogDensity(flow, events).Select((d, k) => Math.Exp(d.LogDensity) * jacobian[k]).Average();
    }
}
