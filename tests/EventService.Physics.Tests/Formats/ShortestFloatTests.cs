using System.Globalization;
using System.Text;

using EventService.Physics.Formats;

namespace EventService.Physics.Tests.Formats;

public class ShortestFloatTests
{
    private readonly byte[] _text = new byte[ShortestFloat.MaximumLength];

    [Theory]
    [InlineData(0f, "0", "0")]
    [InlineData(-0f, "-0", "-0")]
    [InlineData(1f, "1", "1000")]
    [InlineData(-1f, "-1", "-1000")]
    [InlineData(0.3f, "0.3", "300")]
    [InlineData(40.1674f, "40.1674", "40167.4")]
    [InlineData(38.720123f, "38.720123", "38720.123")]
    [InlineData(3.1415927f, "3.1415927", "3141.5927")]
    [InlineData(0.00012345f, "0.00012345", "0.12345")]
    [InlineData(1.2e-7f, "1.2e-7", "0.00012")]
    [InlineData(1e-9f, "1e-9", "1e-6")]
    [InlineData(16777216f, "16777216", "16777216000")]
    [InlineData(1e12f, "1000000000000", "1000000000000000")]
    [InlineData(1e18f, "1e18", "1e21")]
    public void Write_KnownNumber_IsItsShortestDecimal(float x, string plain, string thousandfold)
    {
        Assert.Equal(plain, Text(x, 0));
        Assert.Equal(thousandfold, Text(x, 3));
    }

    [Fact]
    public void Write_SpecialMagnitudes_ReadBack()
    {
        float[] values =
        [
            float.Epsilon, float.MaxValue, 1.17549435e-38f, 8388608f, 8388607.5f, 33554434f, 9.999999e-5f, 9.5367432e-7f, 1.00001e-45f,
            1e-20f, 1e20f,
        ];
        foreach (var x in values)
        {
            AssertReadsBack(x);
        }
    }

    [Fact]
    public void Write_PowersOfTwoAndNeighbours_ReadBack()
    {
        // Below a power of two the next float is half as far as above: the interval is lopsided.
        for (var exponent = 1u; exponent < 255; exponent++)
        {
            AssertReadsBack(BitConverter.UInt32BitsToSingle(exponent << 23));
            AssertReadsBack(BitConverter.UInt32BitsToSingle((exponent << 23) + 1));
            AssertReadsBack(BitConverter.UInt32BitsToSingle((exponent << 23) - 1));
        }
    }

    [Fact]
    public void Write_RandomFloats_ReadBackAndAreAsShortAsDotNets()
    {
        var random = new SplitMix64(11);
        for (var i = 0; i < 8_000; i++)
        {
            var x = random.AnyFloat();
            AssertReadsBack(x);
            x = MathF.Abs(x);
            if (x > 0)
            {
                // .NET's round-trip format is shortest and nearest by another algorithm (Grisu, with Dragon4 behind it).
                ShortestFloat.Decompose(x, out var digits, out var exponent);
                Assert.Equal(decimalDigits(x), (digits, exponent));
            }
        }

        static (uint Digits, int Exponent) decimalDigits(float x)
        {
            var parts = x.ToString("E8", CultureInfo.InvariantCulture).Split('E');
            var shortest = x.ToString("R", CultureInfo.InvariantCulture);
            var digits = new string([.. shortest.Split('E')[0].Where(char.IsAsciiDigit)]).TrimStart('0').TrimEnd('0');
            var power = int.Parse(parts[1], CultureInfo.InvariantCulture);
            if (x.ToString("E" + (digits.Length - 1), CultureInfo.InvariantCulture) is var rounded)
            {
                power = int.Parse(rounded.Split('E')[1], CultureInfo.InvariantCulture);
            }

            return (uint.Parse(digits, CultureInfo.InvariantCulture), power - digits.Length + 1);
        }
    }

    [Fact]
    public void Write_AnyNumber_LeavesTheBytesInFrontAlone()
    {
        var text = new byte[64];
        text.AsSpan().Fill((byte)'#');
        var length = ShortestFloat.Write(-12.5f, 0, text.AsSpan(10));
        Assert.Equal("##########-12.5", Encoding.ASCII.GetString(text, 0, 10 + length));
    }

    private string Text(float x, int shift) => Encoding.ASCII.GetString(_text, 0, ShortestFloat.Write(x, shift, _text));

    private void AssertReadsBack(float x)
    {
        foreach (var sign in new[] { 1, -1 })
        {
            var plain = double.Parse(Text(sign * x, 0), CultureInfo.InvariantCulture);
            var thousandfold = double.Parse(Text(sign * x, 3), CultureInfo.InvariantCulture);
            Assert.Equal(BitConverter.SingleToUInt32Bits(sign * x), BitConverter.SingleToUInt32Bits((float)plain));
            Assert.Equal(BitConverter.SingleToUInt32Bits(sign * x), BitConverter.SingleToUInt32Bits((float)(thousandfold / 1000)));
        }
    }
}
