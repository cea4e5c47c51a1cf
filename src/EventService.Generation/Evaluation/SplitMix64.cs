namespace EventService.Generation.Evaluation;

/// <summary>
/// Stream of random numbers for resampling and for planted distortions: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), seeded explicitly.
/// </summary>
internal struct SplitMix64(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>Uniform in [0, 1), 53 bits.</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in 0 .. count - 1, by the high half of a product: the bias is below 2^-32 for 32-bit counts.</summary>
    public int NextIndex(int count) => (int)Math.BigMul(Next(), (ulong)count, out _);

    /// <summary>Standard normal (Box and Muller 1958; the second value is dropped).</summary>
    public double NextNormal() => Math.Sqrt(-2 * Math.Log(1 - NextDouble())) * Math.Cos(2 * Math.PI * NextDouble());

    /// <summary>A random order of 0 .. count - 1 (Fisher and Yates); only its first <paramref name="length"/> entries are random and returned.</summary>
    public int[] Permutation(int count, int length)
    {
        var order = new int[count];
        for (var k = 0; k < count; k++)
        {
            order[k] = k;
        }

        for (var k = 0; k < Math.Min(length, count - 1); k++)
        {
            var other = k + NextIndex(count - k);
            (order[k], order[other]) = (order[other], order[k]);
        }

        return order[..length];
    }
}
