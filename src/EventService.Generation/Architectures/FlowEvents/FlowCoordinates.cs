using EventService.Numerics.Functions;
using EventService.Physics.Events;

namespace EventService.Generation.Architectures.FlowEvents;

/// <summary>
/// The numbers by which flows know missing momentum and objects: log10 of MET [GeV] and its azimuth; log10 of energy and transverse momentum [GeV], pseudorapidity, azimuth.
/// </summary>
public static class FlowCoordinates
{
    public const int OfMet = 2, OfObject = 4;

    /// <summary>Places of an object's numbers.</summary>
    public const int LogEnergy = 0, LogPt = 1, Eta = 2, Phi = 3;

    public static void ReadMet(EventSample sample, int k, Span<double> x)
    {
        ArgumentNullException.ThrowIfNull(sample);
        (x[0], x[1]) = (Log10(sample.Met[k]), sample.MetPhi[k]);
    }

    public static void ReadObject(EventSample sample, int i, Span<double> x)
    {
        ArgumentNullException.ThrowIfNull(sample);
        (x[LogEnergy], x[LogPt], x[Eta], x[Phi]) = (Log10(sample.Energy[i]), Log10(sample.Pt[i]), sample.Eta[i], sample.Phi[i]);
    }

    public static (double Pt, double Phi) Met(ReadOnlySpan<float> x) => (Power10(x[0]), x[1]);

    public static void AddObject(EventCandidate candidate, ObjectType type, ReadOnlySpan<float> x)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        candidate.Add(type, Power10(x[LogEnergy]), Power10(x[LogPt]), x[Eta], x[Phi]);
    }

    public static double Log10(double value) => Log.Of(value) / Ln10;

    public static double Power10(double value) => Exp.Of(value * Ln10);

    private const double Ln10 = 2.30258509299404568402;
}
