using EventService.Engine.Kernels;
using EventService.Engine.Random;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.ObjectFlow;
using EventService.Models.Sampling;
using EventService.Models.WholeEvents;
using EventService.Physics.Events;

namespace EventService.Models.Tests.ObjectFlow;

[Collection(KernelPaths.Name)]
public class AutoregressiveObjectFlowTests
{
    private static SmallFlow Flow => SmallFlow.Shared;

    [Fact]
    public void Generate_AnyRange_IsAPureFunctionOfModelSeedAndIndex()
    {
        var whole = SmallFlow.Generate(Flow.Model, 42, 0, 300);
        var alone = SmallFlow.Generate(Flow.Model, 42, 100, 100);
        Assert.Equal(SmallFlow.Bits(whole.Events, 100, 100), SmallFlow.Bits(alone.Events));
        Assert.Equal(whole.LogDensity[100..200], alone.LogDensity);
        foreach (var chunk in new[] { 1, 7, 64, 65, 299 })
        {
            List<ulong> bits = [];
            List<double> densities = [];
            for (var first = 0; first < 300; first += chunk)
            {
                var (events, density) = SmallFlow.Generate(Flow.Model, 42, first, Math.Min(chunk, 300 - first));
                bits.AddRange(SmallFlow.Bits(events));
                densities.AddRange(density);
            }

            Assert.Equal(SmallFlow.Bits(whole.Events), bits);
            Assert.Equal(whole.LogDensity, densities);
        }
    }

    [Fact]
    public void Generate_OnFourThreads_GivesTheSameBits()
    {
        var expected = SmallFlow.Bits(SmallFlow.Generate(Flow.Model, 43, 0, 400).Events);
        var pieces = new ulong[40][];
        Parallel.For(0, pieces.Length, new ParallelOptions { MaxDegreeOfParallelism = 4 }, p =>
            pieces[p] = SmallFlow.Bits(SmallFlow.Generate(Flow.Model, 43, 10 * p, 10).Events));
        Assert.Equal(expected, pieces.SelectMany(p => p));
    }

    [Fact]
    public void GenerateAndLogDensity_OnEveryVectorPath_GiveTheSameBits()
    {
        var results = Enum.GetValues<VectorPath>().Select(path => KernelPaths.On(path, () =>
        {
            var (events, density) = SmallFlow.Generate(Flow.Build(), 44, 1_000_000_000_000, 70);
            return (Events: SmallFlow.Bits(events), Known: density, Evaluated: SmallFlow.LogDensity(Flow.Build(), events));
        })).ToArray();
        foreach (var (events, known, evaluated) in results)
        {
            Assert.Equal(results[0].Events, events);
            Assert.Equal(results[0].Known, known);
            Assert.Equal(results[0].Evaluated, evaluated);
        }
    }

    [Fact]
    public void Generate_OtherSeedOrDigest_GivesOtherEvents()
    {
        var one = SmallFlow.Bits(SmallFlow.Generate(Flow.Model, 1, 0, 20).Events);
        Assert.NotEqual(one, SmallFlow.Bits(SmallFlow.Generate(Flow.Model, 2, 0, 20).Events));
        Assert.NotEqual(one, SmallFlow.Bits(SmallFlow.Generate(Flow.Model, 1UL << 63, 0, 20).Events));
        var digest = (byte[])Flow.Digest.Clone();
        digest[^1] ^= 1;
        Assert.NotEqual(one, SmallFlow.Bits(SmallFlow.Generate(Flow.Build(digest), 1, 0, 20).Events));
    }

    [Fact]
    public void Generate_AgainstThePlainSampler_GivesTheSameEventsRounded()
    {
        const int N = 400;
        var plain = new PlainSampler(Flow.Model);
        var exact = new EventSample();
        var (events, known) = SmallFlow.Generate(Flow.Model, 45, 0, N);
        var redrawn = 0;
        for (var e = 0; e < N; e++)
        {
            var (log, attempts) = plain.Draw(45, e, exact);
            Assert.Equal(log, known[e], 1e-9);
            Assert.Equal(SmallFlow.Bits(PlainSampler.Rounded(exact, e)), SmallFlow.Bits(events, e, 1));
            redrawn += attempts > 1 ? 1 : 0;
        }

        // The twin draws counts once: redrawn events equal to its own have kept theirs.
        Assert.InRange(redrawn, 5, N / 2);
    }

