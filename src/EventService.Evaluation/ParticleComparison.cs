using EventService.Models.Sampling;
using EventService.Numerics.Statistics;
using EventService.Physics.Events;

namespace EventService.Evaluation;

/// <summary>How the particles of one type agree with Monte Carlo in one variable.</summary>
/// <param name="Particle">Type of the particles, or MET, of which each event has one.</param>
/// <param name="Variable">log10E, log10pT (of GeV), eta, phi.</param>
/// <param name="MonteCarlo">Number of Monte Carlo particles.</param>
/// <param name="Generated">Number of generated particles.</param>
/// <param name="Wasserstein">W1 in the variable's own unit.</param>
/// <param name="KullbackLeibler">KL(Monte Carlo || generated) [nat] in 50 quantile bins.</param>
/// <param name="JensenShannon">JS distance in the same bins.</param>
public sealed record ParticleResult(string Particle, string Variable, int MonteCarlo, int Generated, double Wasserstein, double KullbackLeibler, double JensenShannon);

/// <summary>
/// The figures by which standalone flows for whole events are compared: each metric of each variable of each particle type, averaged over
/// variables and, with the number of Monte Carlo particles as weight, over types. The total energy and the total transverse momentum of
/// events check what holds particles together.
/// </summary>
/// <remarks>
/// Correlations do not enter: generators that draw each particle on its own can have the best of these figures and events that none has.
/// Types of which either sample has no particle are left out.
/// </remarks>
public sealed record ParticleComparison
{
    private static readonly (string Name, Func<EventSample, int, double> Of)[] s_variables =
    [
        ("log10E", (sample, i) => Math.Log10(sample.Energy[i])),
        ("log10pT", (sample, i) => Math.Log10(sample.Pt[i])),
        ("eta", (sample, i) => sample.Eta[i]),
        ("phi", (sample, i) => sample.Phi[i]),
    ];

    public required IReadOnlyList<ParticleResult> Particles { get; init; }

    /// <summary>Averages over <see cref="Particles"/>.</summary>
    public required double Wasserstein { get; init; }

    /// <inheritdoc cref="Wasserstein"/>
    public required double KullbackLeibler { get; init; }

    /// <inheritdoc cref="Wasserstein"/>
    public required double JensenShannon { get; init; }

    /// <summary>Sum of all energies and MET, log10 of GeV.</summary>
    public required ParticleResult TotalEnergy { get; init; }

    /// <summary>Sum of all transverse momenta, log10 of GeV.</summary>
    public required ParticleResult TotalPt { get; init; }

    public static ParticleComparison Of(EventSample monteCarlo, EventSample generated)
    {
        ArgumentNullException.ThrowIfNull(monteCarlo);
        ArgumentNullException.ThrowIfNull(generated);
        List<ParticleResult> particles =
        [
            Compare("MET", "log10pT", monteCarlo, generated, sample => EachEvent(sample, k => Math.Log10(sample.Met[k]))),
            Compare("MET", "phi", monteCarlo, generated, sample => EachEvent(sample, k => sample.MetPhi[k])),
        ];
        foreach (var type in Enum.GetValues<ObjectType>().Where(t => monteCarlo.Type.Contains(t) && generated.Type.Contains(t)))
        {
            particles.AddRange(s_variables.Select(v => Compare($"{type}", v.Name, monteCarlo, generated, sample =>
                [.. Enumerable.Range(0, sample.ObjectCount).Where(i => sample.Type[i] == type).Select(i => v.Of(sample, i))])));
        }

        // Each type counts once for each of its particles, whatever its number of variables.
        var weights = particles.Select(p => (double)p.MonteCarlo / particles.Count(q => q.Particle == p.Particle)).ToArray();
        double Average(Func<ParticleResult, double> metric) => particles.Zip(weights, (p, w) => w * metric(p)).Sum() / weights.Sum();
        return new ParticleComparison
        {
            Particles = particles,
            Wasserstein = Average(p => p.Wasserstein),
            KullbackLeibler = Average(p => p.KullbackLeibler),
            JensenShannon = Average(p => p.JensenShannon),
            TotalEnergy = Compare("event", "log10E", monteCarlo, generated, sample => EachEvent(sample, k => Math.Log10(sample.Met[k] + Sum(sample.Energy, sample, k)))),
            TotalPt = Compare("event", "log10pT", monteCarlo, generated, sample => EachEvent(sample, k => Math.Log10(Sum(sample.Pt, sample, k)))),
        };
    }

    private static ParticleResult Compare(string particle, string variable, EventSample monteCarlo, EventSample generated, Func<EventSample, double[]> values)
    {
        double[] x = values(monteCarlo), y = values(generated);
        Array.Sort(x);
        Array.Sort(y);
        return new ParticleResult(particle, variable, x.Length, y.Length, Wasserstein1.Distance(x, y), Evaluation.KullbackLeibler.OfSamples(x, y), Evaluation.JensenShannon.OfSamples(x, y));
    }

    private static double[] EachEvent(EventSample sample, Func<int, double> value) => [.. Enumerable.Range(0, sample.Count).Select(value)];

    private static double Sum(ReadOnlySpan<double> values, EventSample sample, int k) => Moments.Sum(values[sample.Offsets[k]..sample.Offsets[k + 1]]);
}
