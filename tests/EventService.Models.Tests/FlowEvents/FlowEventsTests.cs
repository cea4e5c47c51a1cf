using EventService.Models.Contracts;
using EventService.Models.FlowEvents;
using EventService.Models.Sampling;
using EventService.Physics.Events;
using EventService.Physics.Formats;
using EventService.Physics.Selection;

using static EventService.Models.Tests.FlowEvents.Compositions;

namespace EventService.Models.Tests.FlowEvents;

/// <summary>
/// Compositions of flows whose distributions are known in closed form: normal numbers, or numbers that follow each other.
/// </summary>
public class FlowEventsTests
{
    [Fact]
    public void ParticleFlows_DrawCountsAndKinematicsOfTheirTables()
    {
        var events = Generate(Model(Particles(logPt: (2.2, 0.02), eta: (0, 0.3))), 4000);

        // Nothing is rejected here, so that the numbers are those of the flows: errors of means are 1 / sqrt(n) of the width, of shares
        // sqrt(p q / n); five of them are allowed.
        Assert.Equal(0.75, Enumerable.Range(0, events.Count).Count(k => events.Offsets[k + 1] - events.Offsets[k] == 4) / 4000.0, 5 * Math.Sqrt(0.75 * 0.25 / 4000));
        var logPt = events.Pt.ToArray().Select(Math.Log10).ToArray();
        Assert.Equal(2.2, logPt.Average(), 5 * 0.02 / Math.Sqrt(logPt.Length));
        Assert.Equal(0.02, Math.Sqrt(logPt.Average(x => (x - 2.2) * (x - 2.2))), 5 * 0.02 / Math.Sqrt(2 * logPt.Length));
        Assert.Equal(1.5, events.Met.ToArray().Average(Math.Log10), 5 * 0.1 / Math.Sqrt(4000));
    }

    [Fact]
    public void ParticleFlows_ThatMissTheSelection_AreDrawnAgainWithTheirCounts()
    {
        // log10 pT of 1.7 +- 0.2: a third of the objects above 60 GeV, one in forty below 20 GeV; |eta| of 1.5 +- 1: some beyond 2.8.
        var events = Generate(Model(Particles(logPt: (1.7, 0.2), eta: (1.5, 1))), 4000);
        Assert.All(Enumerable.Range(0, events.Count), k => Assert.True(EventSelection.Passes(events, k)));
        Assert.Equal(0.75, Enumerable.Range(0, events.Count).Count(k => events.Offsets[k + 1] - events.Offsets[k] == 4) / 4000.0, 5 * Math.Sqrt(0.75 * 0.25 / 4000));
    }

    [Theory]
    [InlineData("particles")]
    [InlineData("cumulative")]
    [InlineData("fixed")]
    public void AnEvent_IsTheSameInAnyRange(string composition)
    {
        var model = Model(composition switch
        {
            "particles" => Particles((1.7, 0.2), (1.5, 1)),
            "cumulative" => Cumulative(20),
            _ => Fixed([(1, 2), (-3, 3), (2.5, 3.5), (1, 3), (-3, 3), (-3, 3), .. Enumerable.Repeat((-0.25, 0.25), 60)]),
        });
        var all = Generate(model, 150);
        var block = new EventBlock(model.Schema);
        var some = new EventSample();
        model.Generate([new EventRange(new EventStream(1, []), 149, 1), new EventRange(new EventStream(2, []), 7, 3), new EventRange(new EventStream(1, []), 20, 100)], block, default);
        DarkMachinesSchema.ToSample(block, some);
        int[] rows = [0, .. Enumerable.Range(4, 100)], expected = [149, .. Enumerable.Range(20, 100)];
        foreach (var (row, k) in rows.Zip(expected))
        {
            Assert.Equal((all.Met[k], all.MetPhi[k], k), (some.Met[row], some.MetPhi[row], (int)some.EventNumber[row]));
            Assert.Equal(all.Pt[all.Offsets[k]..all.Offsets[k + 1]], some.Pt[some.Offsets[row]..some.Offsets[row + 1]]);
            Assert.Equal(all.Energy[all.Offsets[k]..all.Offsets[k + 1]], some.Energy[some.Offsets[row]..some.Offsets[row + 1]]);
        }
    }