    [Fact]
    public void LogDensity_OfGeneratedEventsBeforeRounding_IsWhatTheSamplerKnowsTo1e4()
    {
        const int N = 1000;
        var plain = new PlainSampler(SmallFlow.LikeData.Model);
        var exact = new EventSample();
        var known = Enumerable.Range(0, N).Select(e => plain.Draw(46, e, exact).LogDensity).ToArray();
        var evaluated = SmallFlow.LogDensity(SmallFlow.LikeData.Model, exact);
        var differences = known.Zip(evaluated, (k, d) => Math.Abs(k - d.LogDensity)).ToArray();
        Assert.True(differences.All(d => d <= 1e-4), $"the greatest difference is {differences.Max()} nat");
    }

    [Theory]
    [InlineData("ttbar-objects", 0)]
    [InlineData("zprime", 3800)]
    public void LogDensity_OfTheShippedModelsEventsBeforeRounding_IsWhatTheSamplerKnowsTo1e4(string name, double mass)
    {
        const int N = 2000;
        double[] condition = mass > 0 ? [mass] : [];
        var model = (AutoregressiveObjectFlow)EventGenerator.Open(Path.Combine(Repository.Root, "models", name + ".safetensors")).Model;
        var plain = new PlainSampler(model, condition);
        var exact = new EventSample();
        var known = Enumerable.Range(0, N).Select(e => plain.Draw(48, e, exact).LogDensity).ToArray();
        var evaluated = SmallFlow.LogDensity(model, exact, condition);
        var off = known.Where((k, e) => !(Math.Abs(k - evaluated[e].LogDensity) <= 1e-4)).Count();

        // The contract: 99.9 % of the events.
        Assert.InRange(off, 0, N / 1000);
    }

    [Fact]
    public void LogDensity_OfGeneratedEventsAsFloat32_IsWhatTheSamplerKnowsTo1e2()
    {
        const int N = 5000;
        var (events, known) = SmallFlow.Generate(SmallFlow.LikeData.Model, 47, 0, N);
        var evaluated = SmallFlow.LogDensity(SmallFlow.LikeData.Model, events);

        var off = Enumerable.Range(0, N).Count(e => !(Math.Abs(known[e] - evaluated[e].LogDensity) <= 1e-2));
        Assert.True(off <= N / 1000, $"{off} of {N} events differ by more than 0.01 nat");
        Assert.All(evaluated, d => Assert.True(double.IsFinite(d.LogDensity) && d.Error is > 0 and < 1 && d.Reason is null));
    }

    [Fact]
    public void Generate_EveryEvent_IsValid()
    {
        const int N = 3000;
        var (events, _) = SmallFlow.Generate(Flow.Model, 48, 0, N);
        double[] thresholds = [20, 20, 15, 15, 15, 15, 20], etaCuts = [2.8, 2.8, 2.7, 2.7, 2.7, 2.7, 2.37];
        for (var e = 0; e < N; e++)
        {
            Assert.True(IsSelected(events, e));
            Assert.True(events.Met[e] > 0 && double.IsFinite(events.Met[e]) && Math.Abs(events.MetPhi[e]) <= MathF.PI);
            Assert.Equal(2.5, events.Weight[e]);
            for (var k = events.Offsets[e]; k < events.Offsets[e + 1]; k++)
            {
                var type = (int)events.Type[k];
                double pt = events.Pt[k], eta = events.Eta[k], energy = events.Energy[k], p = pt * Math.Cosh(eta);
                Assert.True(pt >= thresholds[type] && double.IsFinite(pt));
                Assert.InRange(Math.Abs(eta), 0, etaCuts[type] * (1 + 1e-7));
                Assert.InRange(Math.Abs(events.Phi[k]), 0, MathF.PI);

                // E is sqrt(p^2 + m^2) of the numbers as written, rounded once: by half a unit of 2^-23.
                var mass = events.Mass[k];
                Assert.True(type < 2 ? mass > 0 && (float)mass == mass : mass == 0, $"event {e}: {events.Type[k]} of mass {mass}");
                Assert.Equal(1, energy / Math.Sqrt((p * p) + (mass * mass)), 6e-8);
                if (k > events.Offsets[e] && events.Type[k - 1] == events.Type[k])
                {
                    Assert.True(pt <= events.Pt[k - 1]);
                }
            }

            foreach (var rule in Flow.Filter.Rules)
            {
                Assert.True(SmallestSeparation(events, e, rule) >= rule.MinimumDeltaR - 1e-6);
            }
        }

        Assert.NotEmpty(Flow.Filter.Rules);
    }

