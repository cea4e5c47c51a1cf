using EventService.Numerics.Functions;

namespace EventService.Physics.Kinematics;

/// <summary>Mass of a jet [GeV] from numbers that were rounded: m = sqrt(E^2 - p^2) with p = pT cosh eta.</summary>
public static class JetMass
{
    /// <summary>
    /// Relative error of E^2 - p^2 allowed to rounding of six printed digits: 2 (5e-6 + 5e-6 + 5e-6 tanh eta eta) and a margin.
    /// </summary>
    private const double RoundingTolerance = 5e-5;

    /// <summary>
    /// Two units of a float32, relative: half a unit each for rounding to it and for its shortest decimal, and as
    /// much for arithmetic in float32.
    /// </summary>
    private const double FloatTolerance = 2.0 / (1 << 23);

    /// <summary>The mass; zero where E^2 - p^2 is negative by no more than rounding; NaN where E is below p by more.</summary>
    public static double Of(double energy, double pt, double eta) => OfMomentum(energy, pt * Cosh.Of(eta));

    /// <summary>The same as <see cref="Of"/>, from the magnitude of the momentum.</summary>
    public static double OfMomentum(double energy, double p)
    {
        var square = (energy - p) * (energy + p);
        return square >= 0 ? Math.Sqrt(square) : square >= -RoundingTolerance * energy * energy ? 0 : double.NaN;
    }

    /// <summary>
    /// True if E^2 = p^2 + m^2 with E, pT, eta and m of float32 precision: |d(E^2)| / 2 E^2 is at most one tolerance for E, one for pT and
    /// m together, and |eta| of them for eta. Also true for the mass that the energy gives by <see cref="Of"/>.
    /// </summary>
    public static bool Agrees(double mass, double energy, double pt, double eta)
    {
        double p = pt * Cosh.Of(eta) / energy, m = mass / energy;
        return Math.Abs((p * p) + (m * m) - 1) <= 2 * FloatTolerance * (2 + Math.Abs(eta)) || mass == Of(energy, pt, eta);
    }
}
