using System.Globalization;
using System.Text;

using EventService.Physics.Formats;

namespace EventService.Physics.Tests.Formats;

public class DecimalNumberTests
{
    [Theory]
    [InlineData("0", 1)]
    [InlineData("-0", 2)]
    [InlineData("40167.4;", 7)]
    [InlineData("+.5,", 3)]
    [InlineData("5.", 2)]
    [InlineData("1.01206e+06", 11)]
    [InlineData("1e5x", 3)]
    [InlineData("1e", 1)]
    [InlineData("1e+", 1)]
    [InlineData("1.5.5", 3)]
    [InlineData("9007199254740993", 16)] // 2^53 + 1, halfway between two doubles
    [InlineData("9007199254740993.00000000000000000001", 37)]
    [InlineData("18446744073709551617", 20)] // 2^64 + 1: more than 64 bits
    [InlineData("123456789012345678901234567890e-20", 34)]
    [InlineData("8.5e-23", 7)]
    [InlineData("1e23", 4)] // not the product of exact factors
    [InlineData("2.2250738585072011e-308", 23)] // next to the smallest normal double
    [InlineData("4.9e-324", 8)]
    [InlineData("1e-400", 6)]
    [InlineData("1e400", 5)]
    [InlineData("1e99999999999999", 16)]
    [InlineData("0.000000000000000000000000000000000000000000000001", 50)]
    public void Parse_NumberAtTheStart_IsTheNearestDouble(string text, int length)
    {
        Assert.Equal(length, DecimalNumber.Parse(Encoding.ASCII.GetBytes(text), out var value));
        // .NET's parser is correctly rounded since .NET Core 3.0.
        Assert.Equal(
            BitConverter.DoubleToInt64Bits(double.Parse(text[..length], CultureInfo.InvariantCulture)),
            BitConverter.DoubleToInt64Bits(value));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData(".")]
    [InlineData("-.e5")]
    [InlineData("nan")]
    [InlineData("inf")]
    [InlineData(" 1")]
    [InlineData("e5")]
    public void Parse_NoNumber_TakesNothing(string text) =>
        Assert.Equal(0, DecimalNumber.Parse(Encoding.ASCII.GetBytes(text), out _));

    [Fact]
    public void Parse_RandomDecimals_AreTheNearestDoubles()
    {
        var random = new SplitMix64(5);
        for (var i = 0; i < 20_000; i++)
        {
            var digits = (random.Next() >> random.Below(64)).ToString(CultureInfo.InvariantCulture);
            var point = random.Below(digits.Length + 1);
            var text = $"{digits[..point]}.{digits[point..]}" + (i % 3 == 0 ? $"e{random.Below(80) - 40}" : "");
            DecimalNumber.Parse(Encoding.ASCII.GetBytes(text), out var value);
            Assert.Equal(double.Parse(text, CultureInfo.InvariantCulture), value);
        }
    }
}