    [Fact]
    public void LogDensity_OfARotatedEvent_IsTheSame()
    {
        var events = First(SmallFlow.Data, 300);
        var expected = SmallFlow.LogDensity(Flow.Model, events);
        foreach (var angle in new[] { 0.3, 1.9, Math.PI, 5.0 })
        {
            var rotated = SmallFlow.LogDensity(Flow.Model, Map(events, phi: x => Math.IEEERemainder(x + angle, 2 * Math.PI)));
            for (var e = 0; e < events.Count; e++)
            {
                // Azimuths enter the networks as float32, a few dozen an event.
                Assert.True(Math.Abs(expected[e].LogDensity - rotated[e].LogDensity) < 2e-5, $"event {e} turned by {angle}: {expected[e].LogDensity:R} became {rotated[e].LogDensity:R}");
            }
        }
    }

    [Fact]
    public void LogDensity_OfTheData_IsFinite()
    {
        foreach (var density in SmallFlow.LogDensity(Flow.Model, SmallFlow.Data))
        {
            Assert.Null(density.Reason);
            Assert.True(double.IsFinite(density.LogDensity));
        }
    }

    [Fact]
    public void LogDensity_OutOfSupport_IsMinusInfinityWithTheReason()
    {
        var events = new EventSample();
        void JetOfMass(double mass, double energy, double pt, double eta)
        {
            events.AddEvent(events.Count, 1, 30, 0.1);
            events.AddObject(ObjectType.Jet, energy, pt, eta, 0, mass);
        }

        void Event(params (ObjectType Type, double Energy, double Pt, double Eta, double Phi)[] objects)
        {
            events.AddEvent(events.Count, 1, 30, 0.1);
            foreach (var (type, energy, pt, eta, phi) in objects)
            {
                events.AddObject(type, energy, pt, eta, phi);
            }
        }

        Event();
        Event((ObjectType.Jet, 200, 100, 0.1, 0), (ObjectType.Jet, 40, 19.9, 0, 2));
        Event((ObjectType.Jet, 200, 100, 0.1, 0), (ObjectType.MuonPlus, 200, 50, -2.71, 2));
        Event((ObjectType.Jet, 90, 100, 0, 0));
        Event((ObjectType.Jet, 60, 59, 0.1, 0), (ObjectType.ElectronMinus, 50 * Math.Cosh(1.45), 50, 1.45, 2));
        Event((ObjectType.Jet, 200, 100, 0.1, 1), (ObjectType.Jet, 100, 80, 0.1, 1.0001));
        JetOfMass(-75, 125, 100, 0); // a 3-4-5 triangle but for the sign
        JetOfMass(double.NaN, 125, 100, 0);
        JetOfMass(74.9, 125, 100, 0); // sqrt(100^2 + 74.9^2) = 124.940026
        JetOfMass(double.PositiveInfinity, 125, 100, 0);
        JetOfMass(75, 99, 100, 0);
        events.AddEvent(events.Count, 1, -3.5, 0.1);
        events.AddObject(ObjectType.Jet, 200, 100, 0.1, 1);
        Event((ObjectType.Jet, 200, 100, 0.1, 1), (ObjectType.Jet, 100, 80, 0.1, 2.5));
        var densities = SmallFlow.LogDensity(Flow.Model, events);
        string[] reasons = ["the event has no object", "Jet 1: pT 19.9 GeV is below the threshold of 20 GeV", "MuonPlus 1: |eta| 2.71 is above the limit of 2.", "Jet 0: energy 90 GeV is below the momentum 100 GeV", "the event breaks the event selection: no jet above 60 GeV", "the event breaks the separation of Hadronic and Hadronic objects: below 0.",
            "Jet 0: mass -75 GeV is negative", "Jet 0: the mass is not a number", "Jet 0: energy 125 GeV is not that of mass 74.9 GeV, 124.940026 GeV", "Jet 0: energy 125 GeV is not that of mass Infinity GeV, Infinity GeV", "Jet 0: energy 99 GeV is below the momentum 100 GeV", "MET -3.5 GeV is negative"];
        for (var e = 0; e < reasons.Length; e++)
        {
            Assert.Equal(double.NegativeInfinity, densities[e].LogDensity);
            Assert.StartsWith(reasons[e], densities[e].Reason, StringComparison.Ordinal);
        }

        Assert.Null(densities[^1].Reason);
        Assert.True(double.IsFinite(densities[^1].LogDensity));
    }

