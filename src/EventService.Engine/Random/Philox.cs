namespace EventService.Engine.Random;

/// <summary>
/// Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3",
/// SC'11, doi:10.1145/2063384.2063405. A block is a pure function of key and counter, so that any draw of any event can be
/// computed alone.
/// </summary>
public static class Philox
{
    private const uint Multiplier0 = 0xD2511F53;
    private const uint Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9; // golden ratio
    private const uint Weyl1 = 0xBB67AE85; // sqrt(3) - 1

    /// <summary>Four random words from the key (k0, k1) and the counter (c0, c1, c2, c3).</summary>
    public static (uint R0, uint R1, uint R2, uint R3) Block(uint k0, uint k1, uint c0, uint c1, uint c2, uint c3)
    {
        for (var round = 0; round < 10; round++)
        {
            var p0 = (ulong)Multiplier0 * c0;
            var p1 = (ulong)Multiplier1 * c2;
            (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
            k0 += Weyl0;
            k1 += Weyl1;
        }

        return (c0, c1, c2, c3);
    }

    /// <summary>
    /// (k + 1/2) 2^-23 from the upper 23 bits k of a word: from 2^-24 to 1 - 2^-24, symmetric about 1/2, every value exact.
    /// With one bit more the upper half would be rounded, and the largest value to 1.
    /// </summary>
    public static float ToFloat(uint word) => ((word >> 9) + 0.5f) * 1.1920929e-7f;

    /// <summary>(k + 1/2) 2^-52 from the upper 52 bits k of two words: from 2^-53 to 1 - 2^-53, every value exact.</summary>
    public static double ToDouble(ulong words) => ((words >> 12) + 0.5) * 2.2204460492503131e-16;

    /// <summary>
    /// <see cref="ToDouble"/> rounded to the nearest float below 1: from 2^-53, dense towards 0, to 1 - 2^-24. Rounding alone
    /// gives 1 once in 2^25 draws.
    /// </summary>
    public static float ToUnitFloat(ulong words) => Math.Min((float)ToDouble(words), 1 - 5.9604645e-8f);
}
