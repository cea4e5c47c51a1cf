using EventService.Engine.Random;

namespace EventService.Engine.Tests.Random;

public sealed class PhiloxTests
{
    // The philox4x32 10 lines of tests/kat_vectors in Random123 1.14 (D. E. Shaw Research): counter, key, result.
    [Theory]
    [InlineData("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8")]
    [InlineData("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd")]
    [InlineData("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1")]
    public void Block_KnownAnswers_AreThoseOfRandom123(string counter, string key, string expected)
    {
        uint[] c = Words(counter), k = Words(key), r = Words(expected);

        Assert.Equal((r[0], r[1], r[2], r[3]), Philox.Block(k[0], k[1], c[0], c[1], c[2], c[3]));
    }

    [Fact]
    public void Stream_Words_AreTheBlocksInOrder()
    {
        const ulong key = 0x1122334455667788, number = 0x99AABBCCDDEEFF00;
        var stream = new PhiloxStream(key, number, 3);
        for (var block = 0u; block < 5; block++)
        {
            var (r0, r1, r2, r3) = Philox.Block(0x55667788, 0x11223344, block, 3, 0xDDEEFF00, 0x99AABBCC);
            Assert.Equal(r0, stream.NextUInt32());
            Assert.Equal(r1, stream.NextUInt32());
            Assert.Equal(((ulong)r3 << 32) | r2, stream.NextUInt64());
        }

        Assert.Equal(20ul, stream.Drawn);
    }

    [Fact]
    public void ToFloat_OfExtremes_StaysInsideTheOpenIntervalAndIsExact()
    {
        Assert.Equal(5.9604645e-8f, Philox.ToFloat(0));
        Assert.Equal(1 - 5.9604645e-8f, Philox.ToFloat(uint.MaxValue));
        for (var word = 0u; word < uint.MaxValue - 99991; word += 99991)
        {
            Assert.Equal(((word >> 9) + 0.5) / 8388608, Philox.ToFloat(word));
            Assert.Equal(1f, Philox.ToFloat(word) + Philox.ToFloat(~word));
        }
    }

    [Fact]
    public void ToDouble_OfExtremes_StaysInsideTheOpenInterval()
    {
        Assert.Equal(Math.ScaleB(1, -53), Philox.ToDouble(0));
        Assert.Equal(1 - Math.ScaleB(1, -53), Philox.ToDouble(ulong.MaxValue));
    }

    [Fact]
    public void ToUnitFloat_OfExtremes_StaysInsideTheOpenInterval()
    {
        // The double of all ones is 1 - 2^-53: the nearest float is 1, the nearest below it 1 - 2^-24.
        Assert.Equal(1f, (float)Philox.ToDouble(ulong.MaxValue));
        Assert.Equal(1 - Math.ScaleB(1, -24), Philox.ToUnitFloat(ulong.MaxValue));
        Assert.Equal(Math.ScaleB(1, -53), Philox.ToUnitFloat(0));

        // 1 - 2^-25 + 2^-53 is the first double that rounds to 1, 1 - 2^-25 - 2^-53 the last that does not.
        const ulong half = ulong.MaxValue << (64 - 25);
        Assert.Equal(1f, (float)Philox.ToDouble(half));
        Assert.NotEqual(1f, (float)Philox.ToDouble(half - 1));
        Assert.Equal(1 - Math.ScaleB(1, -24), Philox.ToUnitFloat(half));
        Assert.Equal(1 - Math.ScaleB(1, -24), Philox.ToUnitFloat(half - 1));
    }

    [Fact]
    public void NextUnitFloat_ManyDraws_AreTheDoublesRounded()
    {
        PhiloxStream floats = new(4, 9), doubles = new(4, 9);
        for (var i = 0; i < 10_000; i++)
        {
            Assert.Equal((float)doubles.NextDouble(), floats.NextUnitFloat());
        }

        Assert.Equal(doubles.Drawn, floats.Drawn);
    }

    [Fact]
    public void NextFloat_ManyDraws_HaveTheMomentsOfTheUniform()
    {
        const int n = 1 << 20;
        double sum = 0, squares = 0, products = 0, previous = 0.5;
        var stream = new PhiloxStream(1, 2);
        for (var i = 0; i < n; i++)
        {
            var u = stream.NextFloat() - 0.5;
            sum += u;
            squares += u * u;
            products += u * previous;
            previous = u;
        }

        // Five standard deviations: of the mean sqrt(1/12 n), of the square sqrt(1/180 n), of the product 1/12 sqrt(1/n).
        Assert.Equal(0, sum / n, 5 * Math.Sqrt(1.0 / 12 / n));
        Assert.Equal(1.0 / 12, squares / n, 5 * Math.Sqrt(1.0 / 180 / n));
        Assert.Equal(0, products / n, 5.0 / 12 / Math.Sqrt(n));
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(3u)]
    [InlineData(10u)]
    [InlineData(0xC0000000u)]
    public void NextBelow_ManyDraws_FillThirdsOfTheRangeEvenly(uint bound)
    {
        // With 0xC0000000, word % bound would give the lowest third twice as often as the others.
        const int n = 300_000;
        var counts = new int[bound == 1 ? 1 : bound == 10 ? 10 : 3];
        var stream = new PhiloxStream(3, bound);
        for (var i = 0; i < n; i++)
        {
            var drawn = stream.NextBelow(bound);
            Assert.True(drawn < bound);
            counts[(int)((ulong)drawn * (ulong)counts.Length / bound)]++;
        }

        var expected = (double)n / counts.Length;
        var chiSquared = counts.Sum(c => (c - expected) * (c - expected) / expected);
        Assert.True(chiSquared < 30, $"chi squared {chiSquared:F1} of {counts.Length - 1} degrees of freedom");
    }

    [Fact]
    public void NextBelow_Zero_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => new PhiloxStream(0, 0).NextBelow(0));

    private static uint[] Words(string text) => [.. text.Split(' ').Select(w => Convert.ToUInt32(w, 16))];
}