    [Fact]
    public void CumulativeParticleFlows_ChooseParticlesOfTheEvent()
    {
        // In the flows, a particle's log10 pT follows log10 MET, and for next particles the sum of the earlier ones instead.
        static double Correlation(EventSample events, Func<int, double> x, Func<int, double> y)
        {
            var k = Enumerable.Range(0, events.Count).Where(e => events.Offsets[e + 1] - events.Offsets[e] == 4).ToArray();
            double mx = k.Average(x), my = k.Average(y);
            return k.Sum(e => (x(e) - mx) * (y(e) - my)) / Math.Sqrt(k.Sum(e => (x(e) - mx) * (x(e) - mx)) * k.Sum(e => (y(e) - my) * (y(e) - my)));
        }

        static double First(EventSample events, int e) => Math.Log10(events.Pt[events.Offsets[e]]);
        var chosen = Generate(Model(Cumulative(1000)), 400);
        Assert.True(Correlation(chosen, e => Math.Log10(chosen.Met[e]), e => First(chosen, e)) > 0.9);
        var drawn = Generate(Model(Cumulative(1)), 400);
        Assert.Equal(0, Correlation(drawn, e => Math.Log10(drawn.Met[e]), e => First(drawn, e)), 5 / Math.Sqrt(300));
    }

    [Fact]
    public void FixedEventFlow_GivesBackTheEventsThatItReads()
    {
        var monteCarlo = DarkMachinesReader.ReadAll(Repository.TestData("Evaluation/ttbar-4000.csv.gz"));
        var x = new double[66];
        Assert.Equal(x.Length, FixedEventFlow.Columns(FixedEventFlow.StandardSlots));
        var (read, left) = (0, 0);
        for (var k = 0; k < 60; k++)
        {
            if (!FixedEventFlow.TryRead(monteCarlo, k, FixedEventFlow.StandardSlots, () => 0.9, x))
            {
                left++;
                continue;
            }

            // A base distribution without width is the event itself.
            var again = Generate(Model(Fixed([.. x.Select(v => (v, v + 1e-9))])), 1);
            Assert.Equal(monteCarlo.Met[k], again.Met[0], 1e-4 * monteCarlo.Met[k]);
            Assert.Equal(monteCarlo.Offsets[k + 1] - monteCarlo.Offsets[k], again.ObjectCount);
            for (var i = 0; i < again.ObjectCount; i++)
            {
                var j = monteCarlo.Offsets[k] + i;
                Assert.Equal(monteCarlo.Type[j], again.Type[i]);
                Assert.Equal(monteCarlo.Pt[j], again.Pt[i], 1e-4 * monteCarlo.Pt[j]);
                Assert.Equal(monteCarlo.Eta[j], again.Eta[i], 1e-5);
                Assert.Equal(monteCarlo.Energy[j], again.Energy[i], 1e-4 * monteCarlo.Energy[j]);
            }

            read++;
        }

        Assert.True(read > 20, $"{read} events read, {left} have too many objects");
        Assert.True(left > 5);
    }

    [Fact]
    public void AFlowThatDescribesNoEvents_IsAnError()
    {
        var exception = Assert.Throws<AttemptsExhaustedException>(() => Generate(Model(Particles(logPt: (0.5, 0.1), eta: (0, 1))), 3));
        Assert.Contains("failed the event selection 1024 times", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ACompositionWithoutAFlow_SaysWhich()
    {
        var flows = Particles((2, 0.1), (0, 1)).Flows.Where(p => p.Key != "BJet").ToDictionary();
        Assert.Contains("no flow 'BJet'", Assert.Throws<ArgumentException>(() => new ParticleFlows(CountTable, flows)).Message, StringComparison.Ordinal);
        flows["BJet"] = flows["MET"];
        Assert.Contains("'BJet' has 2 columns, expected 4", Assert.Throws<ArgumentException>(() => new ParticleFlows(CountTable, flows)).Message, StringComparison.Ordinal);
    }
}
