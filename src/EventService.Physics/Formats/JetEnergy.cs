using EventService.Numerics.Functions;
using EventService.Physics.Kinematics;

namespace EventService.Physics.Formats;

/// <summary>
/// The energy of a jet as text that holds its mass too: as many digits, at most <see cref="Digits"/>, as it takes for both to read back.
/// </summary>
/// <remarks>
/// The rounding of a float32 energy changes m^2 by up to 6e-8 E^2. The text has the decimal of E = sqrt(p^2 + m^2) in double precision
/// instead, p = pT cosh eta from the float32 columns. With all digits m^2 comes back to 1e-12 E^2.
/// </remarks>
internal static class JetEnergy
{
    public const int Digits = 13;

    private const double MevPerGev = 1000;
    private const double Smallest = 1, Largest = 1e12; // MeV: the point stands among the digits

    // Formats for fractions, by their number of digits.
    private static readonly string[] ZeroPadded = [.. Enumerable.Range(0, Digits).Select(n => $"D{n}")];

    private static ReadOnlySpan<double> InversePowersOfTen =>
        [1e0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12];

    /// <summary>
    /// Writes the energy in MeV and returns the length. A reader that parses the text as a double, divides it by 1000 and rounds to
    /// float32 gets the bits of <paramref name="energy"/>; one that computes the mass from the double and the float32 pT and eta
    /// gets those of <paramref name="mass"/>, if E does not exceed 200 m. Where the energy is not that of the mass, it is the
    /// shortest decimal of the energy alone.
    /// </summary>
    /// <param name="energy">A finite number [GeV].</param>
    /// <param name="pt">Transverse momentum [GeV].</param>
    /// <param name="eta">Pseudorapidity.</param>
    /// <param name="mass">Mass [GeV].</param>
    /// <param name="text">At least <see cref="ShortestFloat.MaximumLength"/> bytes.</param>
    public static int Write(float energy, float pt, float eta, float mass, Span<byte> text)
    {
        var p = pt * Cosh.Of((double)eta);
        var exact = Math.Sqrt((p * p) + ((double)mass * mass));
        var mev = exact * MevPerGev;
        if (!((float)exact == energy && mass >= 0 && mev >= Smallest && mev < Largest))
        {
            return ShortestFloat.Write(energy, 3, text);
        }

        // mev = units / 10^decimals, units of 13 digits.
        var decimals = Digits - 1;
        while (mev >= DecimalNumber.PowersOfTen[Digits - decimals])
        {
            decimals--;
        }

        var power = DecimalNumber.PowersOfTen[decimals];
        var units = mev * power;

        // Energies between E - dE and E + dE have this mass; dE = m dm / E, with dm half the distance to the mass below. A multiple of the
        // greatest 10^k up to 2 dE is among them, and perhaps one of 10^(k + 1). At the ends of the interval, or of that of the float32
        // energy, rounding decides: there the text is tried.
        var width = ((double)mass - MathF.BitDecrement(mass)) * mass / exact;
        var sameEnergy = (float)(exact - width) == energy && (float)(exact + width) == energy;
        width *= MevPerGev * power;
        for (var k = Math.Min(FloorLog10(width) + 1, decimals); k >= 0; k--)
        {
            var digits = Math.Round(units * InversePowersOfTen[k]);
            var multiple = digits * DecimalNumber.PowersOfTen[k];
            var distance = Math.Abs(multiple - units);
            if (distance <= 0.51 * width && ((sameEnergy && distance <= 0.49 * width) || ReadsBack(multiple / power, energy, mass, p)))
            {
                return Put((ulong)digits, decimals - k, text);
            }
        }

        // 13 digits do not hold the mass to the bit: the nearest decimal, or its neighbour if that one belongs to another float32 energy.
        var nearest = Math.Round(units);
        var read = (float)(nearest / power / MevPerGev);
        nearest += read == energy ? 0 : read > energy ? -1 : 1;
        return (float)(nearest / power / MevPerGev) == energy ? Put((ulong)nearest, decimals, text) : ShortestFloat.Write(energy, 3, text);
    }

    private static bool ReadsBack(double mev, float energy, float mass, double p)
    {
        var read = mev / MevPerGev;
        return (float)read == energy && (float)JetMass.OfMomentum(read, p) == mass;
    }

    /// <summary>floor(log10 x) for x from 1 to 10^12, 0 below.</summary>
    private static int FloorLog10(double x)
    {
        if (!(x >= 1))
        {
            return 0;
        }

        // 1233 / 4096 is log10(2); the guess from the exponent is right or one too low.
        var guess = (Math.ILogB(x) * 1233) >> 12;
        return x >= DecimalNumber.PowersOfTen[guess + 1] ? guess + 1 : guess;
    }

    /// <summary>
    /// digits / 10^decimals, without zeros behind the point. The number is at least 1; some bytes behind it are overwritten.
    /// </summary>
    private static int Put(ulong digits, int decimals, Span<byte> text)
    {
        text = text[..ShortestFloat.MaximumLength];
        var (whole, fraction) = Math.DivRem(digits, (ulong)DecimalNumber.PowersOfTen[decimals]);
        int point, length;
        if (whole < 100_000_000 && decimals <= 8)
        {
            point = ShortestFloat.CountDigits((uint)whole);
            ShortestFloat.WriteDigits((uint)whole, point, text);
            ShortestFloat.WriteDigits((uint)(fraction * (ulong)DecimalNumber.PowersOfTen[8 - decimals]), 8, text[(point + 1)..]);
            length = point + decimals;
        }
        else
        {
            whole.TryFormat(text, out point);
            fraction.TryFormat(text[(point + 1)..], out length, ZeroPadded[decimals]);
            length += point;
        }

        text[point] = (byte)'.';
        while (text[length] == (byte)'0')
        {
            length--;
        }

        return length == point ? point : length + 1;
    }
}
