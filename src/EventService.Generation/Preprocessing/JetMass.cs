using EventService.Numerics.Functions;

namespace EventService.Generation.Preprocessing;

/// <summary>Mass of a jet from its printed energy, pT and pseudorapidity: m = sqrt(E^2 - (pT cosh eta)^2) [GeV].</summary>
public static class JetMass
{
    /// <summary>Relative error of E^2 - p^2 allowed to rounding of six printed digits: 2 (5e-6 + 5e-6 + 5e-6 tanh eta eta) and a margin.</summary>
    private const double RoundingTolerance = 5e-5;

    /// <summary>The mass; zero where E^2 - p^2 is negative by no more than rounding; NaN where E is below p by more.</summary>
    public static double Of(double energy, double pt, double eta)
    {
        var p = pt * Cosh.Of(eta);
        var square = (energy - p) * (energy + p);
        return square >= 0 ? Math.Sqrt(square) : square >= -RoundingTolerance * energy * energy ? 0 : double.NaN;
    }

    /// <summary>Energy of a jet [GeV], never below its momentum.</summary>
    public static double Energy(double mass, double pt, double eta)
    {
        var p = pt * Cosh.Of(eta);
        return Math.Sqrt((p * p) + (mass * mass));
    }
}
