using System.Numerics;
using System.Runtime.CompilerServices;

namespace EventService.Physics.Formats;

/// <summary>
/// The shortest decimal that reads back as a given float32, and of those the nearest: R. Giulietti, "The Schubfach way to
/// render doubles" (2020), figures 4 and 6, with the 32-bit constants of A. Bolz's Drachennest.
/// </summary>
internal static class ShortestFloat
{
    /// <summary>Room that <see cref="Write"/> may need.</summary>
    public const int MaximumLength = 32;

    private const int SmallestPower = -31, LargestPower = 45;

    // g[k] = 10^k in 64 bits, rounded up: 10^k <= g[k] 2^(floor(log2 10^k) - 63).
    private static readonly ulong[] Powers = [.. Enumerable.Range(SmallestPower, LargestPower - SmallestPower + 1).Select(Power)];

    /// <summary>
    /// Writes x as a decimal number with the point moved <paramref name="shift"/> places to the right (3: GeV as MeV) and returns
    /// the length. A reader that parses the text as a double, divides it by 10^shift and rounds to float32 gets the bits of x again.
    /// </summary>
    /// <param name="x">A finite number.</param>
    /// <param name="shift">0 or 3.</param>
    /// <param name="text">At least <see cref="MaximumLength"/> bytes.</param>
    public static int Write(float x, int shift, Span<byte> text)
    {
        // The sign without a branch: whether eta and phi are negative is not predictable.
        text[0] = (byte)'-';
        var at = (int)(BitConverter.SingleToUInt32Bits(x) >> 31);
        var magnitude = MathF.Abs(x);
        if (magnitude == 0)
        {
            text[at] = (byte)'0';
            return at + 1;
        }

        // Who reads rounds two or three times: to a double, by the division, to float32. A shortest decimal close to the
        // middle of two floats could go to the wrong one; such a number is written in full instead. (Among the floats from 1e-12
        // to 1e16 none is: all were tried.)
        var safe = Decompose(magnitude, out var digits, out var exponent);
        exponent += shift;
        return exponent is < -22 or > 22 || !(safe || ReadsBack(digits, exponent, shift, magnitude))
            ? at + WriteExact(magnitude, shift, text[at..])
            : at + WriteDecimal(digits, exponent, text[at..]);
    }

    /// <summary>
    /// x = digits 10^exponent, shortest and nearest, without trailing zeros. x is positive and finite. True if the decimal is
    /// further from the middle of two floats than the rounding of doubles reaches.
    /// </summary>
    internal static bool Decompose(float x, out uint digits, out int exponent)
    {
        var bits = BitConverter.SingleToUInt32Bits(x);
        var fraction = bits & 0x7F_FFFF;
        var biased = (int)(bits >> 23);
        var c = biased != 0 ? fraction | 0x80_0000 : fraction;
        var q = (biased != 0 ? biased : 1) - 150; // x = c 2^q
        bool safe;
        if (q is <= 0 and > -24 && (c & ((1u << -q) - 1)) == 0)
        {
            digits = c >> -q;
            exponent = 0;
            safe = true;
        }
        else
        {
            safe = Schubfach(c, q, lowerIsCloser: fraction == 0 && biased > 1, out digits, out exponent);
        }

        while (digits % 10 == 0)
        {
            digits /= 10;
            exponent++;
        }

        return safe;
    }

    private static bool Schubfach(uint c, int q, bool lowerIsCloser, out uint digits, out int exponent)
    {
        var even = (c & 1) == 0;
        var closer = lowerIsCloser ? 1u : 0u;
        var cbl = (4 * c) - 2 + closer;
        var cb = 4 * c;
        var cbr = (4 * c) + 2;

        var k = ((q * 1262611) - (lowerIsCloser ? 524031 : 0)) >> 22; // floor(log10 of the interval's width)
        var h = q + FloorLog2Pow10(-k) + 1;
        var g = Powers[-k - SmallestPower];
        var vbl = RoundToOdd(g, cbl << h, out var lowerBound);
        var vb = RoundToOdd(g, cb << h, out _);
        var vbr = RoundToOdd(g, cbr << h, out var upperBound);
        var lower = even ? vbl : vbl + 1;
        var upper = even ? vbr : vbr - 1;

        // Choices without branches: which way a number goes is not predictable.
        var s = vb / 4;
        var down = lower <= 4 * s;
        var up = (4 * s) + 4 <= upper;
        var nearestUp = (vb & 3) > 2 || ((vb & 3) == 2 && (s & 1) != 0);
        var candidate = s + ((down != up ? up : nearestUp) ? 1u : 0u);

        // One digit less, if exactly one of the two neighbours is inside the interval.
        var tens = s / 10;
        var tensUp = (40 * tens) + 40 <= upper;
        var shorter = (lower <= 40 * tens) != tensUp && s >= 10;
        var tensCandidate = tens + (tensUp ? 1u : 0u);
        digits = shorter ? tensCandidate : candidate;
        exponent = shorter ? k + 1 : k;
        const ulong margin = 1 << 22; // 2^-10 of a quarter unit, about 2^-42 of the number
        var quarters = (ulong)(4 * (shorter ? 10 * digits : digits)) << 32;
        return lowerBound + margin < quarters && quarters + margin < upperBound;
    }

    private static bool ReadsBack(uint digits, int exponent, int shift, float x)
    {
        var read = exponent < 0 ? digits / DecimalNumber.PowersOfTen[-exponent] : digits * DecimalNumber.PowersOfTen[exponent];
        return (float)(shift == 0 ? read : read / DecimalNumber.PowersOfTen[shift]) == x;
    }