    [Fact]
    public void LogDensity_OfAnEventThatIsNotFinite_IsMinusInfinityWithTheNumber()
    {
        double[] values = [double.NaN, double.PositiveInfinity, double.NegativeInfinity];
        string[] names = ["NaN", "Infinity", "-Infinity"];
        string[] columns = ["MET", "MET phi", "pT", "eta", "phi", "energy"];
        var events = new EventSample();
        List<string> reasons = [];
        foreach (var type in Enum.GetValues<ObjectType>())
        {
            for (var column = 0; column < columns.Length; column++)
            {
                for (var v = 0; v < values.Length; v++)
                {
                    // A hard b-jet and an object of the type: valid but for one number.
                    double Number(int c, double value) => c == column ? values[v] : value;
                    var first = type == ObjectType.BJet;
                    events.AddEvent(events.Count, 1, Number(0, 30), Number(1, 0.1));
                    events.AddObject(ObjectType.BJet, first ? Number(5, 200) : 200, first ? Number(2, 100) : 100, first ? Number(3, 0.1) : 0.1, first ? Number(4, 1) : 1);
                    if (!first)
                    {
                        var mass = type == ObjectType.Jet ? 10 : 0;
                        events.AddObject(type, Number(5, Math.Sqrt(Math.Pow(40 * Math.Cosh(-0.7), 2) + (mass * mass))), Number(2, 40), Number(3, -0.7), Number(4, -2));
                    }

                    reasons.Add((column < 2 ? "" : $"{type} {(first ? 0 : 1)}: ") + $"{columns[column]} is {names[v]}, expected a finite number");
                }
            }
        }

        var densities = SmallFlow.LogDensity(Flow.Model, events);
        for (var e = 0; e < events.Count; e++)
        {
            Assert.Equal(new EventDensity(double.NegativeInfinity, 0, reasons[e]), densities[e]);
            Assert.Equal("the rule that every number is finite: " + reasons[e], Flow.Filter.Violation(events, e));
        }

        // The same events with finite numbers have a density.
        var finite = new EventSample();
        foreach (var type in Enum.GetValues<ObjectType>())
        {
            finite.AddEvent(0, 1, 30, 0.1);
            finite.AddObject(ObjectType.BJet, 200, 100, 0.1, 1);
            if (type != ObjectType.BJet)
            {
                finite.AddObject(type, Math.Sqrt(Math.Pow(40 * Math.Cosh(-0.7), 2) + (type == ObjectType.Jet ? 100 : 0)), 40, -0.7, -2);
            }
        }

        Assert.All(SmallFlow.LogDensity(Flow.Model, finite), d => Assert.True(d.Reason is null && double.IsFinite(d.LogDensity)));
    }

    [Fact]
    public void LogDensity_OfAJetFarForward_IsThatOfItsMassWhateverItsEnergyHasLost()
    {
        // E = 8192 m: the squares of float32 energies are 0.06 GeV^2 apart here, m^2 is 0.0039 GeV^2.
        const float pt = 512, mass = 0.0625f, energy = 512;
        EventDensity Density(double e, double m)
        {
            var events = new EventSample();
            events.AddEvent(0, 1, 30, 0.1);
            events.AddObject(ObjectType.Jet, e, pt, 0, 0, m);
            return SmallFlow.LogDensity(Flow.Model, events)[0];
        }

        var exact = Density(Math.Sqrt((pt * (double)pt) + (mass * (double)mass)), mass);
        Assert.Equal(exact, Density(energy, mass));
        Assert.Equal(exact, Density(MathF.BitDecrement(energy), mass));
        Assert.True(Math.Abs(exact.LogDensity - Density(energy, 50 * mass).LogDensity) > 0.1);
    }

