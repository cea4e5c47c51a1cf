using EventService.Evaluation;
using EventService.Models.Flows.Networks;
using EventService.Models.Sampling;
using EventService.Models.Tests;
using EventService.Numerics.Statistics;
using EventService.Physics.Events;
using EventService.Physics.Formats;
using EventService.Physics.Observables;

namespace EventService.Evaluation.Tests;

public class PlantedDistortionTests
{
    private static readonly EventSample MonteCarlo = DarkMachinesReader.ReadAll(Repository.TestData("Evaluation/ttbar-4000.csv.gz"));

    private static double[] Column(EventSample sample, string observable) => ObservableTable.Compute(sample, [EventObservables.Named(observable)]).Columns[0];

    [Theory]
    [InlineData(0.03, false)]
    [InlineData(0.03, true)]
    public void SmearJets_WidensAndKeepsTheRest(double width, bool mirror)
    {
        var smeared = PlantedDistortion.SmearJets(MonteCarlo, width, mirror, 5);
        Assert.Equal(MonteCarlo.ObjectCount, smeared.ObjectCount);
        Assert.Equal(mirror, Column(smeared, "softest_jet_pt").Where(double.IsFinite).Min() >= 20);

        // A lone light jet is not sorted: its ratio has the width, its mass stays.
        var (before, after) = (Column(MonteCarlo, "j1_pt"), Column(smeared, "j1_pt"));
        var lone = Enumerable.Range(0, MonteCarlo.Count).Where(k => Column1(k) == 1 && before[k] > 30).ToArray();
        double Column1(int k) => MonteCarlo.Type[MonteCarlo.Offsets[k]..MonteCarlo.Offsets[k + 1]].Count(ObjectType.Jet);
        var ratios = lone.Select(k => after[k] / before[k]).ToArray();
        Assert.Equal(1, Moments.Mean(ratios), 0.01);
        Assert.Equal(width, Moments.StandardDeviation(ratios), 0.006);
        var (mass, smearedMass) = (Column(MonteCarlo, "j1_m"), Column(smeared, "j1_m"));
        Assert.All(lone, k => Assert.Equal(mass[k], smearedMass[k], 0.01));
    }

    [Fact]
    public void ShuffleMetAngles_KeepsMarginalsAndBreaksTheBalance()
    {
        var shuffled = PlantedDistortion.ShuffleMetAngles(MonteCarlo, 5);
        Assert.Equal(Column(MonteCarlo, "MET"), Column(shuffled, "MET"));

        // The angle to the leading jet of either tag: the same values in another order.
        static double[] Angles(EventSample s) => [.. ObservableTable.Compute(s, [new("x", "x", "rad", 0, 4, false, ObservableGroup.Angles, FeatureScale.Linear, e => Math.Abs(Math.IEEERemainder(e.Jet(1).Phi - e.MetPhi, 2 * Math.PI)))]).Columns[0].Where(double.IsFinite).Order()];
        var (a, b) = (Angles(MonteCarlo), Angles(shuffled));
        Assert.InRange(Wasserstein1.Distance(a, b), 0, 0.01);   // events without jets lend an angle too
        Assert.True(Moments.Mean(Column(shuffled, "balance")) > 1.5 * Moments.Mean(Column(MonteCarlo, "balance")));
    }

    [Fact]
    public void CutTail_RemovesTheLargest()
    {
        var cut = PlantedDistortion.All.Single(d => d.Name == "ht-tail-cut").Apply(MonteCarlo, 1);
        Assert.InRange(MonteCarlo.Count - cut.Count, 39, 41);
        var ht = Column(MonteCarlo, "HT").Order().ToArray();
        Assert.Equal(ht[cut.Count - 1], Column(cut, "HT").Max());
    }

    [Fact]
    public void ShuffledAngles_OfSmallSample_AreFoundByObservables()
    {
        // The smears are below what 2000 events can tell (p of 1e-3 before counting the observables); 'evaluate --power' plants them in
        // 50,000.
        const string name = "jet-met-shuffle";
        var half = EventSubset.Where(MonteCarlo, k => k % 2 == 0);
        var other = PlantedDistortion.All.Single(d => d.Name == name).Apply(EventSubset.Where(MonteCarlo, k => k % 2 == 1), 5);
        var floor = MonteCarloFloor.Draw(MonteCarlo, half.Count, other.Count, EventObservables.All, 2, 1);
        var p = ObservableComparison.Compare(half, other, floor).Where(o => !double.IsNaN(o.ChiSquaredPValue)).Min(o => o.ChiSquaredPValue);
        Assert.True(p * EventObservables.All.Count < 1e-3, $"Smallest p-value {p}.");
    }
}