    /// <summary>All digits of x 10^shift that a double needs: the product of 24 and 10 bits is exact, and so is its division.</summary>
    private static int WriteExact(float x, int shift, Span<byte> text)
    {
        var exact = x * DecimalNumber.PowersOfTen[shift];
        return exact.TryFormat(text, out var length, default, null) ? length : throw new InvalidOperationException($"No room for {exact}.");
    }

    /// <summary>
    /// Writes digits 10^exponent. The text has room for <see cref="MaximumLength"/> - 1 bytes; some behind the number are overwritten.
    /// </summary>
    private static int WriteDecimal(uint digits, int exponent, Span<byte> text)
    {
        text = text[..(MaximumLength - 1)];
        var count = CountDigits(digits);
        var point = count + exponent; // digits before the decimal point
        if (exponent is < 0 and >= -8 && point > -5)
        {
            // Up to nine digits with the point among them; a number below 1 gets the zeros it lacks in front.
            count = Math.Max(count, 1 - exponent);
            point = count + exponent;

            // The digits behind the point are stored a second time, one place further: no load waits for a store.
            var first = WriteDigits(digits, count, text, out var ninth);
            ref var behind = ref text[point];
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref behind, 1), first >> (8 * point));
            behind = (byte)'.';
            text[9] = ninth;
            return count + 1;
        }

        if (exponent >= 0 && point <= 16)
        {
            WriteDigits(digits, count, text);
            text.Slice(count, exponent).Fill((byte)'0');
            return point;
        }

        if (exponent < 0 && point > -5)
        {
            text[..8].Fill((byte)'0');
            text[1] = (byte)'.';
            WriteDigits(digits, count, text[(2 - point)..]);
            return 2 - exponent;
        }

        // d.ddde-nn
        WriteDigits(digits, count, text[1..]);
        text[0] = text[1];
        text[1] = (byte)'.';
        var at = count == 1 ? 1 : count + 1;
        text[at++] = (byte)'e';
        var power = point - 1;
        if (power < 0)
        {
            text[at++] = (byte)'-';
        }

        var powerDigits = CountDigits((uint)Math.Abs(power));
        WriteDigits((uint)Math.Abs(power), powerDigits, text[at..]);
        return at + powerDigits;
    }

    private static ReadOnlySpan<uint> IntegerPowersOfTen =>
        [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

    internal static int CountDigits(uint x)
    {
        // 1233 / 4096 is log10(2); the guess from the bits is right or one too low.
        var guess = (BitOperations.Log2(x | 1) + 1) * 1233 >> 12;
        return x < IntegerPowersOfTen[guess] ? Math.Max(guess, 1) : guess + 1;
    }

    /// <summary>
    /// Writes the <paramref name="count"/> digits of x, at most nine, and arbitrary bytes behind them. Returns the text of the first
    /// eight and the ninth. Without a branch: eight digits are as frequent as nine.
    /// </summary>
    private static ulong WriteDigits(uint x, int count, Span<byte> text, out byte ninth)
    {
        ref var start = ref text[..9][0];
        var tenth = x / 10;
        ninth = (byte)('0' + x - (10 * tenth));
        var eight = EightDigits(count > 8 ? tenth : x) >> (8 * (8 - Math.Min(count, 8)));
        Unsafe.WriteUnaligned(ref start, eight);
        Unsafe.Add(ref start, 8) = ninth;
        return eight;
    }

    /// <summary>
    /// Writes the <paramref name="count"/> digits of x, at most nine, and arbitrary bytes behind them: nine in all.
    /// </summary>
    internal static void WriteDigits(uint x, int count, Span<byte> text) => WriteDigits(x, count, text, out _);

    /// <summary>
    /// The eight digits of x below 10^8 as text, the first in the lowest byte: halves, then quarters, then digits side by side.
    /// </summary>
    private static ulong EightDigits(uint x)
    {
        var high = x / 10_000;
        var fours = high | ((ulong)(x - (10_000 * high)) << 32);
        var hundreds = ((fours * 10_486) >> 20) & 0x7F_0000_007F; // 10486 / 2^20 is 1/100 for four digits
        var twos = hundreds | ((fours - (100 * hundreds)) << 16);
        var tens = ((twos * 103) >> 10) & 0x000F_000F_000F_000F; // 103 / 2^10 is 1/10 for two digits
        return 0x3030_3030_3030_3030 + (tens | ((twos - (10 * tens)) << 8));
    }

    /// <summary>floor(log2(10^e)) for |e| below 1233.</summary>
    private static int FloorLog2Pow10(int e) => (e * 1741647) >> 19;

    /// <summary>The product in quarter units of the last digit, rounded to odd; and with 32 more bits, cut off.</summary>
    private static uint RoundToOdd(ulong g, uint cp, out ulong fixedPoint)
    {
        var high = Math.BigMul(g, cp, out var low);
        fixedPoint = (high << 32) | (low >> 32);
        return (uint)high | ((low >> 32) > 1 ? 1u : 0u);
    }

    private static ulong Power(int k)
    {
        var binary = FloorLog2Pow10(k) - 63; // 10^k / 2^binary in [2^63, 2^64)
        var numerator = (k > 0 ? BigInteger.Pow(10, k) : BigInteger.One) << Math.Max(-binary, 0);
        var denominator = (k < 0 ? BigInteger.Pow(10, -k) : BigInteger.One) << Math.Max(binary, 0);
        return (ulong)((numerator + denominator - 1) / denominator);
    }
}
