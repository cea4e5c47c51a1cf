using System.Globalization;

namespace EventService.Physics.Formats;

/// <summary>Decimal text to double and back, correctly rounded.</summary>
internal static class DecimalNumber
{
    // 10^0 .. 10^22 are exact in a double.
    public static ReadOnlySpan<double> PowersOfTen =>
    [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ];

    /// <summary>
    /// Reads [sign] digits [. digits] [e [sign] digits] at the start of <paramref name="text"/> as the nearest double.
    /// Returns the number of bytes it took, 0 if there is no number. Values beyond the range of a double give an infinity.
    /// </summary>
    public static int Parse(ReadOnlySpan<byte> text, out double value)
    {
        var i = 0;
        var negative = false;
        if (text.Length > 0 && text[0] is (byte)'-' or (byte)'+')
        {
            negative = text[0] == (byte)'-';
            i = 1;
        }

        // Up to 19 digits fit in 64 bits; more than that goes the long way below.
        var mantissa = 0UL;
        var start = i;
        uint digit;
        while (i < text.Length && (digit = (uint)text[i] - '0') <= 9)
        {
            mantissa = (10 * mantissa) + digit;
            i++;
        }

        var digits = i - start;
        var exponent = 0;
        if (i < text.Length && text[i] == (byte)'.')
        {
            i++;
            start = i;
            while (i < text.Length && (digit = (uint)text[i] - '0') <= 9)
            {
                mantissa = (10 * mantissa) + digit;
                i++;
            }

            exponent = start - i;
            digits += i - start;
        }

        if (digits == 0)
        {
            value = 0;
            return 0;
        }

        if (i < text.Length && (text[i] | 0x20) == 'e')
        {
            i = ParseExponent(text, i, ref exponent);
        }

        // Clinger's fast path: both factors are exact, so the one rounding is that of the result.
        if (digits <= 19 && mantissa <= 1UL << 53 && (uint)(exponent + 22) <= 44)
        {
            var exact = (double)mantissa;
            exact = exponent < 0 ? exact / PowersOfTen[-exponent] : exact * PowersOfTen[exponent];
            value = negative ? -exact : exact;
            return i;
        }

        value = double.Parse(
            text[..i],
            NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
            CultureInfo.InvariantCulture);
        return i;
    }

    /// <summary>
    /// Adds the exponent that starts with the 'e' at <paramref name="i"/>; without digits the 'e' is not part of the number.
    /// </summary>
    private static int ParseExponent(ReadOnlySpan<byte> text, int i, ref int exponent)
    {
        var k = i + 1;
        var negative = false;
        if (k < text.Length && text[k] is (byte)'-' or (byte)'+')
        {
            negative = text[k] == (byte)'-';
            k++;
        }

        var start = k;
        var power = 0;
        uint digit;
        while (k < text.Length && (digit = (uint)text[k] - '0') <= 9)
        {
            power = Math.Min((10 * power) + (int)digit, 99_999); // far outside a double, and no overflow below
            k++;
        }

        if (k == start)
        {
            return i;
        }

        exponent += negative ? -power : power;
        return k;
    }
}
