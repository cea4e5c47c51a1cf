using EventService.Evaluation;
using EventService.Models.Sampling;
using EventService.Models.Tests;
using EventService.Physics.Events;
using EventService.Physics.Formats;

namespace EventService.Evaluation.Tests;

public class ParticleComparisonTests
{
    private static readonly EventSample MonteCarlo = DarkMachinesReader.ReadAll(Repository.TestData("Evaluation/ttbar-4000.csv.gz"));

    [Fact]
    public void ParticleComparison_OfASampleWithItself_IsZero()
    {
        var result = ParticleComparison.Of(MonteCarlo, MonteCarlo);
        Assert.Equal(0, result.Wasserstein);
        Assert.Equal(0, result.KullbackLeibler);
        Assert.Equal(0, result.JensenShannon);
        Assert.Equal(0, result.TotalEnergy.Wasserstein);
        Assert.Equal(2 + (4 * 7), result.Particles.Count);
    }

    [Fact]
    public void ParticleComparison_OfScaledJets_WeighsTypesByTheirParticles()
    {
        // Energies and momenta of jets times 10: W1 of log10E and log10pT is 1 for them and 0 for all others; two of a jet's four
        // variables.
        var scaled = Changed(MonteCarlo, (type, value) => type == ObjectType.Jet ? 10 * value : value);
        var result = ParticleComparison.Of(MonteCarlo, scaled);
        var jets = MonteCarlo.Type.ToArray().Count(t => t == ObjectType.Jet);
        Assert.Equal(0.5 * jets / (MonteCarlo.ObjectCount + MonteCarlo.Count), result.Wasserstein, 1e-9);
        Assert.All(result.Particles, p => Assert.Equal(p is { Particle: "Jet", Variable: "log10E" or "log10pT" } ? 1 : 0, p.Wasserstein, 1e-9));
    }

    [Fact]
    public void ParticleComparison_OfEventsTwiceAsHard_MovesTheTotals()
    {
        var result = ParticleComparison.Of(MonteCarlo, Changed(MonteCarlo, (_, value) => 2 * value));
        Assert.Equal(Math.Log10(2), result.TotalEnergy.Wasserstein, 1e-9);
        Assert.Equal(Math.Log10(2), result.TotalPt.Wasserstein, 1e-9);
    }

    [Fact]
    public void ParticleComparison_WithoutPhotons_LeavesThemOut()
    {
        var without = EventSubset.Where(MonteCarlo, k => !MonteCarlo.Type[MonteCarlo.Offsets[k]..MonteCarlo.Offsets[k + 1]].Contains(ObjectType.Photon));
        Assert.DoesNotContain(ParticleComparison.Of(MonteCarlo, without).Particles, p => p.Particle == "Photon");
    }

    /// <summary>MET, energies and momenta changed.</summary>
    private static EventSample Changed(EventSample events, Func<ObjectType?, double, double> change)
    {
        var changed = new EventSample();
        for (var k = 0; k < events.Count; k++)
        {
            changed.AddEvent(k, 1, change(null, events.Met[k]), events.MetPhi[k]);
            for (var i = events.Offsets[k]; i < events.Offsets[k + 1]; i++)
            {
                changed.AddObject(events.Type[i], change(events.Type[i], events.Energy[i]), change(events.Type[i], events.Pt[i]), events.Eta[i], events.Phi[i], events.Mass[i]);
            }
        }

        return changed;
    }
}