    [Fact]
    public void LogDensity_Of2000MutatedEvents_IsANumberOrMinusInfinityWithAReason()
    {
        var random = new PhiloxStream(77, 0);
        var mutated = new EventSample();
        for (var m = 0; m < 2000; m++)
        {
            AddMutation(SmallFlow.Data, (int)(random.NextDouble() * SmallFlow.Data.Count), ref random, mutated);
        }

        var densities = SmallFlow.LogDensity(Flow.Model, mutated);
        for (var e = 0; e < densities.Length; e++)
        {
            var (log, error, reason) = densities[e];
            Assert.True(reason is null ? double.IsFinite(log) : log == double.NegativeInfinity, $"mutation {e}: {log}, reason '{reason}': {Describe(mutated, e)}");
            Assert.True(double.IsFinite(error));
        }

        Assert.InRange(densities.Count(d => d.Reason is null), 200, 1800);
    }

    [Fact]
    public void LogDensity_BesideAnExtremeEvent_IsThatOfTheEventAlone()
    {
        var events = First(SmallFlow.Data, 20);
        var expected = SmallFlow.LogDensity(Flow.Model, events);
        events.AddEvent(20, 1, 1e300, 0);
        events.AddObject(ObjectType.Jet, 1e305, 1e300, 1, 0);
        events.AddObject(ObjectType.Jet, 1e200, 1e200, 0, 1e10);
        Assert.Equal(expected, SmallFlow.LogDensity(Flow.Model, events)[..20]);
    }

    [Fact]
    public void MeasureAcceptance_OnAnyThreads_CountsTheSame()
    {
        var (drawn, accepted) = Flow.Model.MeasureAcceptance(0, 9, 4096, 1, _ => { });
        var again = Flow.Model.MeasureAcceptance(0, 9, 4096, 3, _ => { });
        Assert.Equal(drawn, again.Drawn);
        Assert.Equal(accepted, again.Accepted);
        Assert.InRange(drawn.Sum(), 1, 4096);
        Assert.InRange(accepted.Sum(), 1, drawn.Sum() - 1);
    }

    private static bool IsSelected(EventSample events, int e) =>
        Enumerable.Range(events.Offsets[e], events.Offsets[e + 1] - events.Offsets[e]).Any(k => events.Type[k] switch
        {
            ObjectType.BJet or ObjectType.Jet => events.Pt[k] > 60,
            ObjectType.ElectronMinus or ObjectType.ElectronPlus => events.Pt[k] > 25 && Math.Abs(events.Eta[k]) is < 2.47 and not (> 1.37 and < 1.52),
            _ => events.Pt[k] > 25,
        });

    private static double SmallestSeparation(EventSample events, int e, SeparationRule rule)
    {
        static ObjectFamily Family(ObjectType type) => type switch
        {
            ObjectType.BJet or ObjectType.Jet => ObjectFamily.Hadronic,
            ObjectType.ElectronMinus or ObjectType.ElectronPlus => ObjectFamily.Electron,
            ObjectType.MuonMinus or ObjectType.MuonPlus => ObjectFamily.Muon,
            _ => ObjectFamily.Photon,
        };
        var smallest = double.PositiveInfinity;
        for (var i = events.Offsets[e]; i < events.Offsets[e + 1]; i++)
        {
            for (var j = events.Offsets[e]; j < events.Offsets[e + 1]; j++)
            {
                if (i != j && Family(events.Type[i]) == rule.First && Family(events.Type[j]) == rule.Second)
                {
                    var dphi = Math.IEEERemainder(events.Phi[i] - events.Phi[j], 2 * Math.PI);
                    smallest = Math.Min(smallest, Math.Sqrt(Math.Pow(events.Eta[i] - events.Eta[j], 2) + (dphi * dphi)));
                }
            }
        }

        return smallest;
    }

