using EventService.Evaluation;
using EventService.Models.Sampling;
using EventService.Models.Tests;
using EventService.Physics.Events;
using EventService.Physics.Formats;
using EventService.Physics.Observables;

namespace EventService.Evaluation.Tests;

public class ObservableComparisonTests
{
    private static readonly EventSample MonteCarlo = DarkMachinesReader.ReadAll(Repository.TestData("Evaluation/ttbar-4000.csv.gz"));

    [Fact]
    public void ObservableComparison_OfTwoHalves_StaysAtItsFloor()
    {
        var floor = MonteCarloFloor.Draw(MonteCarlo, 2000, 2000, EventObservables.All, 20, 1);
        var results = ObservableComparison.Compare(EventSubset.Where(MonteCarlo, k => k % 2 == 0), EventSubset.Where(MonteCarlo, k => k % 2 == 1), floor);

        // One observable in a hundred may lie three spreads above the floor by chance; they are correlated, so a few may.
        Assert.True(results.Count(r => r.Wasserstein.Significance > 3) <= 5);
        Assert.Equal(1, results.Where(r => r.GeneratedEvents > 500).Average(r => r.Wasserstein.Ratio), 0.15);
        Assert.Equal(1, results.Where(r => r.GeneratedEvents > 500).Average(r => r.ChiSquared.BaselineMean), 0.05);

        // With b bins and n = m events, the mean of KL under the null is (b - 1) / 2 (1/n + 1/m).
        var ht = results.Single(r => r.Name == "HT");
        Assert.Equal(49 / 2.0 * (2 / 2000.0), ht.KullbackLeibler.BaselineMean, 0.004);
    }

    [Fact]
    public void ObservableComparison_OfScaledMet_FindsItAndLeavesTheRest()
    {
        var scaled = new EventSample();
        for (var k = 1; k < MonteCarlo.Count; k += 2)
        {
            scaled.AddEvent(k, 1, 1.1 * MonteCarlo.Met[k], MonteCarlo.MetPhi[k]);
            for (var i = MonteCarlo.Offsets[k]; i < MonteCarlo.Offsets[k + 1]; i++)
            {
                scaled.AddObject(MonteCarlo.Type[i], MonteCarlo.Energy[i], MonteCarlo.Pt[i], MonteCarlo.Eta[i], MonteCarlo.Phi[i]);
            }
        }

        Observable[] observables = [EventObservables.Named("MET"), EventObservables.Named("HT")];
        var floor = MonteCarloFloor.Draw(MonteCarlo, 2000, 2000, observables, 20, 1);
        var results = ObservableComparison.Compare(EventSubset.Where(MonteCarlo, k => k % 2 == 0), scaled, floor);
        Assert.True(results[0].Wasserstein.Significance > 3);
        Assert.True(results[1].Wasserstein.Significance < 3);
    }

    [Fact]
    public void ObservableComparison_OfSeveralSamples_AveragesTheMetrics()
    {
        // MET of 1, 2, ..., 100 GeV: against itself W1 is 0, shifted by 5 GeV it is 5, so 2.5 on average; its standard deviation is
        // sqrt((100^2 - 1) / 12).
        EventSample Shifted(double by)
        {
            var sample = new EventSample();
            for (var k = 1; k <= 100; k++)
            {
                sample.AddEvent(k, 1, k + by, 0);
                sample.AddObject(ObjectType.Jet, 100, 80, 0, 0);
            }

            return sample;
        }

        var floor = MonteCarloFloor.Draw(MonteCarlo, 100, 100, [EventObservables.Named("MET")], 2, 1);
        var met = Assert.Single(ObservableComparison.Compare(Shifted(0), [Shifted(0), Shifted(5)], floor));
        Assert.Equal(2.5, met.WassersteinInUnits, 1e-9);
        Assert.Equal(2.5 / Math.Sqrt(9999 / 12.0), met.Wasserstein.Value, 0.001);
        Assert.Throws<ArgumentException>(() => ObservableComparison.Compare(Shifted(0), [], floor));
    }

    [Fact]
    public void MonteCarloFloor_OfTooSmallPool_SaysSo()
    {
        var e = Assert.Throws<ArgumentException>(() => MonteCarloFloor.Draw(MonteCarlo, 4000, 4000, EventObservables.All, 2, 1));
        Assert.Contains("4000 + 4000", e.Message, StringComparison.Ordinal);
    }
}
