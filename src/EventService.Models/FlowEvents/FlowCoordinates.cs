using EventService.Numerics.Functions;
using EventService.Physics.Events;

namespace EventService.Models.FlowEvents;

/// <summary>
/// The numbers by which flows know missing momentum and objects: log10 of MET [GeV] and its azimuth; log10 of energy and transverse
/// momentum [GeV], pseudorapidity, azimuth.
/// </summary>
/// <remarks>
/// The energy of a lepton or photon follows from its momentum, and a density over all four numbers would be infinite on that surface:
/// training spreads log10 of its energy by +-<see cref="MasslessSpread"/>, and an event takes the energy from the momentum.
/// </remarks>
public static class FlowCoordinates
{
    public const int OfMet = 2, OfObject = 4;

    /// <summary>Places of an object's numbers.</summary>
    public const int LogEnergy = 0, LogPt = 1, Eta = 2, Phi = 3;

    /// <summary>Largest shift of log10 of the energy of a massless object.</summary>
    public const double MasslessSpread = 0.05;

    public static void ReadMet(EventSample sample, int k, Span<double> x)
    {
        ArgumentNullException.ThrowIfNull(sample);
        (x[0], x[1]) = (Log10(sample.Met[k]), sample.MetPhi[k]);
    }

    /// <param name="sample">Events.</param>
    /// <param name="i">Object.</param>
    /// <param name="noise">From 0 to 1, for the energy of a massless object.</param>
    /// <param name="x">Receives the object's numbers.</param>
    public static void ReadObject(EventSample sample, int i, double noise, Span<double> x)
    {
        ArgumentNullException.ThrowIfNull(sample);
        var spread = DarkMachinesSchema.HasMass(sample.Type[i]) ? 0 : MasslessSpread * ((2 * noise) - 1);
        (x[LogEnergy], x[LogPt], x[Eta], x[Phi]) = (Log10(sample.Energy[i]) + spread, Log10(sample.Pt[i]), sample.Eta[i], sample.Phi[i]);
    }

    public static (double Pt, double Phi) Met(ReadOnlySpan<float> x) => (Power10(x[0]), x[1]);

    /// <summary>Adds an object to a candidate. Returns the energy that it has [GeV].</summary>
    public static double AddObject(EventCandidate candidate, ObjectType type, ReadOnlySpan<float> x)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        return candidate.Add(type, Power10(x[LogEnergy]), Power10(x[LogPt]), x[Eta], x[Phi]);
    }

    public static double Log10(double value) => Log.Of(value) / Ln10;

    public static double Power10(double value) => Exp.Of(value * Ln10);

    private const double Ln10 = 2.30258509299404568402;
}