    private static void AddMutation(EventSample data, int e, ref PhiloxStream random, EventSample mutated)
    {
        List<(ObjectType Type, double Energy, double Pt, double Eta, double Phi)> objects = [];
        for (var k = data.Offsets[e]; k < data.Offsets[e + 1]; k++)
        {
            objects.Add((data.Type[k], data.Energy[k], data.Pt[k], data.Eta[k], data.Phi[k]));
        }

        double met = data.Met[e], metPhi = data.MetPhi[e];
        double[] extremes = [1e-300, 1e-6, 20, 20.000001, 15, 60, 1e4, 1e7, 1e30, 1e100, 1e160, 1e300, double.MaxValue];
        var extreme = extremes[(int)(random.NextDouble() * extremes.Length)];
        var at = (int)(random.NextDouble() * objects.Count);
        var o = objects[at];
        switch ((int)(random.NextDouble() * 8))
        {
            case 0: // another pT, with the energy that belongs to the old mass
                var mass2 = Math.Max(0, (o.Energy * o.Energy) - Math.Pow(o.Pt * Math.Cosh(o.Eta), 2));
                objects[at] = o with { Pt = extreme, Energy = extreme < 1e100 ? Math.Sqrt(mass2 + Math.Pow(extreme * Math.Cosh(o.Eta), 2)) : extreme * Math.Cosh(o.Eta) };
                break;
            case 1:
                objects[at] = o with { Energy = extreme };
                break;
            case 2:
                var eta = (random.NextDouble() - 0.5) * (random.NextDouble() < 0.5 ? 6 : 2000);
                objects[at] = o with { Eta = eta, Energy = Math.Min(o.Pt * Math.Cosh(eta), double.MaxValue) };
                break;
            case 3:
                objects[at] = o with { Phi = (random.NextDouble() - 0.5) * Math.Pow(10, 20 * random.NextDouble()) };
                break;
            case 4:
                (met, metPhi) = (random.NextDouble() < 0.3 ? 0 : extreme, random.NextDouble() < 0.5 ? metPhi : 1e9);
                break;
            case 5: // a jet so heavy that E / p overflows nothing yet, or exactly massless
                objects[at] = o with { Energy = random.NextDouble() < 0.5 ? o.Pt * Math.Cosh(o.Eta) : 1e6 * o.Energy };
                break;
            case 6: // up to 40 jets
                for (var n = (int)(40 * random.NextDouble()); n > 0; n--)
                {
                    objects.Add(o with { Type = ObjectType.Jet, Eta = 5.4 * (random.NextDouble() - 0.5), Phi = 6.2 * (random.NextDouble() - 0.5), Energy = o.Pt * 10 });
                }

                break;
            default: // all of one event's objects at one place, or of one type
                objects = [.. objects.Select(x => x with { Type = o.Type, Energy = 100 * x.Energy })];
                break;
        }

        mutated.AddEvent(e, 1, met, metPhi);
        foreach (var x in objects.OrderBy(x => x.Type).ThenByDescending(x => x.Pt))
        {
            mutated.AddObject(x.Type, x.Energy, x.Pt, x.Eta, x.Phi);
        }
    }

    private static string Describe(EventSample s, int e) => $"MET {s.Met[e]:G4}; " + string.Join("; ", Enumerable.Range(s.Offsets[e], s.Offsets[e + 1] - s.Offsets[e])
        .Select(k => $"{s.Type[k]} {s.Energy[k]:G4} {s.Pt[k]:G4} {s.Eta[k]:G4} {s.Phi[k]:G4}"));

    private static EventSample First(EventSample events, int count) => EventSubset.At(events, Enumerable.Range(0, count));

    private static EventSample Map(EventSample events, Func<double, double> phi)
    {
        var mapped = new EventSample();
        for (var e = 0; e < events.Count; e++)
        {
            mapped.AddEvent(events.EventNumber[e], events.Weight[e], events.Met[e], phi(events.MetPhi[e]));
            for (var k = events.Offsets[e]; k < events.Offsets[e + 1]; k++)
            {
                mapped.AddObject(events.Type[k], events.Energy[k], events.Pt[k], events.Eta[k], phi(events.Phi[k]), events.Mass[k]);
            }
        }

        return mapped;
    }
}
