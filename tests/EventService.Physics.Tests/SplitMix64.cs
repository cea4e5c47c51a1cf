namespace EventService.Physics.Tests;

/// <summary>S. Vigna's splitmix64: a small deterministic stream for test data.</summary>
internal sealed class SplitMix64(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    public int Below(int bound) => (int)(Next() % (ulong)bound);

    /// <summary>Uniform in [0, 1).</summary>
    public double Uniform() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Any finite float32, every exponent as likely as any other.</summary>
    public float AnyFloat()
    {
        float x;
        do
        {
            x = BitConverter.UInt32BitsToSingle((uint)Next());
        }
        while (!float.IsFinite(x));

        return x;
    }
}
