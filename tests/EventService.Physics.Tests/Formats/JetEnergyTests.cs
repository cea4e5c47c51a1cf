using System.Globalization;
using System.Text;

using EventService.Physics.Formats;

namespace EventService.Physics.Tests.Formats;

/// <summary>Energies at eta = 0 are square roots of 30 digits from Python's decimal.</summary>
public class JetEnergyTests
{
    private readonly byte[] _text = new byte[ShortestFloat.MaximumLength];

    [Theory]
    [InlineData(30, 40, "50000")]
    [InlineData(20, 0.5, "20006.249024")]           // 20006.249023742556624...: the mass 0.5 - 2^-25 begins 3.7e-7 below
    [InlineData(60.25, 7.5, "60715.0105")]          // 60715.010499875564...: +- 2.9e-5
    [InlineData(512, 0.0625, "512000.0038147")]     // 512000.003814697251...: 13 digits, E = 8192 m
    [InlineData(0.015625, 0.0078125, "17.469281")]  // 17.469281074217108...: -1.0e-7
    public void Write_EnergyOfTheMass_HasTheDigitsThatTheMassNeeds(float pt, float mass, string expected)
    {
        var energy = (float)Math.Sqrt(((double)pt * pt) + ((double)mass * mass));
        Assert.Equal(expected, Text(energy, pt, 0, mass));
    }

    [Theory]
    [InlineData(60, 30, 40, "60000")]                   // not the energy of the mass
    [InlineData(50.000004f, 30, 40, "50000.004")]       // by a unit of float32
    [InlineData(50, 30, -40, "50000")]
    [InlineData(50.1f, 30, float.NaN, "50100")]
    [InlineData(50.1f, float.NaN, 40, "50100")]
    [InlineData(1e-4f, 1e-4f, 0, "0.1")]                // 0.1 MeV
    [InlineData(2e10f, 2e10f, 0, "20000000000000")]     // 2e13 MeV
    public void Write_EnergyThatIsNotOfTheMassOrOutOfRange_IsTheShortestDecimal(float energy, float pt, float mass, string expected) =>
        Assert.Equal(expected, Text(energy, pt, 0, mass));

    [Fact]
    public void Write_RandomJets_EnergyAndMassReadBackFromTheFewestDigits()
    {
        var random = new SplitMix64(5);
        for (var i = 0; i < 20_000; i++)
        {
            var pt = (float)(20 * Math.Exp(4 * random.Uniform()));
            var eta = (float)(5.6 * (random.Uniform() - 0.5));
            var mass = (float)(pt * Math.Exp(-9 * random.Uniform()));
            var p = pt * Math.Cosh(eta);
            var energy = (float)Math.Sqrt((p * p) + ((double)mass * mass));

            var text = Text(energy, pt, eta, mass);

            var digits = text.Count(char.IsAsciiDigit);
            var read = double.Parse(text, CultureInfo.InvariantCulture) / 1000;
            Assert.InRange(digits, 1, JetEnergy.Digits);
            Assert.Equal(BitConverter.SingleToUInt32Bits(energy), BitConverter.SingleToUInt32Bits((float)read));
            var square = (read - p) * (read + p);
            Assert.True(
                Math.Abs(square - ((double)mass * mass)) <= (1.01e-12 * energy * energy) + (1.2e-7 * mass * mass),
                $"{text}: {mass:R} became {Math.Sqrt(square):R}");
            if (energy <= 200 * mass)
            {
                // The formula's cosh and the runtime's differ in the last bit.
                var half = (double)(mass - MathF.BitDecrement(mass)) / 2;
                Assert.InRange(Math.Sqrt(square), mass - (1.001 * half), MathF.BitIncrement(mass) - (0.999 * half));
                AssertNoShorter(text, energy, p, mass);
            }
        }
    }

    /// <summary>The decimal nearest to the exact energy with a digit less does not hold both numbers.</summary>
    private static void AssertNoShorter(string text, float energy, double p, float mass)
    {
        var exact = (decimal)(1000 * Math.Sqrt((p * p) + ((double)mass * mass)));
        var decimals = text.Length - 1 - text.IndexOf('.', StringComparison.Ordinal);
        if (!text.Contains('.', StringComparison.Ordinal))
        {
            return;
        }

        var shorter = (double)Math.Round(exact, decimals - 1) / 1000;
        var square = (shorter - p) * (shorter + p);
        var half = (double)(mass - MathF.BitDecrement(mass)) / 2;
        Assert.False(
            (float)shorter == energy && Math.Abs(Math.Sqrt(square) - mass) < 0.97 * half,
            $"{text} for E {energy:R}, mass {mass:R} could be {shorter * 1000:R}");
    }

    private string Text(float energy, float pt, float eta, float mass) =>
        Encoding.ASCII.GetString(_text, 0, JetEnergy.Write(energy, pt, eta, mass, _text));
}
