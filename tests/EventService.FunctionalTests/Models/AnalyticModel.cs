using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.FunctionalTests.Models;

/// <summary>
/// A model whose formulas fit on a page, so that tests of the service need no trained one. Event i has
/// one to four jets and an electron or none, all equally likely. The leading pT falls exponentially above 20 GeV (mean
/// 70 GeV), each further jet is flat between 20 GeV and the one before; eta is flat in (-2.5, 2.5), phi is flat; jets
/// have E = 1.1 pT cosh(eta), electrons either charge and no mass; MET is exponential with mean 30 GeV.
/// </summary>
/// <remarks>Draw d of event i is splitmix64(key(seed, condition) + 64 i + d): counter-based, as the contract asks.</remarks>
internal sealed class AnalyticModel(ModelDocument document) : ILikelihoodModel
{
    private const double Threshold = 20;
    private const double MeanExcess = 50;
    private const double MeanMet = 30;
    private const double EtaLimit = 2.5;

    public SampleSchema Schema => document.Schema;

    public int PreferredChunk => 512;

    public string BaseMeasure => "counts, then pT [GeV], eta, phi [rad] of each object, then MET [GeV] and its phi";

    public int Tile => 64;

    public void Generate(ReadOnlySpan<EventRange> ranges, EventBlock block, Span<double> logDensity)
    {
        var sample = new EventSample { ProcessName = document.Process };
        foreach (var (stream, first, count) in ranges)
        {
            var key = stream.Condition.Aggregate(Mix(stream.Seed), (k, value) => Mix(k ^ (ulong)BitConverter.DoubleToInt64Bits(value)));
            for (var k = 0; k < count; k++)
            {
                AddEvent(key, first + k, sample);
            }
        }

        DarkMachinesSchema.ToBlock(sample, 0, sample.Count, block);
        if (!logDensity.IsEmpty)
        {
            // No formula depends on the condition.
            var densities = new EventDensity[sample.Count];
            LogDensity(sample, [], densities);
            for (var k = 0; k < sample.Count; k++)
            {
                logDensity[k] = densities[k].LogDensity;
            }
        }
    }

    public void LogDensity(EventSample events, IReadOnlyList<double> condition, Span<EventDensity> densities)
    {
        for (var k = 0; k < events.Count; k++)
        {
            var (jets, electrons) = (0, 0);
            string? reason = null;
            var logDensity = -Math.Log(8) - (events.Met[k] / MeanMet) - Math.Log(MeanMet * 2 * Math.PI);
            var above = 0.0; // pT of the jet before
            for (var i = events.Offsets[k]; i < events.Offsets[k + 1]; i++)
            {
                var pt = events.Pt[i];
                if (events.Type[i] == ObjectType.Jet && jets++ > 0)
                {
                    logDensity -= Math.Log(above - Threshold);
                }
                else
                {
                    logDensity -= ((pt - Threshold) / MeanExcess) + Math.Log(MeanExcess);
                }

                if (events.Type[i] is ObjectType.ElectronMinus or ObjectType.ElectronPlus)
                {
                    electrons++;
                    logDensity -= Math.Log(2);
                }

                logDensity -= Math.Log(2 * EtaLimit * 2 * Math.PI);
                above = pt;
                if (!(pt >= Threshold) || !(Math.Abs(events.Eta[i]) <= EtaLimit))
                {
                    reason = $"object {i - events.Offsets[k] + 1} is outside the model's support";
                }
            }

            if (jets is < 1 or > 4 || electrons > 1 || jets + electrons != events.Offsets[k + 1] - events.Offsets[k])
            {
                reason = "these objects never occur together in the model";
            }

            densities[k] = reason is null ? new EventDensity(logDensity, 0.01, null) : new EventDensity(double.NegativeInfinity, 0, reason);
        }
    }

    private static void AddEvent(ulong key, long index, EventSample sample)
    {
        var draw = key + (64 * (ulong)index);
        sample.AddEvent(index, 2.5, -MeanMet * Math.Log(Uniform(draw + 1)), Phi(draw + 2));
        var jets = 1 + (Mix(draw + 3) % 4);
        var pt = 0.0;
        for (var jet = 0UL; jet < jets; jet++)
        {
            var d = draw + 16 + (8 * jet);
            pt = Threshold + (jet == 0 ? -MeanExcess * Math.Log(Uniform(d)) : (pt - Threshold) * Uniform(d));
            var eta = Eta(d + 1);
            sample.AddObject(ObjectType.Jet, 1.1 * pt * Math.Cosh(eta), pt, eta, Phi(d + 2));
        }

        if (Mix(draw + 4) % 2 == 1)
        {
            pt = Threshold - (MeanExcess * Math.Log(Uniform(draw + 5)));
            var eta = Eta(draw + 6);
            var type = Mix(draw + 7) % 2 == 0 ? ObjectType.ElectronMinus : ObjectType.ElectronPlus;
            sample.AddObject(type, pt * Math.Cosh(eta), pt, eta, Phi(draw + 8));
        }
    }

    /// <summary>In (0, 1].</summary>
    internal static double Uniform(ulong draw) => ((Mix(draw) >> 11) + 1) * (1.0 / (1UL << 53));

    private static double Eta(ulong draw) => EtaLimit * ((2 * Uniform(draw)) - 1);

    private static double Phi(ulong draw) => Math.PI * ((2 * Uniform(draw)) - 1);

    /// <summary>Steele, Lea and Flood 2014.</summary>
    internal static ulong Mix(ulong z)
    {
        z += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
